/**
 * The volume is full for a while, and then it is not, and so on; somebody sets the clock during
 * each verb; and each read of a device takes a minute. The board comes up, no setting is lost, and
 * each verb ends.
 */
import t from 'tap';
import type { Verb } from '../../../../src/plan/plan.js';
import { cutPower, type Board } from '../../../../src/system/model/board.js';
import { powerOn, type Faults, type Kernel } from '../../../../src/system/model/kernel.js';
import { KINDS, again, prepared, settingsOf, type Prepared } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';
import { random } from '../../../fixtures/random.js';
import { someOf } from '../../../fixtures/sampling.js';

const HEALTHY = Object.fromEntries(
  await Promise.all(
    KINDS.filter((kind) => !/^external|initramfs/.test(kind)).map(
      async (kind) => [kind, await prepared(kind)] as const,
    ),
  ),
);
const SEEDS = someOf(25);
/** Calls that need room. */
const NEEDS_ROOM = /^(?:replace|create|mkdir|symlink|copy|mknod|link|rename|setxattr) /;

/** ENOSPC for some calls in a row, then for some not. */
function comingAndGoing(seed: number): Faults {
  const below = random(seed);
  let left = below(6);
  let full = false;
  return {
    at: (_, call) => {
      if (left-- <= 0) [full, left] = [!full, below(full ? 12 : 4)];
      return full && NEEDS_ROOM.test(call) && !call.includes('/tmp/mountroot') ? 'ENOSPC' : null;
    },
  };
}

/** Runs a verb and the next start, and says what was lost. */
async function afterwards(board: Board, verb: Verb, started: Ran): Promise<Ran> {
  if (verb !== 'start') await run(board, verb, {}, { on: started.kernel });
  cutPower(board, 'kept');
  return run(board);
}

for (const verb of ['start', 'done', 'ram', 'stop'] as const)
  t.test(`${verb}: room that comes and goes loses no setting`, async (t) => {
    const wrong: string[] = [];
    for (const [kind, healthy] of Object.entries(HEALTHY))
      for (let seed = 1; seed <= SEEDS; seed++) {
        const { board, settings } = again(healthy);
        const first = verb === 'ram' ? 'ram' : 'start';
        const started = await run(board, first, comingAndGoing(seed));
        if (started.state === null) wrong.push(`${kind} ${seed}: no state`);
        const next = await afterwards(board, verb === 'ram' ? 'start' : verb, started);
        const shown = settingsOf(next.kernel).join() === settings.join();
        const { rung, reason } = next.state ?? {};
        if (rung === 'persistent' && shown) continue;
        wrong.push(`${kind} ${seed}: ${rung} for ${reason}, settings ${shown ? 'kept' : 'lost'}`);
      }
    t.same(wrong.slice(0, 10), []);
  });

const DAY = 86_400_000;

t.test('a clock that is set during a verb, both ways, changes nothing', async (t) => {
  const real = Date.now;
  t.teardown(() => void (Date.now = real));
  let offset = 0;
  Date.now = () => real() + offset;
  const wrong: string[] = [];
  for (const [kind, healthy] of Object.entries(HEALTHY))
    for (let seed = 1; seed <= SEEDS; seed++) {
      const below = random(seed);
      const { board, settings } = again(healthy);
      // Until before 1970, and beyond 2038.
      const between = (): void =>
        void (below(3) === 0 && (offset = (below(60_000) - 25_000) * DAY));
      const started = await run(board, seed % 2 === 0 ? 'start' : 'ram', { between });
      await run(board, 'done', {}, { on: started.kernel });
      await run(board, 'stop', {}, { on: started.kernel });
      cutPower(board, 'kept');
      const next = await run(board);
      if (settingsOf(next.kernel).join() === settings.join() && next.state?.reason === null)
        continue;
      wrong.push(`${kind} ${seed}: ${next.state?.rung} for ${next.state?.reason}`);
    }
  t.same(wrong.slice(0, 10), []);
});

t.test('a clock that is set during a reset and the start that carries it out', async (t) => {
  const real = Date.now;
  t.teardown(() => void (Date.now = real));
  let offset = 0;
  Date.now = () => real() + offset;
  const reset = async (
    healthy: Prepared,
    between: () => void,
  ): Promise<[number, string, string[]]> => {
    const { board } = again(healthy);
    const started = await run(board, 'start', { between });
    const { exit } = await run(board, 'reset', {}, { on: started.kernel });
    cutPower(board, 'kept');
    const next = await run(board, 'start', { between });
    await run(board, 'done', {}, { on: next.kernel });
    return [exit, next.state?.rung ?? 'none', settingsOf(next.kernel)];
  };
  for (const [kind, healthy] of Object.entries(HEALTHY)) {
    const wanted = await reset(healthy, () => {});
    for (let seed = 1; seed <= SEEDS; seed++) {
      const below = random(seed);
      const between = (): void =>
        void (below(3) === 0 && (offset = (below(60_000) - 25_000) * DAY));
      t.same(await reset(healthy, between), wanted, `${kind} ${seed}`);
    }
    t.match(wanted, [0, 'persistent']);
    t.ok(wanted[2].length < again(healthy).settings.length, `${kind}: settings are gone`);
  }
});

const MINUTE = 60_000;
/** As many fit into the time that /etc/preinit gives a start, before its own work. */
const MOST_READS = 8;

t.test('a device that takes a minute for each read changes nothing but the time', async (t) => {
  const real = performance.now.bind(performance);
  t.teardown(() => void (performance.now = real));
  let minutes = 0;
  performance.now = () => real() + minutes * MINUTE;
  for (const [kind, healthy] of Object.entries(HEALTHY)) {
    const { board, settings } = again(healthy);
    const fast = await run(again(healthy).board);
    const kernel = powerOn(board);
    minutes = 0;
    const slowly: Kernel = Object.create(kernel, {
      readBytes: {
        value: (path: string, offset: number, length: number) => {
          if (path.startsWith('/dev/')) minutes++;
          return kernel.readBytes(path, offset, length);
        },
      },
    }) as Kernel;
    const slow = await run(board, 'start', {}, { on: slowly });
    t.ok(minutes <= MOST_READS, `${kind}: ${minutes} reads`);
    t.match(slow.state, { rung: 'persistent', reason: null }, kind);
    t.same(settingsOf(kernel), settings, `${kind}: the settings are there`);
    t.same(slow.mounts, fast.mounts, `${kind}: the mounts are the same`);
    t.equal((await run(board, 'done', {}, { on: slowly })).exit, 0, `${kind}: done`);
    t.equal((await run(board, 'stop', {}, { on: slowly })).exit, 0, `${kind}: stop`);
  }
});
