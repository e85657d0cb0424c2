/**
 * The move of a root in memory to flash by `done`: its possible failures, and their effect on later
 * boots.
 */
import t from 'tap';
import {
  cutPower,
  fill,
  makeBoard,
  type Board,
  type Block,
} from '../../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../../src/system/model/kernel.js';
import { again, prepared, settingsOf } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';

const MARKED = (): Board => makeBoard({ blocks: ['marker', ...Array<Block>(7).fill('garbage')] });

/** A start in memory, used, and then done; `at` is called for every call of done only. */
async function moved(
  at: (call: string, kernel: Kernel) => string | null,
  use: (kernel: Kernel) => void = () => {},
  board = MARKED(),
): Promise<{ board: Board; done: Ran; before: string[] }> {
  let on = false;
  const start: Ran = await run(board, 'start', {
    at: (_, call) => (on ? at(call, start.kernel) : null),
  });
  start.kernel.replace('/etc/mine', 'mine\n', 0o600);
  use(start.kernel);
  const before = settingsOf(start.kernel);
  on = true;
  return { board, before, done: await run(board, 'done', {}, { on: start.kernel }) };
}

t.test(
  'a root that is too large for flash stays in memory, and the next boot uses flash',
  async (t) => {
    const small = MARKED();
    small.flash[0]!.tree.room = 20;
    const { done: failed, before: same } = await moved(
      () => null,
      (kernel) => {
        for (let file = 0; file < 40; file++) kernel.replace(`/etc/f${file}`, 'x', 0o644);
      },
      small,
    );
    t.match(failed, {
      exit: 3,
      root: 'overlay',
      state: {
        rung: 'volatile',
        reason: 'erase-marker',
        because: /moving it to flash failed: .*ENOSPC/,
        failures: [{ stage: 'copy', errno: 'ENOSPC' }],
      },
    });
    t.same(settingsOf(failed.kernel), same);
    t.equal(
      failed.kernel.kind('/tmp/overlay/.mountroot/incoming'),
      'missing',
      'and what was copied fills flash no more',
    );
    t.equal(
      failed.kernel.list('/tmp/overlay/.mountroot/boots').length,
      1,
      'the journal tells of it on flash',
    );
    cutPower(small, 'lost');
    t.match(await run(small), { exit: 0, state: { rung: 'persistent', reason: null } });
  },
);

t.test(
  'a partial copy that a power cut left on a full volume without settings is removed for space',
  async (t) => {
    const board = makeBoard();
    fill(
      board.flash[0]!.tree,
      ...'abcdefghijkl'
        .split('')
        .map((name): [string, string] => [`/.mountroot/incoming/etc/${name}`, 'x']),
    );
    board.flash[0]!.blocks.fill('jffs2');
    board.flash[0]!.tree.room = 0;
    const { state, exit, kernel } = await run(board);
    t.match({ state, exit }, { exit: 3, state: { rung: 'persistent', reason: null } });
    t.equal(kernel.kind('/overlay/.mountroot/incoming'), 'missing');
    cutPower(board, 'kept');
    t.match(await run(board), { exit: 0, state: { rung: 'persistent' } });
  },
);

t.test('mounts made during the move are moved too, up to the last moment', async (t) => {
  for (const moment of [
    'copy /tmp/root/upper/etc/mine',
    'remount / ro',
    'syncfs /tmp/overlay',
    'move /proc /mnt/proc',
  ]) {
    let once = false;
    const { done } = await moved(
      (call, kernel) => {
        if (!once && call.startsWith(moment)) {
          once = true;
          kernel.mount('usb', '/srv', 'tmpfs', [], null);
        }
        return null;
      },
      (kernel) => kernel.mkdir('/srv', 0o755),
    );
    t.ok(once, moment);
    t.match(done, { exit: 0, state: { rung: 'persistent', reason: null } }, moment);
    t.match(done.kernel.mounts.text(), / \/srv rw\S* - tmpfs usb /, moment);
  }
});

t.test('a mount that cannot move keeps the root in memory, with the mount', async (t) => {
  const { done } = await moved(
    (call) => (call === 'move /srv /mnt/srv' ? 'EINVAL' : null),
    (kernel) => {
      kernel.mkdir('/srv', 0o755);
      kernel.mount('usb', '/srv', 'tmpfs', [], null);
    },
  );
  t.match(done, { exit: 3, state: { rung: 'volatile' } });
  t.match(done.kernel.mounts.text(), / \/srv rw\S* - tmpfs usb /);
});

