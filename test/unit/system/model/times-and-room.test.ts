/**
 * The volume is full for a while, and then it is not, and so on; and somebody sets the clock during
 * each verb. The board comes up, no setting is lost, and each verb ends.
 */
import t from 'tap';
import type { Verb } from '../../../../src/plan/plan.js';
import { cutPower, type Board } from '../../../../src/system/model/board.js';
import type { Faults } from '../../../../src/system/model/kernel.js';
import { KINDS, again, prepared, settingsOf } from '../../../fixtures/boards.js';
import { run, type Ran } from '../../../fixtures/model.js';
import { random } from '../../../fixtures/random.js';

const HEALTHY = Object.fromEntries(
  await Promise.all(
    KINDS.filter((kind) => !/^external|initramfs/.test(kind)).map(
      async (kind) => [kind, await prepared(kind)] as const,
    ),
  ),
);
const SEEDS = 25;
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
