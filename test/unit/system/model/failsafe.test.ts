/**
 * OpenWrt's failsafe mode: a shell before the root is made. The settings that broke the boot must
 * be within reach there.
 */
import t from 'tap';
import { cutPower, type Board } from '../../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../../src/system/model/kernel.js';
import { KINDS, again, prepared, settingsOf, type Prepared } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';

const LIMIT = 5;

/** Starts that never reach `done`, until the next one would leave the settings out. */
async function looped(board: Board): Promise<void> {
  for (let boot = 1; boot <= LIMIT; boot++) {
    await run(board);
    cutPower(board, 'kept');
  }
}

/** The shell of the failsafe mode: root made the mark, and PREINIT is not in the environment. */
function failsafe(board: Board): Kernel {
  const kernel = powerOn(board);
  if (board.initramfs === null) kernel.create('/tmp/failsafe', '', 0o644);
  return kernel;
}

const start = (board: Board, kernel = failsafe(board)): Promise<Ran> =>
  run(board, 'start', {}, { on: kernel, env: {} });

const attempts = (kernel: Kernel): string => kernel.readText('/overlay/.mountroot/attempts');

t.test('the settings are used after a boot loop, and the start does not count', async (t) => {
  const { board, settings } = again(await prepared('jffs2 on mtd'));
  await looped(board);
  for (let shell = 1; shell <= 2; shell++) {
    const { kernel, state, exit, log } = await start(board);
    t.match(state, { rung: 'persistent', reason: null });
    t.equal(exit, 0);
    t.same(settingsOf(kernel), settings);
    t.equal(attempts(kernel), `${LIMIT}\n`, 'the count is as it was');
    t.match(log.join('\n'), /5 starts in a row never reached `done`.*does not count/);
    cutPower(board, 'kept');
  }
  const ordinary = await run(board);
  t.match(ordinary.state, { rung: 'volatile', reason: 'boot-loop' });
  t.match(
    ordinary.state?.because,
    /`mkdir -p \/tmp\/overlay && mount -t jffs2 \/dev\/mtdblock3 \/tmp\/overlay`/,
    'an ordinary boot says how to reach them',
  );
});

t.test('what is mended there counts in the next boot', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  const { kernel } = await start(board);
  kernel.replace('/etc/mine', 'mended\n', 0o600);
  kernel.syncfs('/');
  cutPower(board, 'lost');
  t.equal((await run(board)).kernel.readText('/etc/mine'), 'mended\n');
});

t.test('every kind of volume is reached', async (t) => {
  for (const kind of KINDS.filter((each) => each !== 'an initramfs')) {
    const { board, settings } = again(await prepared(kind));
    await looped(board);
    const { kernel, state } = await start(board);
    t.match(state, { rung: 'persistent', reason: null }, kind);
    t.same(settingsOf(kernel), settings, kind);
  }
});

t.test("FAILSAFE=true in the environment is enough, and a stranger's mark is not", async (t) => {
  const { board, settings } = again(await prepared('jffs2 on mtd'));
  await looped(board);
  const env = { FAILSAFE: 'true', PREINIT: '1' };
  const { kernel, state } = await run(board, 'start', {}, { env });
  t.match(state, { rung: 'persistent' });
  t.same(settingsOf(kernel), settings);
  cutPower(board, 'kept');
  const foreign = failsafe(board);
  foreign.setOwner('/tmp/failsafe', 1000, 1000);
  const refused = await start(board, foreign);
  t.equal(refused.exit, 5);
});

t.test('a setting that asks for it works like the failsafe mode', async (t) => {
  const { board } = again(await prepared('jffs2 on mtd'));
  await looped(board);
  const ran = await run(board, 'start', {}, { settings: ['boot_limit=0'] });
  t.match(ran.state, { rung: 'persistent', reason: null });
});

t.test('where the settings cannot be used, it says how to reach them', async (t) => {
  const broken = async (errno: string, fails: RegExp): Promise<Ran> => {
    const { board } = again(await prepared('jffs2 on mtd'));
    const kernel = powerOn(board, { at: (_, call) => (fails.test(call) ? errno : null) });
    kernel.create('/tmp/failsafe', '', 0o644);
    return run(board, 'start', {}, { on: kernel, env: {} });
  };
  const fullAtFirst = async (): Promise<Ran> => {
    const { board } = again(await prepared('jffs2 on mtd'));
    let probes = 0;
    const kernel = powerOn(board, {
      at: (_, call) =>
        call === 'create /mnt/.mountroot-probe' && ++probes === 1 ? 'ENOSPC' : null,
    });
    kernel.create('/tmp/failsafe', '', 0o644);
    return run(board, 'start', {}, { on: kernel, env: {} });
  };
  const closed = await broken('EIO', /^mount \/tmp\/overlay jffs2/);
  t.match(closed, { state: { rung: 'volatile' } });
  t.match(closed.log.join('\n'), /warn: to get at the settings meanwhile, run `mkdir -p/);
  const again1 = await run({ ...closed } as never, 'start', {}, { on: closed.kernel, env: {} });
  t.match(again1.log.join('\n'), /already is an overlay in memory.*to get at the settings/);
  const full = await fullAtFirst();
  t.match(full, { state: { rung: 'kept-read-only' } });
  t.match(full.log.join('\n'), /mount -o remount,rw \/overlay/);
});

t.test('a reset works on the volume that is not mounted yet, also after a boot loop', async (t) => {
  const gone = async ({ board }: Prepared): Promise<Ran> => {
    await looped(board);
    const kernel = failsafe(board);
    const reset = await run(board, 'reset', {}, { on: kernel, env: {} });
    t.equal(reset.exit, 0, reset.log.join('\n'));
    cutPower(board, 'lost');
    return run(board);
  };
  const ran = await gone(again(await prepared('jffs2 on mtd')));
  t.match(ran.state, { rung: 'persistent', reason: null }, 'and the next start uses the volume');
  t.equal(ran.kernel.kind('/etc/mine'), 'missing');
});
