/** The data behind the squashfs of a disk, as OpenWrt keeps them on SD cards and eMMC. */
import t from 'tap';
import { gzipSync } from 'node:zlib';
import { copyBoard, cutPower, makeBoard, type Board } from '../../../../src/system/model/board.js';
import { Tree } from '../../../../src/system/model/model-tree.js';
import type { Faults } from '../../../../src/system/model/kernel.js';
import { settingsOf } from '../../../fixtures/boards.js';
import { ERRNOS } from '../../../fixtures/errnos.js';
import { run, type Ran } from '../../../fixtures/model.js';

const OFFSET = 4_063_232;

interface Behind {
  fstype?: 'ext4' | 'f2fs' | null;
  raw?: Buffer;
  words?: string;
  programs?: boolean;
}

function diskBoard({ fstype = 'ext4', raw, words = '', programs = false }: Behind = {}): Board {
  const board = makeBoard({ partition: 'spare', commandLine: `root=/dev/vda ${words}` });
  board.root = { device: '254:0', access: 'ro' };
  if (programs) {
    board.image.readonly = false;
    const bin = board.image.find('/sbin/init')!;
    for (const name of ['mkfs.ext4', 'mkfs.f2fs']) board.image.add(`/sbin/${name}`, { ...bin });
    board.image.sync();
  }
  board.behind = {
    disk: 'vda',
    offset: OFFSET,
    size: 64 << 20,
    storage: {
      kind: 'block',
      name: 'loop0',
      label: '',
      tree: fstype === null ? null : new Tree(fstype),
      writeProtected: false,
      mtd: -1,
      late: 0,
      number: '7:0',
      ...(raw && { raw }),
    },
  };
  return board;
}

const MARKER = Buffer.from([0xde, 0xad, 0xc0, 0xde]);
const marked = (behind: Buffer): Buffer => Buffer.concat([MARKER, behind]);
const archive = (): Buffer => {
  const zipped = gzipSync('the settings');
  return Buffer.concat([zipped, Buffer.alloc(4096, 0x5a)]);
};

async function settled(behind: Behind = {}): Promise<{ board: Board; settings: string[] }> {
  const board = diskBoard(behind);
  const { kernel } = await run(board);
  await run(board, 'done', {}, { on: kernel });
  kernel.replace('/etc/mine', 'mine\n', 0o600);
  kernel.syncfs('/');
  const settings = settingsOf(kernel);
  cutPower(board, 'lost');
  return { board, settings };
}

t.test('settings are kept behind the image, on ext4 and f2fs', async (t) => {
  for (const fstype of ['ext4', 'f2fs'] as const) {
    const { board, settings } = await settled({ fstype });
    const { kernel, state, exit } = await run(board);
    t.match({ state, exit }, { exit: 0, state: { rung: 'persistent', reason: null } }, fstype);
    t.same(settingsOf(kernel), settings);
    t.match(kernel.mounts.text(), new RegExp(` /overlay rw,\\S* - ${fstype} /dev/loop0 `));
    t.match(await run(board, 'done', {}, { on: kernel }), { exit: 0 });
    t.equal(kernel.readText('/overlay/.mountroot/attempts'), '0\n');
    t.match(await run(board, 'stop', {}, { on: kernel }), { exit: 0 });
  }
});

t.test('no error of any call loses a setting, and the board comes up', async (t) => {
  const { board, settings } = await settled();
  const calls = (await run(copyBoard(board))).kernel.calls.length;
  for (let position = 1; position <= calls; position++)
    for (const errno of ['EIO', 'ENOENT', 'EROFS', 'ENOSPC', 'cut']) {
      const again = copyBoard(board);
      const faults: Faults = { at: (at) => (at === position ? errno : null) };
      const ran = await run(again, 'start', faults).catch((error: unknown) => error as Ran);
      if (errno !== 'cut')
        t.ok(['overlay', 'squashfs'].includes(ran.root), `${errno} at ${position}`);
      cutPower(again, 'lost');
      const { kernel } = await run(again);
      t.same(settingsOf(kernel), settings, `${errno} at ${position}`);
    }
});

t.test('every error of the loop device gives a root in memory that says why', async (t) => {
  for (const errno of ERRNOS['loop']!) {
    const ran = await run(diskBoard(), 'start', {
      at: (_, call) => (call.startsWith('loop ') ? errno : null),
    });
    t.match(ran, { exit: 3, state: { rung: 'volatile', reason: 'attach-failed' } }, errno);
  }
});

t.test('after a boot loop `done` sets the count back, on a loop device of its own', async (t) => {
  const { board, settings } = await settled();
  for (let boot = 1; boot <= 5; boot++) {
    await run(board);
    cutPower(board, 'kept');
  }
  const { kernel, state } = await run(board);
  t.match(state, { rung: 'volatile', reason: 'boot-loop' });
  await run(board, 'done', {}, { on: kernel });
  cutPower(board, 'lost');
  const next = await run(board);
  t.match(next.state, { rung: 'persistent', reason: null });
  t.same(settingsOf(next.kernel), settings);
});

