/**
 * A reset by fstools' own program leaves our folder on the volume, and nothing in it is acted on.
 * That program removes all but directories whose names begin with a dot.
 */
import t from 'tap';
import { cutPower, fill, type Board } from '../../../../src/system/model/board.js';
import { inode } from '../../../../src/system/model/model-tree.js';
import { again, KINDS, prepared, settingsOf, type BoardKind } from '../../../fixtures/boards.js';
import { run } from '../../../fixtures/model.js';

const treeOf = (board: Board) =>
  board.storage.find(({ tree }) => tree !== null)?.tree ?? board.flash[0]!.tree;

const count = (board: Board, starts: number): void => {
  const tree = treeOf(board);
  tree.find('/.mountroot')!.entries.delete('attempts');
  fill(tree, ['/.mountroot/attempts', `${starts}\n`]);
};

/** What fstools leaves of a volume. */
function resetByFstools(board: Board): void {
  const tree = treeOf(board);
  for (const [name, { kind }] of [...tree.root.entries])
    if (kind !== 'directory' || !name.startsWith('.')) tree.root.entries.delete(name);
  tree.sync();
}

const USUAL: readonly BoardKind[] = KINDS.filter(
  (kind) => !kind.startsWith('external') && kind !== 'the old overlayfs',
);

t.test('a count at its limit does not keep an emptied volume from being used', async (t) => {
  for (const kind of USUAL) {
    const { board } = again(await prepared(kind));
    count(board, 5);
    resetByFstools(board);
    const { state, kernel, log } = await run(board);
    t.match(state, { rung: 'persistent', reason: null }, kind);
    t.equal(kernel.readText('/overlay/.mountroot/attempts'), '1\n');
    t.equal(kernel.readLink('/overlay/.fs_state'), '1');
    t.match(log.join('\n'), /removing what mountroot had noted of settings that another program/);
    t.equal((await run(board, 'done', {}, { on: kernel })).exit, 0);
    t.equal(kernel.readLink('/overlay/.fs_state'), '2');
  }
});

t.test('an import that waited, copies and the quarantine go with the settings', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  fill(
    board.flash[0]!.tree,
    ['/.mountroot/import.json', '{}'],
    '/.mountroot/next-upper/etc',
    ['/.mountroot/next-upper/etc/mine', 'imported\n'],
    '/.mountroot/former-upper/etc',
    ['/.mountroot/former-upper/etc/mine', 'former\n'],
    '/.mountroot/quarantine/upper-1',
    ['/.mountroot/quarantine/upper-1/secret', 'secret\n'],
    ['/.mountroot/reset.json', '{"keep":["/etc/mine"]}'],
    ['/.mountroot/identity', 'me\n'],
  );
  resetByFstools(board);
  fill(board.flash[0]!.tree, ['/sysupgrade.tgz', 'upgrade']);
  const { state, kernel } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.equal(kernel.kind('/etc/mine'), 'missing');
  t.same(
    ['import.json', 'next-upper', 'former-upper', 'quarantine', 'reset.json'].filter(
      (name) => kernel.kind(`/overlay/.mountroot/${name}`) !== 'missing',
    ),
    [],
  );
  t.equal(kernel.readText('/overlay/.mountroot/identity'), 'me\n', 'the board stays itself');
  t.equal(kernel.readText('/sysupgrade.tgz'), 'upgrade', 'and what an upgrade left is used');
});

t.test('power that goes at any call of it costs nothing, and the next start goes on', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  fill(board.flash[0]!.tree, ['/.mountroot/import.json', '{}'], '/.mountroot/next-upper/etc', [
    '/.mountroot/next-upper/etc/mine',
    'imported\n',
  ]);
  count(board, 7);
  resetByFstools(board);
  const calls = (await run(again({ board, settings: [] }).board)).kernel.calls.length;
  for (let cut = 0; cut < calls; cut++) {
    const each = again({ board, settings: [] }).board;
    await run(each, 'start', { at: (number) => (number === cut ? 'cut' : null) });
    cutPower(each, 'lost');
    const { state, kernel } = await run(each);
    t.match(state, { rung: 'persistent', reason: null }, `call ${cut}`);
    t.equal(kernel.kind('/etc/mine'), 'missing');
  }
});

t.test('settings that are there are never taken for removed ones', async (t) => {
  const { board, settings } = again(await prepared('jffs2 on mtd'));
  const { tree } = board.flash[0]!;
  tree.root.entries.delete('.fs_state');
  count(board, 5);
  fill(tree, ['/.mountroot/attempts', '5\n'], '/.mountroot/quarantine/upper-1', [
    '/.mountroot/quarantine/upper-1/kept',
    'kept\n',
  ]);
  tree.sync();
  const { state, kernel } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.same(settingsOf(kernel), settings);
  t.equal(kernel.readText('/overlay/.mountroot/quarantine/upper-1/kept'), 'kept\n');
  t.equal(kernel.readText('/overlay/.mountroot/attempts'), '6\n', 'and the start is counted');
  cutPower(board, 'lost');
  t.match((await run(board)).state, { rung: 'volatile', reason: 'boot-loop' });
});

t.test('the half copy of a switch to flash is no sign of it', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const { tree } = board.flash[0]!;
  resetByFstools(board);
  tree.root.entries.delete('.mountroot');
  tree.add('/.mountroot', inode('directory'));
  fill(tree, '/.mountroot/incoming/etc', ['/.mountroot/incoming/etc/mine', 'half\n']);
  tree.sync();
  const { state, kernel } = await run(board);
  t.match(state, { rung: 'persistent', reason: null });
  t.equal(kernel.readText('/overlay/.mountroot/quarantine/incoming-1/etc/mine'), 'half\n');
});
