/**
 * The agent after a script made the root, on the model kernel: the steps of a start stand for the
 * script, with the log that it leaves.
 */
import t, { type Test } from 'tap';
import { runVerb } from '../../../src/boot/verb.js';
import { takeOverFromScript } from '../../../src/boot/after-script.js';
import type { BootContext } from '../../../src/boot/context.js';
import type { JournalRecord } from '../../../src/execute/journal.js';
import { parseScriptLog } from '../../../src/facts/script-record.js';
import type { Kernel } from '../../../src/system/model/kernel.js';
import { powerOn } from '../../../src/system/model/kernel.js';
import { inode } from '../../../src/system/model/model-tree.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { run, seen } from '../../fixtures/model.js';

const BEGIN = 1_700_000_000;

interface Scene {
  kernel: Kernel;
  log: string[];
  journal: JournalRecord[];
  kept: Map<string, string>;
  context: BootContext;
}

/** A file in the model's /tmp/mountroot. */
function put(kernel: Kernel, name: string, content: string): void {
  const { files } = kernel.mounts.resolve('/tmp').mount;
  if (files.find('/mountroot') === null) files.add('/mountroot', inode('directory'));
  if (files.find(`/mountroot/${name}`) !== null) files.remove(`/mountroot/${name}`);
  files.add(`/mountroot/${name}`, inode('file', { content }));
}

/** A board in use; a script made its root in its second boot. */
async function scene({
  log = (lines: string[]): string[] => lines,
  after = (text: string): string => text,
  board = makeBoard(),
  spoil = null as ((kernel: Kernel) => void) | null,
} = {}): Promise<Scene> {
  const first = await run(board);
  await run(board, 'done', {}, { on: first.kernel });
  first.kernel.syncfs('/overlay');
  const kernel = powerOn(board);
  const before = kernel.mounts.text();
  const start = await run(board, 'start', {}, { on: kernel });
  const taken = start.journal.filter((record) => record.type === 'step');
  const lines = [
    `begin ${BEGIN}.5 2.33`,
    `looked ${BEGIN}.51`,
    ...taken.map(
      ({ id, result }, index) => `step ${BEGIN}.${520 + index} ${index + 1} ${id} ${result}`,
    ),
    `end ${BEGIN}.6 made`,
  ];
  lines.splice(
    lines.findIndex((line) => / meta /.test(line)),
    0,
    `found ${BEGIN}.52 attempts=0 state=2`,
  );
  put(kernel, 'script-after', after(kernel.mounts.text()));
  put(kernel, 'script-before', before);
  put(kernel, 'script.log', `${log(lines).join('\n')}\n`);
  for (const name of ['state.json', 'journal.ndjson', 'notice'])
    kernel.mounts.resolve('/tmp').mount.files.remove(`/mountroot/${name}`);
  spoil?.(kernel);
  const out: Scene = {
    kernel,
    log: [],
    journal: [],
    kept: new Map(),
    context: null as unknown as BootContext,
  };
  const say =
    (level: string) =>
    (text: string): void =>
      void out.log.push(`${level}: ${text}`);
  out.context = {
    verb: 'start',
    reader: kernel,
    openSystem: async () => kernel,
    process: {
      platform: 'linux',
      arch: 'arm',
      uid: 0,
      env: {},
      handing: { pid: 100, args: [], self: '/init' },
    },
    log: { error: say('error'), warn: say('warn'), info: say('info'), debug: say('debug') },
    clock: () => 9000,
    force: false,
    openJournal: () => ({
      add: (record) => void out.journal.push(record),
      facts: (name, facts) => void out.kept.set(name, JSON.stringify(facts)),
      keep: (name, content) => {
        out.kept.set(name, content);
        put(kernel, name, content);
      },
    }),
  };
  return out;
}

const differencesOf = ({ journal }: Scene): string[] =>
  journal.flatMap((record) => (record.type === 'script' ? (record.differences ?? []) : []));

