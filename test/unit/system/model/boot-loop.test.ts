/** Starts that never reach `done`, for any reason, and how a board recovers from them. */
import t from 'tap';
import { cutPower, fill, type Board } from '../../../../src/system/model/board.js';
import { powerOn } from '../../../../src/system/model/kernel.js';
import { inode } from '../../../../src/system/model/model-tree.js';
import { SystemError } from '../../../../src/system/system-error.js';
import { again, prepared, settingsOf } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';

const settingsBack = async (board: Board): Promise<Ran> => {
  const looped = await run(board);
  await run(board, 'done', {}, { on: looped.kernel });
  cutPower(board, 'lost');
  return looped;
};

t.test(
  'boots on read-only settings that never reach done are counted too, and done resets the count',
  async (t) => {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    const full = (): Promise<Ran> => {
      let probes = 0;
      return run(board, 'start', {
        at: (_, call) =>
          call === 'create /mnt/.mountroot-probe' && ++probes === 1 ? 'ENOSPC' : null,
      });
    };
    const rungs: (string | undefined)[] = [];
    for (let boot = 1; boot <= 5; boot++) {
      rungs.push((await full()).state?.rung);
      cutPower(board, 'kept');
    }
    t.same(rungs, Array(5).fill('kept-read-only'));
    t.match(await settingsBack(board), { state: { reason: 'boot-loop' } });
    const kept = await full();
    t.same(settingsOf(kept.kernel), settings);
    const done = await run(board, 'done', {}, { on: kept.kernel });
    t.match(done, { exit: 3, state: { rung: 'kept-read-only', reason: 'full' } });
    t.match(
      done.kernel.mounts.text(),
      / \/overlay ro,\S* - jffs2 \S+ ro/,
      'the volume is read-only again',
    );
    t.equal(done.kernel.kind('/overlay/.mountroot/attempts'), 'missing');
    t.ok(
      done.kernel.list('/overlay/.mountroot/boots').length > 0,
      'and has the journal of the boot that did not use it',
    );
  },
);

t.test(
  'a reset that kills the board again and again is finally skipped, with its order',
  async (t) => {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    fill(board.flash[0]!.tree, ['/.mountroot/reset.json', '{"keep":[]}']);
    for (let boot = 1; boot <= 5; boot++) {
      await run(board, 'start', {
        at: (_, call) => (call.startsWith('remove_tree /tmp/overlay/upper') ? 'cut' : null),
      });
      cutPower(board, 'kept');
    }
    const looped = await settingsBack(board);
    t.match(looped.state, { rung: 'volatile', reason: 'boot-loop' });
    t.equal(board.flash[0]!.tree.find('/upper/etc/mine')?.content, 'mine\n');
    const next = await run(board);
    t.match(next.state, { rung: 'persistent' });
    t.notSame(settingsOf(next.kernel), settings, 'and is carried out where the board survives it');
  },
);

t.test("a file in place of the counter's folder is moved aside and not followed", async (t) => {
  for (const kind of ['file', 'symlink'] as const) {
    const { board, settings } = again(await prepared('jffs2 on mtd'));
    const { tree } = board.flash[0]!;
    tree.root.entries.delete('.mountroot');
    tree.add('/.mountroot', inode(kind, { content: '/tmp' }));
    tree.sync();
    const { exit, kernel } = await run(board);
    t.equal(exit, 0, kind);
    t.same(
      settingsOf(kernel).filter((line) => !line.startsWith('/.mountroot')),
      settings,
    );
    t.equal(kernel.kind('/tmp/attempts'), 'missing');
    t.equal(kernel.kind('/overlay/.mountroot-aside-1'), kind, 'it is kept');
    t.equal(kernel.readText('/overlay/.mountroot/attempts'), '1\n');
    t.equal((await run(board, 'reset', {}, { on: kernel })).exit, 0);
  }
});

