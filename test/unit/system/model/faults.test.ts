/**
 * Every call of every verb fails with every error in its man page, on every kind of volume: the
 * board comes up, and no setting is lost.
 */
import t from 'tap';
import { visibleAt } from '../../../../src/facts/mountinfo.js';
import type { Verb } from '../../../../src/plan/plan.js';
import { cutPower } from '../../../../src/system/model/board.js';
import { powerOn } from '../../../../src/system/model/kernel.js';
import {
  KINDS,
  again,
  prepared,
  settingsOf,
  type BoardKind,
  type Prepared,
} from '../../../fixtures/boards.js';
import { ERRNOS } from '../../../fixtures/errnos.js';
import { run, type Ran } from '../../../fixtures/model.js';
import { SPARSE, THIN, thinned } from '../../../fixtures/sampling.js';

const HAD_TO_BE: [string, string][] = [
  ['/proc', 'proc'],
  ['/sys', 'sysfs'],
  ['/dev', 'devtmpfs'],
  ['/tmp', 'tmpfs'],
];

type Recorded = NonNullable<Ran['state']>;

const isDegraded = ({ rung, reason }: Recorded): boolean =>
  rung !== 'persistent' || reason !== null;

/** Rungs that must show the settings, unless an external volume should have them. */
const mustShowSettings = ({ rung, reason }: Recorded): boolean =>
  (rung === 'persistent' || rung === 'kept-read-only') && !(reason ?? '').startsWith('extroot');

interface CameUp {
  state: Recorded;
  ran: Ran;
  shown: boolean;
}

/** Possible faults of a board that came up and recorded its state. */
const STATE_FAULTS: readonly {
  when: (up: CameUp) => boolean;
  says: (up: CameUp) => string;
}[] = [
  {
    when: ({ state, shown }) => mustShowSettings(state) && !shown,
    says: ({ state }) => `on rung ${state.rung} the settings are not what they were`,
  },
  {
    when: ({ state, ran }) => state.rung === 'rom' && ran.root !== 'squashfs',
    says: ({ ran }) => `rung rom, but / is ${ran.root}`,
  },
  {
    when: ({ state, ran }) => state.rung !== 'rom' && ran.root === 'squashfs',
    says: ({ state }) => `rung ${state.rung}, but / is the image`,
  },
  {
    when: ({ state, ran }) => isDegraded(state) && ran.exit !== 3,
    says: ({ state, ran }) => `exit status ${ran.exit} on rung ${state.rung} for ${state.reason}`,
  },
  {
    when: ({ state, ran }) =>
      isDegraded(state) && !ran.log.some((line) => line.startsWith('error: /')),
    says: () => 'it is not logged as an error',
  },
  {
    when: ({ state }) => isDegraded(state) && state.reason === null,
    says: () => 'it has no reason',
  },
];

/** The faults of a board that came up, in words; empty if it has none. */
function complaints(ran: Ran, settings: string[], initramfs: boolean): string[] {
  const { kernel, mounts, state } = ran;
  const wrong: string[] = [];
  for (const [path, fstype] of HAD_TO_BE)
    if (visibleAt(mounts, path)?.fstype !== fstype)
      wrong.push(`${path} has ${visibleAt(mounts, path)?.fstype ?? 'nothing'} on it`);
  if (state === null) return [...wrong, 'no state was recorded'];
  if (initramfs && kernel.init === null) wrong.push('process 1 did not become init');
  const shown = settingsOf(kernel).join('\n') === settings.join('\n');
  const up = { state, ran, shown };
  return [...wrong, ...STATE_FAULTS.filter(({ when }) => when(up)).map(({ says }) => says(up))];
}

/** A start with one call refused, then a start without faults. */
async function tried(from: Prepared, position: number, errno: string): Promise<string[]> {
  const { board, settings } = again(from);
  const wrong = complaints(
    await run(board, 'start', { at: (each) => (each === position ? errno : null) }),
    settings,
    board.initramfs !== null,
  );
  cutPower(board, 'lost');
  const next = await run(board);
  if (next.state?.rung !== 'persistent' || next.exit !== 0)
    wrong.push(`the next boot is ${next.state?.rung} for ${next.state?.reason}`);
  if (settingsOf(next.kernel).join('\n') !== settings.join('\n'))
    wrong.push('on the next boot the settings are not what they were');
  return wrong;
}

/** Complaints that no start can avoid, by board. */
const EXPECTED: Partial<Record<BoardKind, RegExp>> = {
  // Without /mnt the new root stands on /tmp, which can then only follow it; if that fails,
  // /etc/preinit brings /tmp back.
  'no /mnt and no /overlay': /^move \/rom\/tmp \/tmp: /,
  // Without the image's device there is no root to come up on; the kernel would panic there too.
  'an initramfs': /^(mkdir|mount) \/(proc|sys|dev|tmp|newroot)\b(?!-)/,
};