t.test(
  'a root that the script made correctly is verified, and recorded with the times of the script',
  async (t) => {
    const made = await scene();
    t.same(await takeOverFromScript(made.context), { exit: 0, locked: true });
    t.same(differencesOf(made), []);
    t.match(made.journal[0], { type: 'begin', verb: 'start', at: 2330, started: 2330 });
    t.match(
      made.journal.filter((record) => record.type === 'decision').map((record) => record.stage),
      ['open', 'root'],
    );
    t.match(made.journal.at(-1), {
      type: 'end',
      ok: true,
      exit: 0,
      rung: 'persistent',
      at: 2430,
      ms: 100,
      warnings: [],
    });
    t.match(seen(made.kernel).state, { rung: 'persistent', reason: null, exit: 0 });
    const pivot = made.journal.find((record) => record.type === 'step' && record.id === 'pivot');
    t.match(pivot, { result: 'done', action: { kind: 'pivot-root', newRoot: '/mnt' } });
    t.ok(
      made.kernel.list('/overlay/.mountroot/boots').length === 2,
      'the journal of this boot is kept on the volume',
    );
    t.equal(made.kept.get('notice'), '');
  },
);

t.test('the first caller verifies it, and the other one continues after that', async (t) => {
  const made = await scene();
  await takeOverFromScript(made.context);
  const told = made.journal.length;
  t.same(await takeOverFromScript(made.context), { exit: 0, locked: true });
  t.equal(made.journal.length, told);
});

