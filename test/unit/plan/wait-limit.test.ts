/** No setting and no file makes a start wait until /etc/preinit ends it. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { requestIn } from '../../../src/facts/fstab.js';
import { BOOT_LIMIT_S, WAIT_AT_MOST_S } from '../../../src/facts/installation.js';
import { waitFor } from '../../../src/steps/wait-for.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { openedFacts, withSettings, withVolume } from '../../fixtures/facts.js';
import { actions, next, past } from '../../fixtures/start-plans.js';

const PREINIT = new URL('../../../board/vexpress-a9/rootfs/etc/preinit', import.meta.url);

t.test('two waits are shorter than what ends a start', async (t) => {
  const [, limit] = /limited (\d+) mount_root \$verb/.exec(readFileSync(PREINIT, 'utf8'))!;
  t.ok(2 * WAIT_AT_MOST_S < Number(limit));
  t.ok(2 * WAIT_AT_MOST_S < BOOT_LIMIT_S);
});

t.test('both volumes are waited for no longer, whoever asks for it', async (t) => {
  const gone = { wanted: 'LABEL=data', found: [], content: null };
  const internal = withSettings({ wait: 600 }, withVolume(gone));
  t.match(actions(next(internal)), [{ kind: 'wait-for', seconds: WAIT_AT_MOST_S }]);
  t.match(next(internal, [past('wait', {})]), { because: /after 240 s of waiting/ });
  const external = (text: string | null) => {
    const fstab = text === null ? null : requestIn(text, 'fstab', [])!;
    return withSettings(
      { wait: 600, extroot: 'LABEL=ext' },
      openedFacts(
        { identity: 'me' },
        {
          external: {
            ...{ wanted: 'LABEL=ext', found: [], content: null, attach: null, at: null },
            ...(fstab !== null && {
              fstab: {
                ...{ file: 'fstab', delay: fstab.delay, flags: [], data: null },
                ...{ image: null, owner: null, anybodys: false },
              },
            }),
            ...{ readonly: false, identity: null, upper: 'missing', work: 'missing' },
            ...{ init: false, offered: '' },
          },
        },
      ),
    );
  };
  const asked = 'config global\n option delay_root 600\nconfig mount\n option target /overlay\n';
  for (const text of [null, `${asked} option label ext\n`])
    t.match(actions(next(external(text))), [{ kind: 'wait-for', seconds: WAIT_AT_MOST_S }]);
});

t.test('a device that answers slowly does not make the wait longer', async (t) => {
  let looks = 0;
  const slow = (): string[] => {
    looks++;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400);
    return [];
  };
  const system = { ...dryRun(), list: slow, readText: () => '', kind: () => 'missing' as const };
  t.throws(() => waitFor.execute({ volume: 'LABEL=x', seconds: 1 }, system), {
    message: /within 1 s/,
  });
  t.ok(looks < 10, 'ten looks would fit if looks took no time');
});

t.test('what appears during a look that takes a minute is found by the next', async (t) => {
  const real = performance.now.bind(performance);
  t.teardown(() => void (performance.now = real));
  let [reads, pauses] = [0, 0];
  performance.now = () => real() + reads * 60_000;
  const waiting = (appears: boolean): void => {
    [reads, pauses] = [0, 0];
    const kind = (): 'missing' | 'block' => {
      reads++;
      return appears && pauses > 0 ? 'block' : 'missing';
    };
    const system = { ...dryRun(), readText: () => '', kind, sleep: () => void pauses++ };
    waitFor.execute({ volume: '/dev/vda', seconds: 5 }, system);
  };
  t.doesNotThrow(() => waiting(true));
  t.throws(() => waiting(false), /within 5 s/);
  t.equal(pauses, 1, 'and it is looked for once more, not for ever');
});
