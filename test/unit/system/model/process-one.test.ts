/** Process 1 always continues to init, because its end would be the end of the board. */
import t from 'tap';
import { makeBoard, fill, type Board } from '../../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../../src/system/model/kernel.js';
import { Tree } from '../../../../src/system/model/model-tree.js';
import { again, prepared } from '../../../fixtures/boards.js';
import { run } from '../../../fixtures/model.js';

const first = (board: Board, kernel: Kernel = powerOn(board)): ReturnType<typeof run> =>
  run(board, 'start', {}, { on: kernel, pid: 1 });

t.test(
  'called with init= on an ordinary root it makes the overlay and becomes the next init',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    t.match(await first(board), {
      exit: 0,
      root: 'overlay',
      state: { rung: 'persistent' },
      kernel: { init: '/sbin/init' },
    });
  },
);

t.test('without native parts it says so, because it cannot do more', async (t) => {
  const { kernel, log } = await run(makeBoard(), 'start', {}, { pid: 1, native: false });
  t.equal(kernel.init, null);
  t.ok(
    log.some(
      (line) =>
        line === 'error: this is process 1, and cannot become init without its native parts',
    ),
    log.join('\n'),
  );
});

t.test('a start that fails in an unforeseen way still ends in init', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const kernel = powerOn(board);
  const broken = (): never => {
    throw new TypeError('a mistake of ours');
  };
  kernel.syncfs = kernel.lock = kernel.during = broken;
  const { log } = await first(board, kernel);
  t.equal(kernel.init, '/sbin/init');
  t.notOk(log.some((line) => line.startsWith('error: no init')));
});

t.test("a missing or refused init is followed by the next of the kernel's list", async (t) => {
  const board = makeBoard({
    initramfs: fill(new Tree('rootfs'), ['/init', 'mountroot']),
    commandLine: 'root=/dev/mtdblock2 init=/etc/nothing',
  });
  const missing = await run(board);
  t.equal(missing.kernel.init, '/sbin/init');
  t.ok(
    missing.log.includes('error: /etc/nothing is missing; trying the next init'),
    missing.log.join('\n'),
  );
  const refused = await run(board, 'start', {
    at: (_, call) => (call === 'execve /sbin/init' ? 'ENOEXEC' : null),
  });
  t.equal(refused.kernel.init, '/bin/sh');
  const none = await run(board, 'start', {
    at: (_, call) => (call.startsWith('execve') ? 'ENOEXEC' : null),
  });
  t.match(none, { exit: 1, kernel: { init: null } });
  t.equal(none.log.at(-1), 'error: no init could be run, so process 1 ends');
});

t.test('journal records from before /tmp was mounted are in the journal afterwards', async (t) => {
  const { kernel } = await run(again(await prepared('an initramfs')).board);
  const lines = kernel
    .readText('/tmp/mountroot/journal.ndjson')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { type: string; stage?: string });
  t.equal(lines[0]!.type, 'begin');
  t.same(
    lines.filter(({ type }) => type === 'decision').map(({ stage }) => stage),
    ['early', 'image', 'open', 'root'],
  );
  t.match(
    JSON.parse(kernel.readText('/tmp/mountroot/facts.json')),
    { handover: { ramfs: true, at: null }, problems: [] },
    'the first facts are those that could be read',
  );
});