const DIFFERENT: { title: string; changes: Parameters<typeof scene>[0]; says: RegExp }[] = [
  {
    title: 'a step was left out',
    changes: { log: (lines) => lines.filter((line) => !/ writable /.test(line)) },
    says: /did not take step writable/,
  },
  {
    title: 'a step was taken that start would not have',
    changes: { log: (lines) => lines.map((line) => line.replace(' writable ', ' other ')) },
    says: /took a step other/,
  },
  {
    title: 'a step after the pivot failed',
    changes: {
      log: (lines) =>
        lines.flatMap((line) =>
          / chdir /.test(line)
            ? ["sh: can't cd to /", line.replace(/done|kept/, 'failed')]
            : [line],
        ),
    },
    says: /step chdir of the script failed \(sh: can't cd to \/\)/,
  },
  {
    title: 'the script was cut off after the pivot',
    changes: { log: (lines) => lines.slice(0, -1) },
    says: /cut off after the pivot/,
  },
  {
    title: 'the overlay has no noatime',
    changes: { after: (text) => text.replace(/^(\S+ \S+ \S+ \/ \/) rw,noatime/m, '$1 rw') },
    says: /\/ is mounted without the option noatime/,
  },
  {
    title: 'the volume is read-only',
    changes: {
      after: (text) =>
        text.replace(/- overlay overlayfs:\/overlay rw/, '- overlay overlayfs:/overlay ro'),
    },
    says: /\/ is mounted read-only/,
  },
  {
    title: 'another upper directory is in use',
    changes: {
      after: (text) => text.replace('upperdir=/overlay/upper', 'upperdir=/overlay/other'),
    },
    says: /without the option upperdir=\/overlay\/upper/,
  },
  {
    title: 'a mount stayed behind',
    changes: { after: (text) => text.replace(/ \/tmp /, ' /rom/tmp ') },
    says: /should be mounted on \/tmp, and nothing is/,
  },
  {
    title: 'something is mounted that nobody planned',
    changes: { after: (text) => `${text}99 1 0:99 / /extra rw - tmpfs tmpfs rw\n` },
    says: /tmpfs tmpfs is mounted on \/extra/,
  },
  {
    title: 'a mount is shared',
    changes: { after: (text) => text.replace(' - proc ', ' shared:1 - proc ') },
    says: /\/proc is shared, and should be private/,
  },
  {
    title: 'a mount that moved is another one',
    changes: { after: (text) => text.replace(/^\d+( \d+ \S+ \/ \/sys )/m, '98$1') },
    says: /should be mounted on \/sys/,
  },
  {
    title: 'the start was not counted',
    changes: { spoil: (kernel) => kernel.replace('/overlay/.mountroot/attempts', '7\n', 0o644) },
    says: /attempts does not hold what was written/,
  },
  {
    title: 'the mounts from before are not written down',
    changes: { spoil: (kernel) => put(kernel, 'script-before', '') },
    says: /from before the script are not written down/,
  },
  {
    title: 'what was found on the volume is not written down',
    changes: { log: (lines) => lines.filter((line) => !line.startsWith('found')) },
    says: /found on the data volume is not written down/,
  },
];

for (const { title, changes, says } of DIFFERENT)
  t.test(`if ${title}, this is reported loudly, with the cure`, async (t) => {
    const made = await scene(changes);
    const settled = await takeOverFromScript(made.context);
    t.ok(settled!.exit === 3 || settled!.exit === 1);
    t.match(differencesOf(made).join('\n'), says);
    t.match(
      made.log.join('\n'),
      /error: the root that the script made is not what start would have made: .*mountroot\.first=agent|cannot be verified/,
    );
    if (settled!.exit === 3) t.match(made.kept.get('notice'), /not what start would have made/);
  });

t.test('without native parts it is verified too, and the missing part is named', async (t) => {
  const made = await scene();
  const settled = await takeOverFromScript({
    ...made.context,
    openSystem: () => Promise.reject(new Error('no such file')),
  });
  t.same(settled, { exit: 3, locked: false });
  t.same(differencesOf(made), []);
  t.match(made.journal.at(-1), { type: 'end', rung: 'persistent', warnings: [/native parts/] });
});

t.test(
  'without a root by the script nothing is verified, and an ordinary user does not try',
  async (t: Test) => {
    const made = await scene();
    t.equal(
      await takeOverFromScript({
        ...made.context,
        process: { ...made.context.process, uid: 1000 },
      }),
      null,
    );
    put(
      made.kernel,
      'script.log',
      `begin ${BEGIN}.5 2.33\nend ${BEGIN}.6 refused an order to reset waits\n`,
    );
    t.equal(await takeOverFromScript(made.context), null);
    put(made.kernel, 'script.log', 'nonsense\n');
    t.equal(await takeOverFromScript(made.context), null);
  },
);

t.test(
  'a start after a script that refused records who went first, and why the script refused',
  async (t) => {
    const kernel = powerOn(makeBoard());
    put(
      kernel,
      'script.log',
      `begin ${BEGIN}.5 2.33\nend ${BEGIN}.6 refused an order to reset waits\n`,
    );
    const made = await scene();
    const journal: JournalRecord[] = [];
    const exit = await runVerb({
      ...made.context,
      reader: kernel,
      openSystem: async () => kernel,
      process: { ...made.context.process, env: { PREINIT: '1' } },
      openJournal: () => ({
        add: (record) => void journal.push(record),
        facts: () => {},
        keep: () => {},
      }),
    });
    t.equal(exit, 0);
    t.match(journal[1], { type: 'script', result: 'refused', why: 'an order to reset waits' });
    t.match(Math.round(journal[1]!.at), 2430);
  },
);

t.test('the log of a script is read up to its first fault', async (t) => {
  t.equal(parseScriptLog(''), null);
  t.equal(parseScriptLog('begin x y\n'), null);
  t.match(parseScriptLog('begin 100.5 2.33\n'), {
    begun: 2330,
    ended: 2330,
    result: 'cut off',
    steps: [],
    found: null,
  });
  const log =
    'begin 2.33 2.33\nlooked 2.34\nstep 2.36 1 data done\nmount: no\nstep 2.37 2 ' +
    'meta failed\nend 2.40 failed step meta, everything was taken back\n';
  const record = parseScriptLog(log)!;
  t.match(record, {
    result: 'failed',
    why: 'step meta, everything was taken back',
    said: ['mount: no'],
    steps: [
      { id: 'data', result: 'done' },
      { id: 'meta', result: 'failed' },
    ],
  });
  t.equal(Math.round(record.steps[0]!.ms), 20);
  for (let length = 0; length < log.length; length++)
    t.ok(parseScriptLog(log.slice(0, length)) !== undefined);
  t.equal(parseScriptLog('begin 2.33 2.33\nstep 2.36 1 pivot done\n')!.result, 'cut off');
});