t.test(
  'a file that flash refuses keeps the root in memory, with the file, and is named',
  async (t) => {
    const { done, before } = await moved((call) =>
      call.startsWith('copy /tmp/root/upper/etc/mine ') ? 'EFBIG' : null,
    );
    t.match(done, {
      exit: 3,
      state: { rung: 'volatile', because: /etc\/mine \(cannot copy .*EFBIG/ },
    });
    t.same(settingsOf(done.kernel), before);
    done.kernel.replace('/etc/later', 'x', 0o644);
  },
);

t.test(
  'a file loses an attribute that flash cannot keep, with a report; an error of the ' +
    'first pass alone is no fault',
  async (t) => {
    const { done } = await moved(
      (call) => (call.startsWith('setxattr') ? 'EOPNOTSUPP' : null),
      (kernel) => kernel.setAttribute('/etc/mine', 'user.note', Buffer.from('x')),
    );
    t.match(done, { exit: 3, state: { rung: 'persistent', reason: null } });
    t.equal(done.kernel.readText('/overlay/upper/etc/mine'), 'mine\n');
    t.match(
      done.kernel.readText('/tmp/mountroot/notice'),
      /settings are kept, but .*mine has lost its attribute user\.note/,
    );
    let failed = false;
    const cured = await moved((call) =>
      !failed && call.startsWith('copy /tmp/root/upper/etc/mine') ? ((failed = true), 'EIO') : null,
    );
    t.match(cured.done, { exit: 0, state: { rung: 'persistent', reason: null } });
  },
);

t.test('after a temporary failure, a second done in the same boot moves it', async (t) => {
  for (const [call, errno] of [
    ['mount / MS_REC', 'ENOMEM'],
    ['remount / ro', 'EBUSY'],
    ['mkdir /tmp/overlay/.mountroot', 'ENOMEM'],
    ['pivot_root', 'EINVAL'],
  ] as const) {
    let passed = false;
    const { board, done } = await moved((each) =>
      !passed && each.startsWith(call) ? errno : null,
    );
    t.match(done, { exit: 3, state: { rung: 'volatile' } }, call);
    passed = true;
    t.match(
      await run(board, 'done', {}, { on: done.kernel }),
      { exit: 0, state: { rung: 'persistent' } },
      call,
    );
  }
});

t.test(
  'settings under two names, as jffs2 leaves them after a power cut during the rename, ' +
    'are not taken for a partial copy',
  async (t) => {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    const { tree } = board.flash[0]!;
    tree.find('/.mountroot')!.entries.set('incoming', tree.find('/upper')!);
    tree.sync();
    const first = await run(board);
    t.match(first, { exit: 0, state: { rung: 'persistent' } });
    t.equal(first.kernel.kind('/overlay/.mountroot/quarantine'), 'missing');
    t.same(settingsOf(first.kernel), settings);
    t.equal((await run(board, 'reset', {}, { on: first.kernel, keep: ['/etc/mine'] })).exit, 0);
    cutPower(board, 'lost');
    t.equal(
      (await run(board)).kernel.readText('/etc/mine'),
      'mine\n',
      'nor does a reset empty one through the other',
    );
  },
);

t.test('a root that a killed switch left read-only takes writes again, and moves', async (t) => {
  const board = MARKED();
  const { kernel } = await run(board);
  kernel.replace('/etc/mine', 'mine\n', 0o600);
  kernel.mount(null, '/', null, ['MS_REMOUNT', 'MS_RDONLY', 'MS_NOATIME'], null);
  const done = await run(board, 'done', {}, { on: kernel });
  t.match(done, { exit: 0, state: { rung: 'persistent', reason: null } });
  done.kernel.replace('/etc/later', 'x', 0o644);
});

t.test(
  'a volume marked to be erased that is no raw flash is left alone, and the message ' +
    'says how to empty it',
  async (t) => {
    const { board } = again(await prepared('UBIFS on UBI'));
    const kernel = powerOn(board);
    const readBytes = kernel.readBytes.bind(kernel);
    kernel.readBytes = (path, offset, length) =>
      path === '/dev/ubi3_0' ? Buffer.from('deadc0de', 'hex') : readBytes(path, offset, length);
    t.match((await run(board, 'start', {}, { on: kernel })).state, {
      rung: 'volatile',
      reason: 'erase-marker',
      because: /ubiupdatevol -t \/dev\/ubi3_0/,
    });
    const { exit, log } = await run(board, 'done', {}, { on: kernel });
    t.equal(exit, 3);
    t.match(log.at(-1), /stays in memory, because .*ubiupdatevol/);
    t.notOk(kernel.calls.some((call) => call.startsWith('erase')));
  },
);

t.test('a confirmed start keeps the newest copy of interrupted switches', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  for (const number of [1, 2, 10])
    fill(board.flash[0]!.tree, [`/.mountroot/quarantine/incoming-${number}/etc/x`, 'x']);
  fill(board.flash[0]!.tree, ['/.mountroot/quarantine/upper-1', 'x']);
  const { kernel } = await run(board);
  t.equal((await run(board, 'done', {}, { on: kernel })).exit, 0);
  t.same(kernel.list('/overlay/.mountroot/quarantine'), ['incoming-10', 'upper-1']);
});
