/**
 * Faults of the agent itself, which no known input causes: gathering or planning throws. The board
 * still comes up, on a lower rung; the start is counted; and everybody is told why.
 */
import fc from 'fast-check';
import t from 'tap';
import { gather } from '../../../src/facts/gather.js';
import { PLANNERS } from '../../../src/plan/verbs.js';
import { decideWhatever, faultIn } from '../../../src/plan/fault.js';
import { cutPower, fill, type Board } from '../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../src/system/model/kernel.js';
import { again, prepared } from '../../fixtures/boards.js';
import { boardFacts, openedFacts } from '../../fixtures/facts.js';
import { run, type Ran } from '../../fixtures/model.js';

/** A value that throws wherever it is used as text. */
const POISON = {
  toString(): string {
    throw new RangeError('Maximum call stack size exceeded');
  },
} as unknown as string;

const poisoned = (board: Board, poison: (kernel: Kernel) => void): Promise<Ran> => {
  const kernel = powerOn(board);
  poison(kernel);
  return run(board, 'start', {}, { on: kernel });
};

/** The state mark of the volume breaks the gathering. */
const inGathering = (kernel: Kernel): void => {
  const readLink = kernel.readLink.bind(kernel);
  kernel.readLink = (path) => (path.endsWith('/.fs_state') ? POISON : readLink(path));
};

/** The names in quarantine break the planning of a volume with a damaged mark. */
const inPlanning = (kernel: Kernel): void => {
  const list = kernel.list.bind(kernel);
  kernel.list = (path) =>
    path.endsWith('/quarantine') ? (null as unknown as string[]) : list(path);
};

const damage = ({ flash }: Board): void =>
  void fill(flash[0]!.tree, ['/.mountroot/reset.json', '{'], ['/.mountroot/quarantine/x', 'x']);

for (const [where, poison, says] of [
  ['gathering', inGathering, /while it looked into the data volume: Maximum call stack/],
  ['planning', inPlanning, /while it planned start: /],
] as const)
  t.test(`a fault in ${where} is counted, and the board comes up without its data`, async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    damage(board);
    for (let boot = 1; boot <= 3; boot++) {
      const { exit, state, kernel, root } = await poisoned(board, poison);
      t.match(
        { exit, state, root },
        {
          exit: 3,
          root: 'overlay',
          state: { rung: 'volatile', reason: 'agent-failed', because: says },
        },
      );
      t.match(kernel.readText('/tmp/mountroot/notice'), /agent-failed/, 'a login shows it');
      const { tree } = board.flash[0]!;
      t.equal(tree.find('/.mountroot/attempts')?.content, `${boot}\n`, 'the start is counted');
      t.equal(tree.find('/upper/etc/mine')?.content, 'mine\n', 'the settings are untouched');
      t.equal(tree.find('/.mountroot/reset.json')?.content, '{', 'and the order too');
      cutPower(board, 'kept');
    }
    t.match((await run(board)).state, { rung: 'persistent' }, 'without the fault all is well');
  });

t.test('a fault before the volume is open still opens it, to count the start', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const { state, exit } = await run(board, 'start', {}, { settings: [POISON] });
  t.match(
    { state, exit },
    {
      exit: 3,
      state: { rung: 'volatile', reason: 'agent-failed', because: /while it read the settings/ },
    },
  );
  t.equal(board.flash[0]!.tree.find('/.mountroot/attempts')?.content, '1\n');
});

t.test('a fault that hides the volume is told, and not taken for a missing volume', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const { state } = await poisoned(board, (kernel) => {
    const readText = kernel.readText.bind(kernel);
    kernel.readText = (path) => (path === '/proc/mtd' ? POISON : readText(path));
  });
  t.match(state, { rung: 'volatile', reason: 'agent-failed', because: /read the partitions/ });
});

t.test('planning never throws for a start, whatever the planner does', async (t) => {
  const options = { dryRun: false, force: false };
  const broken = (): never => {
    throw new RangeError('too deep');
  };
  for (const facts of [boardFacts(), openedFacts({ attempts: 2 })]) {
    const { decision, fault } = decideWhatever('start', broken, facts, options);
    t.match(decision, { decision: 'go', rung: 'volatile', reason: 'agent-failed', last: true });
    t.match(fault, { text: 'too deep' });
  }
  const counted = decideWhatever('start', broken, openedFacts({ attempts: 2 }), options).decision;
  t.ok(counted.decision === 'go' && counted.steps.some(({ id }) => id === 'count'));
  const nothing = { ...boardFacts(), mounts: null, paths: null, kernel: null } as never;
  t.match(decideWhatever('start', PLANNERS.start, nothing, options).decision, {
    decision: 'go',
    rung: 'rom',
    steps: [],
  });
});

/** The calls whose results are used only in parts that are guarded as a whole. */
const MAY_BE_ODD: readonly string[] = ['readBytes', 'list', 'readLink', 'details', 'space'];

t.test('gathering never throws, whatever a call throws or returns', async (t) => {
  const odd = fc.constantFrom<unknown>(POISON, null, undefined, 7, [], {}, 'text', Symbol('x'));
  const { board } = again(await prepared('jffs2 on mtd'));
  const names = ['readText', 'readBytes', 'kind', 'list', 'readLink', 'details', 'space'] as const;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom(...names), fc.nat(40), odd, fc.boolean()), {
        minLength: 1,
        maxLength: 4,
      }),
      (breaks) => {
        const kernel = powerOn(board);
        for (const [name, nth, value, throws] of breaks) {
          let calls = 0;
          const real = kernel[name].bind(kernel) as (...words: unknown[]) => unknown;
          (kernel as unknown as Record<string, unknown>)[name] = (...words: unknown[]) => {
            if (calls++ !== nth) return real(...words);
            if (throws || !MAY_BE_ODD.includes(name)) throw new RangeError('too deep');
            return value;
          };
        }
        const facts = gather(kernel, { platform: 'linux', arch: 'arm', uid: 0, env: {} });
        return facts.problems.length === facts.findings.length && faultIn(facts) !== undefined;
      },
    ),
    { numRuns: 400 },
  );
  t.pass();
});

/** Deeply nested, as a list and as an object, valid and not; and long, and of many values. */
const HOSTILE_JSON = [
  `{"keep":${'['.repeat(9000)}${']'.repeat(9000)}}`,
  `{"volume":${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}}`,
  '['.repeat(60_000),
  `{"keep":[${'"/a",'.repeat(9000)}"/a"]}`,
  `{"keep":["${'x'.repeat(70_000)}"]}`,
  `{"\\u001b[2J\\u202e":1,"wait":"\\u009b\\ud800"}`,
];

t.test('hostile settings, orders and states on the volume cost no root', async (t) => {
  for (const hostile of HOSTILE_JSON)
    for (const place of ['/upper/etc/mountroot.json', '/.mountroot/reset.json']) {
      const { board } = again(await prepared('jffs2 on mtd'));
      fill(board.flash[0]!.tree, [place, hostile]);
      const { state, exit, log, kernel } = await run(board);
      t.match({ state, exit }, { exit: 0, state: { rung: 'persistent', reason: null } }, place);
      t.notMatch(log.join('\n'), /[\x1b\x9b\u202e\ud800]/);
      t.ok(log.join().length < 20_000);
      if (place.startsWith('/upper')) t.match(log.join('\n'), /mountroot\.json (has|is|sets) /);
      const done = await run(board, 'done', {}, { on: kernel });
      t.match(done, { exit: 0 });
    }
});
