/**
 * Whatever facts, journals, states and console logs hold, a report in text hides nothing, controls
 * no terminal, and no text of others becomes a line of its own.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { noticeOf } from '../../../src/execute/state.js';
import { explain } from '../../../src/explain/explanation.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import type { Facts } from '../../../src/facts/facts.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { VERBS } from '../../../src/plan/plan.js';
import { renderText } from '../../../src/plan/render-text.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { diagnosis } from '../../../src/report/doctor/diagnose.js';
import { renderDiagnosis } from '../../../src/report/doctor/doctor-text.js';
import { summarise } from '../../../src/report/journal/journal-report.js';
import { renderBoot, renderBoots } from '../../../src/report/journal/journal-text.js';
import { renderPrometheus } from '../../../src/report/status/prometheus.js';
import { renderStatus, renderSteps } from '../../../src/report/status/status-text.js';
import { chartOf } from '../../../src/report/timeline/boot-chart.js';
import { renderTimeline } from '../../../src/report/timeline/chart-svg.js';
import { kindOf, perform } from '../../../src/steps/step.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { printableText } from '../../../src/text/printable.js';
import { NOTHING, board, consoleFixture } from '../../fixtures/explained.js';
import { openedFacts } from '../../fixtures/facts.js';
import { boardStatus, boot, journalText } from '../../fixtures/status.js';

const EVIL =
  'a\x1b[31m\x9bb\u202ec\u2066d\u200be\ufefff\ud800g\u{e0041}\r\nFORGED\n and more \x07\u2028\x00';
const HIDDEN =
  /[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800\u{e0041}]/u;

/** Replaces or lengthens the chosen ones of all texts in a value. */
function poisoned(value: unknown, picks: ReadonlySet<number>, count = { at: 0 }): unknown {
  if (typeof value === 'string') {
    const at = count.at++;
    if (!picks.has(at % 97)) return value;
    return at % 2 === 0 ? `${value}${EVIL}` : EVIL;
  }
  if (Array.isArray(value)) return value.map((each) => poisoned(each, picks, count));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, poisoned(each, picks, count)]),
  );
}

const PICKS = fc
  .uniqueArray(fc.nat(96), { minLength: 1, maxLength: 97 })
  .map((picks) => new Set(picks));

/** What the standard output gets. @param what names the report. */
function isClean(what: string, text: string): void {
  const printed = printableText(text);
  if (HIDDEN.test(printed)) throw new Error(`${what} hides something: ${JSON.stringify(printed)}`);
  if (printed.split('\n').includes('FORGED')) throw new Error(`${what} is forged: ${printed}`);
}

const everywhere = (check: (picks: ReadonlySet<number>) => void, numRuns = 60): void =>
  fc.assert(fc.property(PICKS, check), { numRuns });

/** A fact as a facts file may have it; null where its form is wrong. */
function factsWith(facts: Facts, picks: ReadonlySet<number>): Facts | null {
  try {
    return parseFacts(JSON.stringify(poisoned(facts, picks)), 'facts');
  } catch {
    return null;
  }
}

/** Facts of which only the texts that may be any text are poisoned. */
function freeTexts(picks: ReadonlySet<number>): Facts {
  const facts = openedFacts();
  const { volume, kernel, mounts, mtd } = facts;
  const all = { volume, kernel, mounts, mtd, problems: ['a problem'] };
  const bad = poisoned(all, picks) as typeof all;
  return {
    ...facts,
    ...bad,
    volume: {
      ...volume,
      wanted: bad.volume.wanted,
      found: volume.found.map((each, at) => ({ ...each, label: bad.volume.found[at]!.label })),
    },
  };
}

t.test('journals and timelines', async (t) => {
  everywhere((picks) => {
    const bad = boot(2, () =>
      journalText(2)
        .split('\n')
        .map((line) =>
          line === ''
            ? line
            : JSON.stringify({
                ...(poisoned(JSON.parse(line), picks) as object),
                type: (JSON.parse(line) as { type: string }).type,
              }),
        )
        .join('\n'),
    );
    isClean('a boot', renderBoot(bad));
    isClean('the boots', renderBoots({ boots: [summarise(bad)], problems: [EVIL] }));
    const chart = chartOf(bad, null);
    if (chart !== null) isClean('a timeline', renderTimeline(chart));
  });
  isClean('damage', renderBoot(boot(1, () => `${EVIL}\n{"type":${JSON.stringify(EVIL)},"at":1}`)));
  t.pass();
});

t.test('the status, in all its forms', async (t) => {
  const good = boardStatus({
    rung: { rung: 'volatile', reason: 'mount-failed', because: 'it cannot be mounted' },
  });
  everywhere((picks) => {
    const { rung, space, when, start, ...others } = good as unknown as Record<string, unknown>;
    const bad = {
      ...(poisoned(others, picks) as object),
      rung: { ...(rung as object), because: EVIL },
      space,
      when,
      start: poisoned(start, picks),
    } as unknown as typeof good;
    for (const [what, render] of [
      ['status', renderStatus],
      ['steps', renderSteps],
      ['metrics', renderPrometheus],
    ] as const) {
      let text;
      try {
        text = render(bad);
      } catch (error) {
        // A word that is none of a table's; parsers let none through.
        if (error instanceof TypeError || error instanceof RangeError) continue;
        throw error;
      }
      isClean(what, text);
    }
  });
  t.pass();
});

t.test('plans and diagnoses', async (t) => {
  let planned = 0;
  everywhere((picks) => {
    for (const facts of [factsWith(openedFacts(), picks), freeTexts(picks)]) {
      if (facts === null) continue;
      for (const verb of VERBS) {
        const decision = planWhole(verb, facts, { dryRun: true, force: false });
        isClean('a summary', `${decision.summary}`.replaceAll('\n', ' '));
        if (decision.decision !== 'go') continue;
        planned++;
        isClean(
          `plan ${verb}`,
          renderText(decision, ({ action }) => {
            if (kindOf(action).shownAs === 'one call') return [JSON.stringify(action)];
            const system = dryRun();
            perform(action, system);
            return system.calls;
          }),
        );
      }
      isClean(
        'a diagnosis',
        renderDiagnosis(diagnosis(facts, null), { verbose: true, colour: false }),
      );
    }
  });
  t.ok(planned > 0);
});

t.test('explanations and notices', async (t) => {
  const log = readFileSync(consoleFixture('no-root.txt'), 'utf8').split('\n');
  everywhere((picks) => {
    const facts = { ...board, kernel: poisoned(board.kernel, picks) as Facts['kernel'] };
    isClean('this boot', renderExplanation(explain({ ...NOTHING, facts })));
    isClean(
      'a command line',
      renderExplanation(explain({ ...NOTHING, facts, commandLine: `root=${EVIL} init=/${EVIL}` })),
    );
    const bad = log.map((line, at) => (picks.has(at % 97) ? `${line}${EVIL}` : line)).join('\n');
    for (const each of parseConsole(bad))
      isClean('a console log', renderExplanation(explain({ ...NOTHING, log: each })));
  }, 30);
  const notice = noticeOf({ rung: 'volatile', reason: 'mount-failed', because: EVIL });
  t.notMatch(notice, HIDDEN);
  t.equal(notice.split('\n').length, 2);
  t.notMatch(
    noticeOf({ rung: 'persistent', reason: null, because: null, warnings: [EVIL] }),
    HIDDEN,
  );
});
