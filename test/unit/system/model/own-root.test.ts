/** A root that the kernel mounts for writing, on a board without a data volume. */
import t from 'tap';
import { cutPower, makeBoard, type Board } from '../../../../src/system/model/board.js';
import { Tree } from '../../../../src/system/model/model-tree.js';
import { ERRNOS } from '../../../fixtures/errnos.js';
import { run } from '../../../fixtures/model.js';

function writable(words: string, access: 'ro' | 'rw' = 'rw'): Board {
  const board = makeBoard({ partition: 'spare', commandLine: `root=/dev/vda ${words}` });
  board.image = Object.assign(new Tree('ext4'), { root: board.image.root, readonly: false });
  board.root = { device: '254:0', access };
  return board;
}

t.test('changes on a writable root survive a power cut', async (t) => {
  const board = writable('rw');
  const { kernel, state, exit } = await run(board);
  t.match(state, { rung: 'persistent', reason: null, persistent: true });
  t.equal(exit, 0);
  t.equal(
    kernel.kind('/tmp/mountroot/notice') === 'missing' ||
      kernel.readText('/tmp/mountroot/notice') === '',
    true,
  );
  kernel.replace('/etc/mine', 'mine\n', 0o600);
  const done = await run(board, 'done', {}, { on: kernel });
  t.match(done, { exit: 0, root: 'ext4', state: { rung: 'persistent' } });
  const reset = await run(board, 'reset', {}, { on: kernel });
  t.equal(reset.exit, 1);
  t.match(reset.log.join('\n'), /keeps its changes itself/);
  t.match(await run(board, 'stop', {}, { on: kernel }), { exit: 0 });
  cutPower(board, 'lost');
  const again = await run(board);
  t.equal(again.kernel.readText('/etc/mine'), 'mine\n');
  t.equal(again.root, 'ext4');
});

t.test('a root that is read-only by default is made writable', async (t) => {
  const board = writable('', 'ro');
  const { kernel, state } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.match(kernel.mounts.text(), / \/ rw,\S* - ext4 /);
  const kept = writable('ro', 'ro');
  t.match(await run(kept), { root: 'overlay', state: { rung: 'volatile', reason: 'no-volume' } });
});

t.test('no error of a remount keeps the board from coming up, or hides what it was', async (t) => {
  for (const errno of ERRNOS['remount']!)
    for (const access of ['rw', 'ro'] as const) {
      const board = writable('', access);
      const ran = await run(board, 'start', {
        at: (_, call) => (call.startsWith('remount /') ? errno : null),
      });
      const expected =
        access === 'rw'
          ? { root: 'ext4', state: { rung: 'persistent' } }
          : { root: 'overlay', state: { rung: 'volatile', reason: 'root-protected' } };
      t.match(ran, { exit: 3, ...expected }, `${errno} on a root mounted ${access}`);
    }
});

t.test('without native parts the root stays, and is called what it is', async (t) => {
  const ran = await run(writable('rw'), 'start', {}, { native: false });
  t.match(ran, { exit: 3, root: 'ext4', state: { rung: 'persistent', reason: 'no-native' } });
  t.notMatch(ran.log.join('\n'), /read-only image/);
});

t.test('`ram` makes a root in memory over it, because somebody asked', async (t) => {
  t.match(await run(writable('rw'), 'ram'), { root: 'overlay', state: { rung: 'volatile' } });
});