t.test(
  'a login shows why a start ended with status 3 although its settings are kept',
  async (t) => {
    const { board } = again(await prepared('jffs2 on mtd'));
    const { exit, state, kernel } = await run(board, 'start', {
      at: (_, call) => (call.startsWith('create /tmp/overlay/.mountroot/attempts') ? 'EIO' : null),
    });
    t.match({ exit, state }, { exit: 3, state: { rung: 'persistent', reason: null } });
    t.match(
      kernel.readText('/tmp/mountroot/notice'),
      /^mountroot: settings are kept, but cannot .*attempts.*EIO/,
    );
  },
);

t.test(
  'an external volume of this board is used although the internal one cannot be written',
  async (t) => {
    const eio = again(await prepared('external overlay'));
    eio.board.flash[0]!.writeProtected = true;
    const fails = await run(eio.board);
    t.match(fails.state, { rung: 'persistent', reason: null });
    t.same(settingsOf(fails.kernel), eio.settings);
    const { board, settings } = again(await prepared('external overlay'));
    const { state, exit, kernel } = await run(board, 'start', { readonly: ['jffs2'] });
    t.match({ state, exit }, { exit: 0, state: { rung: 'persistent', reason: null } });
    t.same(settingsOf(kernel), settings);
    cutPower(board, 'lost');
    board.storage = [];
    t.match(
      (await run(board, 'start', { readonly: ['jffs2'] })).state,
      {
        rung: 'volatile',
        reason: 'write-protected',
        because: /; and the external volume LABEL=data cannot be used/,
      },
      'and where it is missing that is told too',
    );
  },
);

/** A board whose flash fails to read one path, and reads everything else. */
async function unreadable(
  path: string,
  prepare: (board: Board) => void = () => {},
): Promise<{ ran: Ran; settings: string[] }> {
  const { board, settings } = again(await prepared('jffs2 on mtd'));
  prepare(board);
  const kernel = powerOn(board);
  const kind = kernel.kind.bind(kernel);
  kernel.kind = (each) => {
    if (each === `/tmp/overlay/${path}` || each === `/overlay/${path}`)
      throw new SystemError({
        what: `examine ${each}`,
        syscall: 'lstat',
        errno: 'EIO',
        path: each,
      });
    return kind(each);
  };
  return { ran: await run(board, 'start', {}, { on: kernel }), settings };
}

t.test(
  'only an absent file counts as missing: an unreadable one is neither made anew nor ' +
    'moved nor forgotten',
  async (t) => {
    const state = await unreadable('.fs_state');
    t.match(state.ran, { exit: 0, state: { rung: 'persistent' } });
    t.same(
      state.ran.kernel.calls.filter((call) => call.includes('fs_state')),
      [],
    );

    const order = await unreadable(
      '.mountroot/reset.json',
      ({ flash }) => void fill(flash[0]!.tree, ['/.mountroot/reset.json', '{"keep":[]}']),
    );
    t.match(order.ran, {
      exit: 3,
      state: { rung: 'persistent', reason: 'reset-failed', because: /could not be read/ },
    });
    t.same(settingsOf(order.ran.kernel), order.settings);
    t.same(
      order.ran.kernel.calls.filter((call) => call.includes('reset.json')),
      [],
    );

    const upper = await unreadable('upper');
    t.not(upper.ran.state?.rung, 'persistent');
    t.same(
      upper.ran.kernel.calls.filter(
        (call) => /^(rename|mkdir) \S+\/upper/.test(call) && !call.includes('/tmp/root'),
      ),
      [],
    );
  },
);

t.test('whoever keeps the volume full does not make the board leave it out', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  for (let boot = 1; boot <= 8; boot++) {
    const started = await run(board);
    t.equal(started.state?.rung, 'persistent', `boot ${boot}`);
    const { tree } = board.flash[0]!;
    // A program of somebody else's has filled the volume by the time of `done`.
    tree.room = 0;
    await run(board, 'done', {}, { on: started.kernel });
    t.equal(started.kernel.kind('/overlay/.mountroot/attempts'), 'missing');
    tree.room = Infinity;
    cutPower(board, 'kept');
  }
});
