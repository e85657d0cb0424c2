import t from 'tap';
import { makeBoard, type Block } from '../../../../src/system/model/board.js';
import { SystemError } from '../../../../src/system/system-error.js';
import { run } from '../../../fixtures/model.js';

t.test(
  'done detects a file system without whiteouts, and names the effects and the cure',
  async (t) => {
    const board = makeBoard({ whiteout: false });
    const { kernel } = await run(board);
    const { exit, state, log } = await run(board, 'done', {}, { on: kernel });
    t.equal(exit, 3);
    t.match(state, {
      rung: 'persistent',
      reason: null,
      limits: ['no-rename-whiteout', 'no-rename-exchange'],
    });
    t.match(
      kernel.readText('/tmp/mountroot/notice'),
      /^mountroot: settings are kept, but cannot .*lacks RENAME_WHITEOUT/,
      'whoever logs in is told',
    );
    t.match(
      log.join('\n'),
      /EINVAL .*lacks RENAME_WHITEOUT: files of the image cannot be renamed .*patched for it/,
    );
    t.equal(
      kernel.kind('/overlay/.mountroot/probe'),
      'missing',
      'and nothing of the probe is left',
    );
  },
);

t.test('files that cannot be mapped for shared writing are a limit, and no warning', async (t) => {
  const board = makeBoard({ mapping: false });
  const { kernel } = await run(board);
  const done = await run(board, 'done', {}, { on: kernel });
  t.match(done, { exit: 0, state: { limits: ['no-shared-mapping'] } });
  for (const errno of ['ENODEV', 'EIO']) {
    const other = makeBoard();
    const start = await run(other);
    const refuse = (path: string): never => {
      throw new SystemError({ what: `map ${path}`, syscall: 'mmap', errno, path });
    };
    start.kernel.mapShared = refuse;
    const limits = errno === 'ENODEV' ? ['no-shared-mapping'] : [];
    t.same((await run(other, 'done', {}, { on: start.kernel })).state?.limits, limits, errno);
  }
});

t.test('a file system with whiteouts has no limits', async (t) => {
  const board = makeBoard();
  const { kernel } = await run(board);
  t.match(await run(board, 'done', {}, { on: kernel }), { exit: 0, state: { limits: [] } });
});

t.test(
  'a root that moves to flash is tested too, and an error of another kind is no limit',
  async (t) => {
    const blocks: Block[] = ['marker', ...Array<Block>(7).fill('garbage')];
    const board = makeBoard({ blocks, whiteout: false });
    const { kernel } = await run(board);
    t.match(await run(board, 'done', {}, { on: kernel }), {
      exit: 3,
      state: { rung: 'persistent', limits: ['no-rename-whiteout', 'no-rename-exchange'] },
    });
    for (const errno of ['ENOSPC', 'EIO']) {
      const full = makeBoard();
      const start = await run(full, 'start', {
        at: (_, call) => (call.startsWith('renameat2') ? errno : null),
      });
      t.match(
        await run(full, 'done', {}, { on: start.kernel }),
        { exit: 3, state: { limits: [] } },
        errno,
      );
    }
  },
);