for (const kind of KINDS)
  t.test(
    `each call of a start fails with each of its errors on a board with ${kind}, and ` +
      'it comes up with its settings unharmed',
    async (t) => {
      const from = await prepared(kind);
      const { kernel } = await run(again(from).board);
      const wrong: string[] = [];
      let cases = 0;
      for (const [index, call] of kernel.calls.entries())
        for (const errno of thinned(ERRNOS[call.split(' ')[0]!]!, index)) {
          cases++;
          for (const complaint of await tried(from, index + 1, errno))
            wrong.push(`${call}: ${errno}: ${complaint}`);
        }
      const expected = EXPECTED[kind] ?? /^$/;
      t.same(
        wrong.filter((each) => !expected.test(each)),
        [],
      );
      t.ok(cases > 200 / THIN, `${cases} cases`);
    },
  );

t.test(
  'if nothing works the root is the image, and every mount is exactly as before',
  async (t) => {
    for (const kind of KINDS.filter((each) => each !== 'an initramfs')) {
      const { board } = again(await prepared(kind));
      const before = powerOn(again({ board, settings: [] }).board).mounts.text();
      const { state, kernel, log } = await run(board, 'start', {
        at: (_, call) => (call.startsWith('pivot_root') ? 'EINVAL' : null),
      });
      t.notOk(
        log.some((line) => line.includes('not everything')),
        kind,
      );
      t.match(state, { rung: 'rom', exit: 3 }, kind);
      const own = (text: string): string =>
        text
          .split('\n')
          .filter((line) => !/ \/tmp\/(overlay|extroot) /.test(line))
          .join('\n');
      t.equal(own(kernel.mounts.text()), own(before), kind);
    }
  },
);

t.test(
  'out of an initramfs each rung is tried, down to the bare image; if that fails too, ' +
    'process 1 says so and ends',
  async (t) => {
    const from = await prepared('an initramfs');
    const bare = await run(again(from).board, 'start', {
      at: (_, call) => (call === 'switch_root /newroot-overlay' ? 'EINVAL' : null),
    });
    t.match(bare, {
      exit: 3,
      root: 'squashfs',
      state: { rung: 'rom', reason: 'overlay-failed' },
      kernel: { init: '/sbin/init' },
    });
    t.match(visibleAt(bare.mounts, '/dev'), { fstype: 'devtmpfs' });
    const none = await run(again(from).board, 'start', {
      at: (_, call) => (call.startsWith('switch_root') ? 'EINVAL' : null),
    });
    t.match(none, { exit: 1, root: 'rootfs', kernel: { init: null } });
    t.ok(
      none.log.some((line) =>
        line.startsWith('error: not even the bare image on /newroot could be switched to'),
      ),
      none.log.join('; '),
    );
    t.ok(none.kernel.kind('/init') === 'file', 'the ramdisk is still there');
  },
);

t.test('a second start on a started board changes nothing', async (t) => {
  for (const kind of KINDS) {
    const { board } = again(await prepared(kind));
    const { kernel } = await run(board);
    const before = [kernel.mounts.text(), kernel.calls.length];
    const { exit } = await run(board, 'start', {}, { on: kernel });
    t.equal(exit, 0, kind);
    t.same([kernel.mounts.text(), kernel.calls.length], before, kind);
  }
});

for (const verb of ['done', 'reset', 'stop'] as Verb[])
  t.test(
    `each call of ${verb} fails with each of its errors, the root stays unchanged, and ` +
      'nothing is lost',
    async (t) => {
      const wrong: string[] = [];
      for (const kind of KINDS) {
        const from = await prepared(kind);
        const started = async (
          faults = {},
        ): Promise<{ ran: Ran; offset: number; board: Prepared['board'] }> => {
          const { board } = again(from);
          let offset = Infinity;
          const first = await run(board, 'start', {
            at: (position, call) =>
              position > offset
                ? ((faults as { at?: (position: number, call: string) => string | null }).at?.(
                    position - offset,
                    call,
                  ) ?? null)
                : null,
          });
          offset = first.kernel.calls.length;
          return { ran: await run(board, verb, {}, { on: first.kernel }), offset, board };
        };
        const clean = await started();
        for (const [index, call] of clean.ran.kernel.calls.slice(clean.offset).entries())
          for (const errno of ERRNOS[call.split(' ')[0]!]!.filter(
            (_, at) => (at + index) % SPARSE === 0,
          )) {
            const { ran, board } = await started({
              at: (position: number) => (position === index + 1 ? errno : null),
            });
            if (ran.root === 'squashfs') wrong.push(`${kind}: ${call}: ${errno}: the root is gone`);
            if (settingsOf(ran.kernel).join('\n') !== from.settings.join('\n'))
              wrong.push(`${kind}: ${call}: ${errno}: the settings are not what they were`);
            cutPower(board, 'lost');
            const next = await run(board);
            if (next.state?.rung !== 'persistent')
              wrong.push(`${kind}: ${call}: ${errno}: the next boot is ${next.state?.rung}`);
            const gone = settingsOf(next.kernel).join('\n') !== from.settings.join('\n');
            if (
              gone &&
              !(verb === 'reset' && ran.exit === 0) &&
              !(verb === 'reset' && !next.kernel.list('/etc').includes('mine'))
            )
              wrong.push(
                `${kind}: ${call}: ${errno}: after it the settings are not what they were`,
              );
          }
      }
      t.same(wrong, []);
    },
  );
