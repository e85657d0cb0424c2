import t from 'tap';
import { bootOf } from '../../../src/report/journal/boot-runs.js';
import { summarise } from '../../../src/report/journal/journal-report.js';
import { renderBoot, renderBoots } from '../../../src/report/journal/journal-text.js';
import { lastStart } from '../../../src/report/journal/last-start.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import type { ScriptResult } from '../../../src/execute/journal.js';
import { scriptWords } from '../../../src/text/script-words.js';
import { status } from '../../../src/report/status/root-status.js';

const flat = (text: string): string => text.replace(/\s+/g, ' ');
const journal = (script: ScriptResult): string =>
  [
    {
      type: 'begin',
      schema: 'mountroot.journal/2',
      verb: 'start',
      version: '0.1.0',
      node: 'v24.0.0',
      at: 2300,
      started: 2300,
    },
    {
      type: 'decision',
      decision: 'go',
      stage: 'root',
      rung: 'persistent',
      summary: 'an overlay root',
      steps: 1,
      notes: [],
      at: 2301,
    },
    { type: 'script', ...script, at: 4000 },
    {
      type: 'end',
      ok: true,
      exit: 0,
      rung: 'persistent',
      reason: null,
      warnings: [],
      at: 2363,
      ms: 63,
    },
  ]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');

t.test(
  'a short text names the maker of the root, and why the script did not make it',
  async (t) => {
    t.equal(
      scriptWords({ result: 'made', why: null, differences: [] }),
      'by the script, and verified',
    );
    t.equal(
      scriptWords({ result: 'made', why: null, differences: ['/tmp is shared', 'b', 'c'] }),
      'by the script, and not as start would have made it: /tmp is shared; and 2 more',
    );
    t.equal(
      scriptWords({ result: 'refused', why: 'an order to reset waits' }),
      'by the agent, because the script that went first refused: an order to reset waits',
    );
    t.equal(
      scriptWords({ result: 'failed', why: 'step data' }),
      'by the agent, because the script that went first failed: step data',
    );
    t.equal(
      scriptWords({ result: 'cut off', why: null }),
      'by the agent, because the script that went first was cut off',
    );
  },
);

t.test('journal, status and explain say so, for this boot and earlier ones', async (t) => {
  const script: ScriptResult = { result: 'refused', why: 'an order to reset waits' };
  const boot = bootOf({ number: 3, id: 'abcdefgh', current: false, file: 'x' }, journal(script));
  t.same(boot.damage, []);
  t.match(
    flat(renderBoot(boot)),
    /the root was made by the agent, because the script that went first refused: an order to reset waits/,
  );
  t.match(
    flat(renderBoots({ boots: [summarise(boot)], problems: [] })),
    /the root was made by the agent/,
  );
  const now = status({
    mounts: [],
    journal: lastStart(journal(script)),
    rung: null,
    space: () => null,
  });
  t.same(now.start?.script, script);
  const explanation = {
    schema: 'mountroot.explain/1',
    of: 'this boot',
    kernel: null,
    model: null,
    commandLine: '',
    decisions: [],
    end: { kind: 'unknown', because: 'x' },
    contradictions: [],
    unknown: [],
    advice: null,
    ours: now,
  } as const;
  t.match(
    flat(renderExplanation(explanation as unknown as Parameters<typeof renderExplanation>[0])),
    /made the root by the agent, because the script that went first refused/,
  );
});

t.test('a boot without a script does not mention one', async (t) => {
  const text = journal({ result: 'made', why: null })
    .split('\n')
    .filter((line) => !line.includes('"script"'))
    .join('\n');
  t.notMatch(renderBoot(bootOf({ number: 1, id: 'a', current: false, file: 'x' }, text)), /script/);
  t.equal(
    'script' in
      status({ mounts: [], journal: lastStart(text), rung: null, space: () => null }).start!,
    false,
  );
});

t.test('a root that switch-root made has a start too', async (t) => {
  const text = journal({ result: 'made', why: null }).replace(
    '"verb":"start"',
    '"verb":"switch-root"',
  );
  t.match(text, /switch-root/);
  t.not(
    status({ mounts: [], journal: lastStart(text), rung: null, space: () => null }).start,
    null,
  );
});