t.test('nothing is made without an order, and the sentence says what to call', async (t) => {
  const board = diskBoard({ fstype: null, programs: true });
  const ran = await run(board);
  t.match(ran.state, {
    rung: 'volatile',
    reason: 'unknown-content',
    because: /nothing is behind the squashfs on vda.*yet; .*`mountroot done --set make=auto`/,
  });
  t.notOk(ran.kernel.calls.some((call) => call.startsWith('run ')));
  ran.kernel.replace('/etc/mine', 'mine\n', 0o600);
  const done = await run(board, 'done', {}, { on: ran.kernel, settings: ['make=ext4'] });
  t.match(done.state, { rung: 'persistent', reason: null }, done.log.join('\n'));
  cutPower(board, 'lost');
  const next = await run(board);
  t.match(next.state, { rung: 'persistent', reason: null });
  t.equal(next.kernel.readText('/etc/mine'), 'mine\n', 'the root in memory moved there');
});

t.test('the setting and the marker are orders', async (t) => {
  const byWord = diskBoard({ fstype: null, programs: true, words: 'mountroot.make=auto' });
  t.match((await run(byWord)).state, { rung: 'persistent', reason: null });
  t.equal(byWord.behind!.storage.tree?.fstype, 'ext4', 'less than 100 MiB');
  const byMarker = diskBoard({ fstype: null, programs: true, raw: marked(Buffer.alloc(4096, 7)) });
  t.match((await run(byMarker)).state, { rung: 'persistent', reason: null });
  const big = diskBoard({ fstype: null, programs: true, words: 'mountroot.make=auto' });
  big.behind!.size = 256 << 20;
  await run(big);
  t.equal(big.behind!.storage.tree?.fstype, 'f2fs', 'more than 100 MiB');
});

t.test('what may be needed is never made anew by a setting', async (t) => {
  const claims = Buffer.alloc(8192);
  claims.writeUInt16LE(0xef53, 0x438);
  claims.writeUInt32LE(0xffff_ffff, 0x404);
  const spare = Buffer.alloc(8192);
  spare.writeUInt32LE(0xf2f52010, 0x1400);
  for (const [what, raw] of [
    ['unknown bytes', Buffer.alloc(8192, 0x5a)],
    ['a file system that is bigger than its place', claims],
    ['a second superblock of f2fs behind zeros', spare],
  ] as const) {
    const board = diskBoard({ fstype: null, programs: true, raw, words: 'mountroot.make=ext4' });
    const { kernel, state } = await run(board);
    t.match(state, { rung: 'volatile', reason: 'unknown-content' }, what);
    t.notOk(
      kernel.calls.some((call) => /^(run|write) /.test(call)),
      what,
    );
  }
});

t.test('a reset deletes what is mounted, and marks what cannot be', async (t) => {
  const { board } = await settled();
  const { kernel } = await run(board);
  t.equal((await run(board, 'reset', {}, { on: kernel })).exit, 0);
  cutPower(board, 'lost');
  const fresh = await run(board);
  t.match(fresh.state, { rung: 'persistent' });
  t.equal(fresh.kernel.kind('/etc/mine'), 'missing');

  const junk = diskBoard({ fstype: null, programs: true, raw: Buffer.alloc(8192, 0x5a) });
  const volatile = await run(junk);
  const reset = await run(junk, 'reset', {}, { on: volatile.kernel });
  t.equal(reset.exit, 0, reset.log.join('\n'));
  cutPower(junk, 'lost');
  t.match((await run(junk)).state, { rung: 'persistent', reason: null });
});

t.test(
  'settings that an upgrade left as an archive are unpacked before anything is made',
  async (t) => {
    const raw = archive();
    const unasked = diskBoard({ fstype: null, programs: true, raw });
    t.match((await run(unasked)).state, {
      rung: 'volatile',
      because: /the settings that an upgrade kept are an archive/,
    });
    const board = diskBoard({ fstype: null, programs: true, raw, words: 'mountroot.make=ext4' });
    const { kernel, state } = await run(board);
    t.match(state, { rung: 'persistent', reason: null });
    t.equal(kernel.readText('/tmp/sysupgrade.tar'), 'the settings');
    const damaged = archive();
    damaged.fill(0, 12, 24);
    const kept = diskBoard({
      fstype: null,
      programs: true,
      raw: damaged,
      words: 'mountroot.make=ext4',
    });
    const ran = await run(kept);
    t.match(ran.state, { rung: 'volatile', reason: 'make-failed' });
    t.same(kept.behind!.storage.raw, damaged, 'a damaged archive stays where it is');
  },
);

t.test('no error of a mkfs keeps the board from coming up', async (t) => {
  for (const errno of ERRNOS['run']!) {
    const board = diskBoard({ fstype: null, programs: true, words: 'mountroot.make=ext4' });
    const ran = await run(board, 'start', {
      at: (_, call) => (call.startsWith('run ') ? errno : null),
    });
    t.match(ran, { exit: 3, root: 'overlay', state: { reason: 'make-failed' } }, errno);
  }
});

t.test('in failsafe mode the space is reached too', async (t) => {
  const { board, settings } = await settled();
  for (let boot = 1; boot <= 5; boot++) {
    await run(board);
    cutPower(board, 'kept');
  }
  const { kernel, state } = await run(board, 'start', {}, { env: { FAILSAFE: 'true' } });
  t.match(state, { rung: 'persistent' });
  t.same(settingsOf(kernel), settings);
});
