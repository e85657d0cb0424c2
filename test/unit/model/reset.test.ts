/** `reset` where no root is on the data volume: before a start, and on flash that cannot be mounted. */
import t from 'tap';
import { cutPower, makeBoard } from '../../../src/system/model/board.js';
import { again, prepared, settingsOf } from '../../fixtures/boards.js';
import { run } from '../../fixtures/model.js';

t.test('before a start a reset is carried out at once, and the volume is left unmounted', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const { exit, kernel } = await run(board, 'reset', {}, { keep: ['/etc/mine'] });
  t.equal(exit, 0);
  t.notMatch(kernel.mounts.text(), /jffs2/);
  cutPower(board, 'lost');
  const next = await run(board);
  t.match(next.state, { rung: 'persistent', reason: null });
  t.same(next.kernel.list('/etc'), ['hostname', 'mine', 'passwd']);
  t.equal(next.kernel.readText('/etc/hostname'), 'board');
});

t.test('flash that cannot be mounted is marked to be erased, and the next boot erases it and uses it', async (t) => {
  const board = makeBoard({ blocks: Array(8).fill('garbage') });
  t.match((await run(board)).state, { rung: 'volatile', reason: 'unknown-content' });
  cutPower(board, 'lost');
  t.equal((await run(board, 'reset')).exit, 0);
  t.same(board.flash[0]!.blocks, ['marker', ...Array(7).fill('garbage')]);
  cutPower(board, 'lost');
  const start = await run(board);
  t.match(start.state, { rung: 'volatile', reason: 'erase-marker' });
  t.match(await run(board, 'done', {}, { on: start.kernel }), { exit: 0, state: { rung: 'persistent', reason: null } });
});

t.test('where there is nothing to reset nothing is done, and a disk is not erased', async (t) => {
  const blank = makeBoard();
  t.match(await run(blank, 'reset'), { exit: 0, log: ['info: mtd3 "rootfs_data" holds no settings: 0xFF at the start of each of the first 8 erase blocks'] });
  const none = makeBoard({ partition: 'other' });
  t.match((await run(none, 'reset')).exit, 1);
  const disk = makeBoard({ commandLine: 'mountroot.volume=/dev/vda' });
  disk.storage.push({ kind: 'block', name: 'vda', label: '', tree: null, writeProtected: false, mtd: -1, late: 0, number: '254:0' });
  const { exit, log } = await run(disk, 'reset');
  t.equal(exit, 1);
  t.match(log.join(), /only flash can be erased here/);
});

t.test('a path that cannot be kept stops a reset before anything is ordered', async (t) => {
  const prepare = again(await prepared('jffs2 on mtd'));
  const { kernel } = await run(prepare.board);
  for (const path of ['etc/mine', '/etc/../mine', '/']) {
    const before = kernel.calls.length;
    t.equal((await run(prepare.board, 'reset', {}, { on: kernel, keep: [path] })).exit, 2, path);
    t.equal(kernel.calls.length, before);
  }
  t.same(settingsOf(kernel), prepare.settings);
});
