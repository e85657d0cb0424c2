/** An external volume that OpenWrt's /etc/config/fstab asks for, on the model kernel. */
import t from 'tap';
import { cutPower, fill, makeBoard, type Board } from '../../../../src/system/model/board.js';
import { storage } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';

const fstab = (target: string, more = '', label = 'data'): string =>
  `config global\n\toption delay_root '3'\n\nconfig mount 'extroot'\n` +
  `\toption target '${target}'\n\toption label '${label}'\n\toption enabled '1'\n${more}`;

/** A board in use whose internal volume has this fstab in its upper layer. */
async function boardWith(
  text: string,
  { late = 0, path = '/upper/etc/config/fstab', commandLine = '' } = {},
): Promise<Board> {
  const board = makeBoard({ commandLine });
  const first = await run(board);
  await run(board, 'done', {}, { on: first.kernel });
  first.kernel.syncfs('/overlay');
  cutPower(board, 'lost');
  fill(board.flash[0]!.tree, [path, text], ['/upper/etc/inside', 'internal\n']);
  board.storage.push(storage({ late }));
  return board;
}

const isExternal = ({ kernel }: Ran): boolean => kernel.kind('/etc/inside') === 'missing';

t.test('the volume is used, keeps its changes, and belongs to this board', async (t) => {
  for (const path of ['/upper/etc/config/fstab', '/etc/config/fstab']) {
    const board = await boardWith(fstab('/overlay'), { path, late: 2 });
    const first = await run(board);
    t.match(first.state, { rung: 'persistent', reason: null }, path);
    t.ok(isExternal(first));
    first.kernel.replace('/etc/mine', 'mine\n', 0o644);
    first.kernel.syncfs('/');
    cutPower(board, 'lost');
    const again = await run(board);
    t.equal(again.kernel.readText('/etc/mine'), 'mine\n');
    t.equal((await run(board, 'done', {}, { on: again.kernel })).exit, 0);
  }
});

t.test(
  'another owner, a missing device, a broken file: the internal volume, and told',
  async (t) => {
    const foreign = await boardWith(fstab('/overlay'));
    fill(foreign.storage[0]!.tree!, ['/etc/.extroot-uuid', '57a0acc6-ecc0a5e7-2ea71070-845539a7']);
    const others = await run(foreign);
    t.match(others.state, { rung: 'persistent', reason: 'extroot-mismatch', exit: 3 });
    t.notOk(isExternal(others));
    t.match(others.kernel.readText('/tmp/mountroot/notice'), /another board .*57a0acc6/);
    t.equal(foreign.storage[0]!.tree!.find('/upper'), null, 'nothing was made on it');

    const absent = await boardWith(fstab('/overlay', '', 'elsewhere'));
    const missing = await run(absent);
    t.match(missing.state, { rung: 'persistent', reason: 'extroot-missing' });
    t.match(missing.state!.because, /upper\/etc\/config\/fstab asks for, .*after 3 s of waiting/);
    t.notOk(isExternal(missing));

    const broken = await run(await boardWith(`${fstab('/overlay')}\tnonsense\n`));
    t.match(broken.state, { rung: 'persistent', reason: null });
    t.notOk(isExternal(broken));
    t.match(broken.log.join('\n'), /fstab cannot be used \(line 8: "nonsense" is no command\)/);
  },
);

t.test('a volume that fstools lets everybody use is used', async (t) => {
  const board = await boardWith(fstab('/overlay'));
  const { tree } = board.storage[0]!;
  fill(tree!, ['/etc/.extroot-default', ''], ['/etc/.extroot-uuid', 'other']);
  t.match((await run(board)).state, { rung: 'persistent', reason: null });
});

t.test('our own settings come first, and a disabled section asks for nothing', async (t) => {
  const off = await boardWith(fstab('/overlay'), { commandLine: 'mountroot.extroot=' });
  t.notOk(isExternal(await run(off)));
  const disabled = await boardWith(fstab('/overlay').replace("enabled '1'", "enabled '0'"));
  const ran = await run(disabled);
  t.match(ran.state, { rung: 'persistent', reason: null });
  t.notOk(isExternal(ran));
});

t.test('a check that is asked for is not made, and the log says so', async (t) => {
  const board = await boardWith(
    fstab('/overlay').replace('delay_root', "check_fs '1'\n\toption delay_root"),
  );
  const { log, state } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.match(log.join('\n'), /line 2: check_fs is not heeded: a start runs no fsck/);
});

t.test('the whole root is on the volume', async (t) => {
  const board = await boardWith(fstab('/'));
  fill(
    board.storage[0]!.tree!,
    ...['/dev', '/proc', '/sys', '/tmp', '/rom', '/etc', '/sbin', '/overlay', '/mnt'],
    ['/sbin/init', 'init'],
  );
  const { state, kernel } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.equal(kernel.kind('/etc/.extroot-uuid'), 'missing', 'fstools does not tie such a volume');
});

t.test('where there is no data volume, the image asks in vain, and that is told', async (t) => {
  const board = makeBoard({ commandLine: 'mountroot.volume=nowhere' });
  fill(board.image, ['/etc/config/fstab', fstab('/overlay')]);
  const started = await run(board);
  t.match(started.state, { rung: 'volatile', reason: 'no-volume' });
  t.match(
    started.log.join('\n'),
    /\/etc\/config\/fstab, line 4: the external volume LABEL=data is not used/,
  );
  const used = await boardWith('', {});
  fill(used.image, ['/etc/config/fstab', fstab('/overlay')]);
  t.notMatch((await run(used)).log.join('\n'), /is not used/, 'with a data volume it is used');
});
