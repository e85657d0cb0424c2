/**
 * `reset` when no root is on the data volume: before a start, and on flash that cannot be mounted.
 */
import t from 'tap';
import { cutPower, fill, makeBoard, type Block } from '../../../../src/system/model/board.js';
import { again, prepared, settingsOf } from '../../../fixtures/boards.js';
import { run } from '../../../fixtures/model.js';

t.test(
  'before a start a reset is carried out at once, and the volume is left unmounted',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    const { exit, kernel } = await run(board, 'reset', {}, { keep: ['/etc/mine'] });
    t.equal(exit, 0);
    t.notMatch(kernel.mounts.text(), /jffs2/);
    cutPower(board, 'lost');
    const next = await run(board);
    t.match(next.state, { rung: 'persistent', reason: null });
    t.same(next.kernel.list('/etc'), ['hostname', 'mine', 'passwd']);
    t.equal(next.kernel.readText('/etc/hostname'), 'board');
  },
);

t.test(
  'flash that cannot be mounted is marked to be erased, and the next boot erases it and uses it',
  async (t) => {
    const board = makeBoard({ blocks: Array<Block>(8).fill('garbage') });
    t.match((await run(board)).state, { rung: 'volatile', reason: 'unknown-content' });
    cutPower(board, 'lost');
    t.equal((await run(board, 'reset')).exit, 0);
    t.same(board.flash[0]!.blocks, ['marker', ...Array<Block>(7).fill('garbage')]);
    cutPower(board, 'lost');
    const start = await run(board);
    t.match(start.state, { rung: 'volatile', reason: 'erase-marker' });
    t.match(await run(board, 'done', {}, { on: start.kernel }), {
      exit: 0,
      state: { rung: 'persistent', reason: null },
    });
  },
);

t.test('without anything to reset nothing is done, and a disk is not erased', async (t) => {
  const blank = makeBoard();
  t.equal((await run(blank, 'reset')).exit, 0);
  const marked = makeBoard({ blocks: ['marker', ...Array<'garbage'>(7).fill('garbage')] });
  t.match(await run(marked, 'reset'), {
    exit: 0,
    log: ['info: mtd3 "rootfs_data" holds no settings: erase marker 0xdeadc0de at byte 0'],
  });
  const none = makeBoard({ partition: 'other' });
  t.match((await run(none, 'reset')).exit, 1);
  const disk = makeBoard({ commandLine: 'mountroot.volume=/dev/vda' });
  disk.storage.push({
    kind: 'block',
    name: 'vda',
    label: '',
    tree: null,
    writeProtected: false,
    mtd: -1,
    late: 0,
    number: '254:0',
  });
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

t.test('a mount that fails for a temporary reason costs nobody his settings', async (t) => {
  for (const [call, errno] of [
    ['mount /tmp/overlay jffs2', 'ENOMEM'],
    ['mkdir /tmp/overlay', 'EACCES'],
    ['mount /tmp/overlay jffs2', 'EROFS'],
  ] as const) {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    const { exit, log } = await run(board, 'reset', {
      at: (_, each) => (each.startsWith(call) ? errno : null),
    });
    t.equal(exit, 1, `${call}: ${errno}`);
    t.match(log.at(-1), /could not be opened, and nothing was reset: /);
    cutPower(board, 'lost');
    t.same(settingsOf((await run(board)).kernel), settings);
  }
});

t.test(
  'unmountable flash is not erased if it holds paths to keep, nor by a kernel that ' +
    'lacks its file system',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    const broken = {
      at: (_: number, call: string) => (call.startsWith('mount /tmp/overlay jffs2') ? 'EIO' : null),
    };
    const kept = await run(board, 'reset', broken, { keep: ['/etc/mine'] });
    t.equal(kept.exit, 1);
    t.match(
      kept.log.at(-1),
      /so \/etc\/mine could not be kept, and nothing was reset; .*--set keep=/,
    );
    t.equal((await run(board, 'reset', broken, { settings: ['keep=/etc/mine'] })).exit, 1);
    t.equal((await run({ ...board, filesystems: ['tmpfs', 'proc', 'overlay'] }, 'reset')).exit, 1);
    t.notOk(board.flash[0]!.blocks.includes('marker'));
    t.equal(
      (await run(board, 'reset', broken)).exit,
      0,
      'with nothing to be kept it is what was ordered',
    );
    t.equal(board.flash[0]!.blocks[0], 'marker');
  },
);

t.test('partly erased flash is not taken for empty', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  board.flash[0]!.blocks = [...Array<Block>(16).fill('erased'), 'jffs2', 'jffs2'];
  t.equal((await run(board, 'reset')).exit, 0);
  cutPower(board, 'lost');
  const { kernel } = await run(board);
  t.equal(kernel.kind('/etc/mine'), 'missing');
  t.equal(kernel.kind('/etc/passwd'), 'file');
});

const LEFT: [string, string][] = [
  ['/.mountroot/incoming/etc/secret', 'pw'],
  ['/.mountroot/quarantine/incoming-1/etc/shadow', 'pw'],
  ['/work/work/#1', 'pw'],
  ['/sysupgrade.tgz', 'old'],
];

