/** A bundle is of use only if it leads to the same decisions as the board that it is from. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { Redactor } from '../../../src/bundle/redact.js';
import { explain, type Explanation } from '../../../src/explain/explanation.js';
import type { Facts } from '../../../src/facts/facts.js';
import { parseConsole } from '../../../src/facts/console-log.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { VERBS } from '../../../src/plan/plan.js';
import { PLANNERS } from '../../../src/plan/verbs.js';
import { planStages } from '../../../src/plan/whole-plan.js';
import { diagnosis } from '../../../src/report/doctor/diagnose.js';
import { CASES } from '../../fixtures/console/cases.js';
import {
  cardFacts,
  desktopFacts,
  startedFacts,
  ubiDevice,
  ubiFacts,
} from '../../fixtures/doctor.js';
import { board, consoleFixture, NOTHING } from '../../fixtures/explained.js';
import { BOOT_CASES } from '../report/doctor/boot-cases.js';
import { KERNEL_CASES } from '../report/doctor/kernel-cases.js';
import { MACHINE_CASES } from '../report/doctor/machine-cases.js';
import { VOLUME_CASES } from '../report/doctor/volume-cases.js';
import { boardFacts, device, openedFacts, withContent, withVolume } from '../../fixtures/facts.js';

const OPTIONS = { dryRun: false, force: false };

/** Facts as they are in a file. */
const read = (facts: unknown): Facts => parseFacts(JSON.stringify(facts), 'facts.json');
/** Facts as they are in a bundle. */
const sent = (facts: Facts): Facts => read(new Redactor('salt').data(facts));

/** A board whose maker has names of his own. */
function namedFacts(): Facts {
  const facts = withVolume({
    wanted: 'Zarquon_kv7',
    found: [device({ label: 'Zarquon_kv7' })],
  });
  return {
    ...facts,
    kernel: {
      ...facts.kernel,
      commandLine:
        'root=/dev/mtdblock2 acme.key=kQ7zPw92xm mountroot.volume=Zarquon_kv7 ' +
        'mtdparts=40000000.flash:512k(bootqx),8192k(kernqx),56832k(rootqx)ro,65536k(Zarquon_kv7)',
    },
    mtd: facts.mtd.map((each) =>
      each.index === 3 ? { ...each, name: 'Zarquon_kv7' } : { ...each, name: `Qx${each.index}fw` },
    ),
    configuration: {
      ...facts.configuration,
      settings: { ...facts.configuration.settings, volume: 'Zarquon_kv7', keep: ['/etc/zqx9'] },
    },
  };
}

/** The boards of the tests of the doctor. */
const EXAMINED = [...VOLUME_CASES, ...KERNEL_CASES, ...MACHINE_CASES, ...BOOT_CASES].map(
  ([, , facts]) => read(facts),
);

const BOARDS: Record<string, Facts> = {
  'the emulated board': boardFacts(),
  'with its origin': board,
  started: startedFacts(),
  opened: openedFacts({}),
  'on UBI': ubiFacts(),
  'with two volumes of one name': ubiFacts({ found: [ubiDevice, ubiDevice] }),
  'on a card': cardFacts(),
  'a desktop': desktopFacts(),
  'without a volume': withVolume({ found: [], content: null }),
  'with an unknown content': withContent('unknown'),
  'with names of its own': namedFacts(),
};

/** What a planner decided, without names. */
const decided = (facts: Facts) =>
  VERBS.map((verb) => {
    const decision = PLANNERS[verb](facts, OPTIONS);
    const { stages } = planStages(verb, facts, OPTIONS);
    return {
      verb,
      decision: decision.decision,
      reason: 'reason' in decision ? decision.reason : null,
      stages: stages.map(({ plan }) => ({
        rung: plan.rung,
        stage: plan.stage,
        steps: plan.steps.map(({ id, severity, action: { kind } }) => [id, severity, kind]),
      })),
    };
  });

for (const [name, facts] of Object.entries(BOARDS)) {
  t.test(`a board ${name}: the same plans from its bundle`, async (t) => {
    t.strictSame(decided(sent(facts)), decided(facts));
  });
  t.test(`a board ${name}: the same findings of the doctor`, async (t) => {
    const found = (from: Facts) =>
      diagnosis(from, null).checks.map(({ id, verdict }) => ({ id, verdict }));
    t.strictSame(found(sent(facts)), found(facts));
  });
}

t.test('the same plans and findings from the bundles of many other boards', async (t) => {
  const found = (from: Facts) =>
    diagnosis(from, null).checks.map(({ id, verdict }) => [id, verdict]);
  for (const facts of EXAMINED) {
    t.strictSame(decided(sent(facts)), decided(facts));
    t.strictSame(found(sent(facts)), found(facts));
  }
});

t.test('a name that is withheld is the same name at each place', async (t) => {
  const { volume, mtd, configuration, kernel } = sent(namedFacts());
  t.match(volume.wanted, /^‹11#[0-9a-f]{6}›$/);
  t.equal(mtd[3]!.name, volume.wanted);
  t.equal(volume.found[0]!.label, volume.wanted);
  t.equal(configuration.settings.volume, volume.wanted);
  t.ok(kernel.commandLine.includes(`mountroot.volume=${volume.wanted} `));
  t.ok(kernel.commandLine.endsWith(`65536k(${volume.wanted})`));
  t.notMatch(JSON.stringify(sent(namedFacts())), /Zarquon|kQ7z|zqx9|bootqx/);
});

/** The decisions of an explanation, without names. */
const told = ({ decisions, end, advice }: Explanation) => ({
  decisions: decisions.map(({ id, verdict, cause, evidence, certain }) => ({
    ...{ id, verdict, cause, evidence, certain },
  })),
  end: end.kind,
  advice: advice !== null,
});

t.test("each console's log is explained alike", async (t) => {
  for (const { name } of CASES) {
    const log = parseConsole(readFileSync(consoleFixture(`${name}.txt`), 'utf8')).at(-1)!;
    const before = explain({ ...NOTHING, log });
    const after = explain({ ...NOTHING, log: new Redactor('salt').data(log) });
    t.strictSame(told(after), told(before), name);
  }
});

t.test('a board that is up is explained alike', async (t) => {
  t.strictSame(
    told(explain({ ...NOTHING, facts: sent(board) })),
    told(explain({ ...NOTHING, facts: board })),
  );
});
