import t from 'tap';
import { lastStart } from '../../../../src/report/journal/last-start.js';
import { fateOfChanges, status } from '../../../../src/report/status/root-status.js';
import type { JournalRecord } from '../../../../src/execute/journal.js';
import type { Facts } from '../../../../src/facts/facts.js';
import { parseMountinfo } from '../../../../src/facts/mountinfo.js';
import { BOARD, BOARD_STARTED, SYSTEMD } from '../../../fixtures/captures.js';

const MIB = 2 ** 20;
const look = (mountinfo: string, journal: JournalRecord[] = []): ReturnType<typeof status> =>
  status({
    mounts: parseMountinfo(mountinfo),
    journal,
    rung: null,
    space: () => ({ total: 64 * MIB, free: 48.5 * MIB }),
  });

const begin = (at: number): JournalRecord => ({
  type: 'begin',
  schema: 'mountroot.journal/2',
  verb: 'start',
  version: '0',
  node: 'v24',
  at,
});
const decision: JournalRecord = {
  type: 'decision',
  decision: 'go',
  summary: 'an overlay root',
  steps: 1,
  notes: [],
  at: 3,
};
const step: JournalRecord = {
  type: 'step',
  number: 1,
  id: 'private',
  action: { kind: 'chdir', path: '/' },
  result: 'done',
  at: 4,
  ms: 1.25,
};
const end = (ok: boolean, error?: string): JournalRecord => ({
  type: 'end',
  ok,
  exit: ok ? 0 : 1,
  warnings: [],
  at: 9,
  ms: 7,
  ...(error !== undefined && { error }),
});

t.test('on a started board changes are kept, and the place is named', async (t) => {
  t.same(look(BOARD_STARTED), {
    schema: 'mountroot.status/1',
    root: { fstype: 'overlay', source: 'overlayfs:/overlay', writable: true },
    persistent: true,
    rung: null,
    summary: 'an overlay, its changes on jffs2 /dev/mtdblock3; what is changed on it is kept',
    image: { mountpoint: '/rom', fstype: 'squashfs', source: '/dev/root' },
    data: {
      mountpoint: '/overlay',
      fstype: 'jffs2',
      source: '/dev/mtdblock3',
      space: { total: 64 * MIB, free: 48.5 * MIB },
    },
    start: null,
  });
});

t.test('before a start nothing can be changed', async (t) => {
  t.match(look(BOARD.mountinfo), {
    persistent: false,
    root: { fstype: 'squashfs', writable: false },
    image: null,
    data: null,
    summary: 'squashfs /dev/root; nothing on it can be changed',
  });
});

t.test('changes in memory are reported as lost at reboot', async (t) => {
  const volatile = BOARD_STARTED.replace('- jffs2 /dev/mtdblock3 rw', '- tmpfs tmpfs rw');
  t.match(look(volatile), {
    persistent: false,
    summary: /changes on tmpfs tmpfs; what is changed on it is lost at power-off/,
  });
});

t.test('a data volume or an overlay that became read-only keeps nothing', async (t) => {
  t.equal(look(BOARD_STARTED.replace('/dev/mtdblock3 rw', '/dev/mtdblock3 ro')).persistent, false);
  t.match(look(BOARD_STARTED.replace('overlayfs:/overlay rw', 'overlayfs:/overlay ro')), {
    persistent: false,
    root: { writable: false },
    summary: /nothing on it can be changed/,
  });
});

t.test(
  "the old overlayfs, with the upper layer in the partition's root, is understood",
  async (t) => {
    const legacy = BOARD_STARTED.replace(
      '- overlay overlayfs:/overlay rw,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work',
      '- overlayfs overlayfs:/overlay rw,lowerdir=/,upperdir=/overlay',
    );
    t.match(look(legacy), { persistent: true, data: { mountpoint: '/overlay' } });
  },
);

