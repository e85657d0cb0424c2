import t from 'tap';
import { makeBoard } from '../../../src/system/model/board.js';
import { run } from '../../fixtures/model.js';

t.test('a file system that cannot leave whiteouts is found out by done, which says what does not work and what would help', async (t) => {
  const board = makeBoard({ whiteout: false });
  const { kernel } = await run(board);
  const { exit, state, log } = await run(board, 'done', {}, { on: kernel });
  t.equal(exit, 3);
  t.match(state, { rung: 'persistent', reason: null, limits: ['no-rename-whiteout'] });
  t.match(log.join('\n'), /EINVAL .*lacks RENAME_WHITEOUT: files of the image cannot be renamed .*patched for it/);
  t.equal(kernel.kind('/overlay/.mountroot/probe'), 'missing', 'and nothing of the probe is left');
});

t.test('a file system that can is without limits', async (t) => {
  const board = makeBoard();
  const { kernel } = await run(board);
  t.match(await run(board, 'done', {}, { on: kernel }), { exit: 0, state: { limits: [] } });
});