t.test('copies and leftovers beside the settings are removed with them', async (t) => {
  for (const running of [false, true]) {
    const { board } = again(await prepared('jffs2 on mtd'));
    fill(board.flash[0]!.tree, ...LEFT.slice(running ? 1 : 0));
    const on = running ? (await run(board)).kernel : undefined;
    if (running) fill(board.flash[0]!.tree, ...LEFT);
    t.equal((await run(board, 'reset', {}, on && { on })).exit, 0);
    cutPower(board, 'lost');
    const { kernel } = await run(board);
    for (const path of [
      '/overlay/.mountroot/quarantine',
      '/overlay/.mountroot/incoming',
      '/overlay/work/work/#1',
      '/sysupgrade.tgz',
    ])
      t.equal(kernel.kind(path), 'missing', path);
  }
  const { board } = again(await prepared('jffs2 on mtd'));
  fill(board.flash[0]!.tree, ...LEFT);
  t.equal((await run(board, 'reset', {}, { keep: ['/sysupgrade.tgz'] })).exit, 0);
  t.equal((await run(board)).kernel.readText('/sysupgrade.tgz'), 'old', 'but what is to be kept');
});

t.test(
  'a full volume is reset too: files that a reset removes anyway make space for the order',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    const { kernel } = await run(board);
    const { tree } = board.flash[0]!;
    fill(tree, ['/.mountroot/boots/00000001-x.ndjson', 'journal']);
    tree.room = 0;
    t.equal((await run(board, 'reset', {}, { on: kernel })).exit, 0);
    cutPower(board, 'lost');
    t.equal((await run(board)).kernel.kind('/etc/mine'), 'missing');

    const none = again(await prepared('jffs2 on mtd')).board;
    const full = await run(none, 'start', {
      at: (_, call) => (call.startsWith('create') && call.includes('reset.json') ? 'ENOSPC' : null),
    });
    const refused = await run(none, 'reset', {}, { on: full.kernel });
    t.equal(refused.exit, 1);
    t.match(
      refused.log.at(-1),
      /no reset of mtd3 "rootfs_data" could be ordered for certain: .*ENOSPC.*remove something that can be spared below \/overlay/,
    );
  },
);

t.test(
  'settings kept read-only are reset too: the volume is made writable for the order',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    let probes = 0;
    const start = await run(board, 'start', {
      at: (_, call) =>
        call === 'create /mnt/.mountroot-probe' && ++probes === 1 ? 'ENOSPC' : null,
    });
    t.match(start.state, { rung: 'kept-read-only', reason: 'full' });
    t.equal((await run(board, 'reset', {}, { on: start.kernel })).exit, 0);
    t.match(start.kernel.mounts.text(), / \/overlay ro,\S* - jffs2 \S+ ro/, 'and read-only again');
    cutPower(board, 'lost');
    t.equal((await run(board)).kernel.kind('/etc/mine'), 'missing');
  },
);

t.test(
  "a reset whose order cannot be written reliably says so once, with the kernel's reason",
  async (t) => {
    for (const call of ['create /overlay/.mountroot/reset.json.next', 'syncfs /overlay']) {
      const { board } = again(await prepared('jffs2 on mtd'));
      const start = await run(board, 'start', { at: (_, each) => (each === call ? 'EIO' : null) });
      const { exit, log } = await run(board, 'reset', {}, { on: start.kernel });
      t.equal(exit, 1);
      t.match(log.at(-1), /could be ordered for certain: .*EIO/);
    }
  },
);

t.test(
  'with an external overlay both volumes are reset, and the tie to this board stays',
  async (t) => {
    const { board, settings } = again(await prepared('external overlay'));
    const { kernel } = await run(board);
    const identity = kernel.readText('/etc/.extroot-uuid');
    const { exit, log } = await run(board, 'reset', {}, { on: kernel, keep: ['/etc/mine'] });
    t.equal(exit, 0, log.join('\n'));
    t.match(log.join('\n'), /an order to reset mtd3 "rootfs_data" and external volume LABEL=data/);
    cutPower(board, 'lost');
    const next = await run(board);
    t.match(next, { exit: 0, state: { rung: 'persistent', reason: null } });
    t.notSame(settingsOf(next.kernel), settings);
    t.equal(next.kernel.kind('/etc/mine'), 'file');
    t.equal(next.kernel.readText('/etc/hostname'), 'board');
    t.equal(next.kernel.readText('/etc/.extroot-uuid'), identity);
  },
);

t.test(
  'unreachable settings on an external volume keep a reset from reporting success',
  async (t) => {
    const root = again(await prepared('external root'));
    const { kernel } = await run(root.board);
    const refused = await run(root.board, 'reset', {}, { on: kernel });
    t.equal(refused.exit, 1);
    t.match(
      refused.log.at(-1),
      /\/ is the external root on LABEL=data, whose factory state nobody knows, so nothing was reset; .*--set extroot=/,
    );
    t.same(settingsOf(kernel), root.settings);
    const before = again(await prepared('external overlay')).board;
    t.match((await run(before, 'reset')).exit, 1);
    t.match((await run(before, 'reset', {}, { settings: ['extroot='] })).exit, 0);
  },
);

t.test(
  'UBI is found, attached and reset after a power cut during the erasing of its first block',
  async (t) => {
    for (const name of ['ubi', 'rootfs_data']) {
      const { board, settings } = again(await prepared('UBIFS on UBI'));
      Object.assign(board.flash[0]!, { name, blocks: ['erased', ...Array<Block>(7).fill('ubi')] });
      const { exit, state, kernel } = await run(board);
      t.match({ exit, state }, { exit: 0, state: { rung: 'persistent', reason: null } }, name);
      t.same(settingsOf(kernel), settings);
      cutPower(board, 'lost');
      t.equal((await run(board, 'reset')).exit, 0);
      t.same(
        board.flash[0]!.blocks,
        ['erased', ...Array<Block>(7).fill('ubi')],
        'and its flash is not touched',
      );
      t.equal((await run(board)).kernel.kind('/etc/mine'), 'missing');
    }
  },
);