t.test(
  'a moved upper layer is found by the overlay source, because upperdir= names the old place',
  async (t) => {
    const moved = BOARD_STARTED.replace(
      'upperdir=/overlay/upper,workdir=/overlay/work',
      'upperdir=/tmp/overlay/upper,workdir=/tmp/overlay/work',
    );
    t.not(moved, BOARD_STARTED);
    t.match(look(moved), { persistent: true, data: { mountpoint: '/overlay', fstype: 'jffs2' } });
    t.match(
      look(BOARD_STARTED.replace('overlayfs:/overlay rw', 'overlay rw')),
      { data: { mountpoint: '/overlay' } },
      'an overlay that somebody else mounted is found by its upperdir',
    );
  },
);

t.test('an ordinary machine, and one that shows nothing, have a status too', async (t) => {
  t.match(look(SYSTEMD), {
    persistent: true,
    summary: 'ext4 /dev/nvme0n1p2; what is changed on it is kept',
  });
  t.match(look(''), {
    root: null,
    persistent: false,
    summary: 'what / is cannot be told: no mount on / is seen',
  });
});

t.test('what becomes of changes is told only where the mounts show it', async (t) => {
  const fate = (mountinfo: string, rootdisk?: Facts['rootdisk']): string =>
    fateOfChanges({ mounts: parseMountinfo(mountinfo), rootdisk, rung: null });
  const upper = (device: string, type: string): string =>
    BOARD_STARTED.replace(/31:3 (.*) - jffs2 \/dev\/mtdblock3/, `${device} $1 - ${type}`);
  t.equal(fate(''), 'unknown');
  t.equal(fate(SYSTEMD), 'kept');
  t.equal(fate(BOARD.mountinfo), 'unchangeable');
  t.equal(fate(BOARD_STARTED), 'kept');
  t.equal(fate(BOARD_STARTED.replace('/dev/mtdblock3 rw', '/dev/mtdblock3 ro')), 'unchangeable');
  t.equal(fate(upper('0:44', 'tmpfs tmpfs')), 'lost');
  t.equal(fate(upper('1:0', 'ext4 /dev/root')), 'lost', 'a ramdisk');
  t.equal(fate(upper('253:0', 'ext4 /dev/zram0')), 'lost');
  const loop = upper('7:0', 'f2fs /dev/loop0');
  t.equal(fate(loop), 'unknown', 'the file of a loop device does not show');
  const behind = { device: 'sda2', number: '8:2', size: 9, used: 4, offset: 5 };
  const content = { kind: 'f2fs', evidence: 'magic' } as const;
  t.equal(fate(loop, { ...behind, content, loop: { name: 'loop0', number: '7:0' } }), 'kept');
  t.equal(fate(loop, { ...behind, content, loop: null }), 'unknown');
  t.equal(
    fate('20 1 0:20 / / rw - overlay overlay rw,lowerdir=/lower,upperdir=/upper/data\n'),
    'unknown',
    'the mount below the upper layer does not show',
  );
});

t.test('the journal says how the last start ended, or that it was interrupted', async (t) => {
  t.match(look(BOARD_STARTED, [begin(2), decision, step, end(true)]).start, {
    summary: 'an overlay root',
    at: 2,
    ms: 7,
    ok: true,
    steps: [{ number: 1, id: 'private', result: 'done', ms: 1.25 }],
  });
  t.match(look(BOARD.mountinfo, [begin(2), decision, end(false, 'cannot do it')]).start, {
    ok: false,
    error: 'cannot do it',
  });
  t.match(look(BOARD.mountinfo, [begin(2), decision]).start, { ok: null, ms: null });
  t.match(look(BOARD.mountinfo, [begin(2)]).start, {
    summary: 'cut off before it was planned',
    ok: null,
    steps: [],
  });
});

t.test('the last of several starts in a journal counts', async (t) => {
  const text = [begin(1), decision, end(false), begin(20), step]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
  t.same(lastStart(text), [begin(20), step]);
  t.same(lastStart(''), []);
});

t.test('incomplete lines and lines that are no records are skipped', async (t) => {
  const line = (record: JournalRecord): string => JSON.stringify(record);
  const text = [
    line(begin(1)),
    line(decision).slice(0, 30),
    '',
    'null',
    '7',
    '"begin"',
    '[]',
    '{"type":"begin"}',
    '{"type":"other","at":1}',
    line(step),
  ].join('\n');
  t.same(lastStart(text), [begin(1), step]);
  t.same(lastStart(line(decision)), [decision], 'a journal whose beginning is lost');
});
