import t from 'tap';
import { renderPrometheus } from '../../../../src/report/status/prometheus.js';
import { renderStatus, renderSteps } from '../../../../src/report/status/status-text.js';
import { REASONS } from '../../../../src/plan/reasons.js';
import { whatToDo } from '../../../../src/report/status/what-to-do.js';
import { BOARD, BOARD_STARTED } from '../../../fixtures/captures.js';
import { golden, lineLengths } from '../../../fixtures/golden.js';
import {
  MIB,
  boardStatus,
  boot,
  journalText,
  opened,
  type Board,
} from '../../../fixtures/status.js';

const VOLATILE = BOARD_STARTED.replace(
  'overlayfs:/overlay rw,lowerdir=/,upperdir=/overlay/upper,workdir=/overlay/work',
  'overlayfs:/tmp/root rw,lowerdir=/,upperdir=/tmp/root/upper,workdir=/tmp/root/work',
);
const FULL: Board = {
  rung: {
    rung: 'kept-read-only',
    reason: 'full',
    because:
      'nothing can be written on /overlay (ENOSPC: no space left on device): ' +
      'delete something, or order `mountroot reset`',
  },
  free: 0.4 * MIB,
  gathered: {
    boots: [
      boot(1),
      boot(2, (text) =>
        text.replaceAll(
          '"rung":"persistent","reason":null',
          '"rung":"kept-read-only","reason":"full"',
        ),
      ),
    ],
    opened: opened({ attempts: 3, order: { keep: ['/etc/network'] }, quarantine: ['upper-1'] }),
    notice: 'mountroot: settings are there',
  },
};

for (const [name, board] of [
  ['persistent', {}],
  ['full', FULL],
  [
    'volatile',
    {
      mountinfo: VOLATILE,
      rung: {
        rung: 'volatile',
        reason: 'unknown-content',
        because: 'mtd3 "rootfs_data": it begins with 68 73 71 73, which is nothing we know',
      },
      gathered: {
        boots: [boot(1)],
        opened: null,
        health: null,
        notice: 'mountroot: CHANGES ARE LOST',
      },
    },
  ],
  [
    'before-a-start',
    {
      mountinfo: BOARD.mountinfo,
      free: 0,
      rung: null,
      journal: '',
      gathered: { boots: [], opened: null, recordedAt: null, health: null },
    },
  ],
] as [string, Board][])
  t.test(`the screen of a board is the reviewed one: ${name}`, async (t) => {
    const text = renderStatus(boardStatus(board));
    golden(t, `report/status-${name}.txt`, text);
    t.ok(lineLengths(text) <= 80);
    t.ok(text.split('\n').length <= 24);
  });

t.test('it always fits one screen, and says if it was cut', async (t) => {
  const long = 'something that was found, and is told at length; '.repeat(40);
  const text = renderStatus(
    boardStatus({
      ...FULL,
      rung: { rung: 'kept-read-only', reason: 'full', because: long },
      gathered: {
        ...FULL.gathered,
        problems: Array.from({ length: 30 }, (_, index) => `${index}: ${long}`),
      },
    }),
  );
  t.ok(text.trimEnd().split('\n').length <= 23, text);
  t.ok(lineLengths(text) <= 80);
  t.match(text, /^reason {4}full: something/m);
  t.match(text, /^rung {6}kept-read-only \(degraded\)/m);
  t.match(text, /`mountroot status --json` has all of it\)$/m);
});

t.test('text from a journal or a volume cannot control the terminal', async (t) => {
  t.notMatch(
    renderStatus(
      boardStatus({ rung: { rung: 'rom', reason: 'x\x1b[2J', because: '\x07\ninjected' } }),
    ),
    /[\x00-\x09\x0b-\x1f]/,
  );
});

t.test(
  'a set clock gives the date of the root; else the time counts from the kernel start',
  async (t) => {
    t.match(boardStatus().since, { at: 6539.675, when: '2026-11-20T14:02:17.539Z' });
    t.match(
      renderStatus(boardStatus()),
      /^rung {6}persistent, since 2026-11-20 14:02:17 UTC \(2 h 3 min ago\)$/m,
    );
    const unset = boardStatus({ gathered: { now: { at: 7_384_000, time: null } } });
    t.match(unset.since, { when: null });
    t.match(renderStatus(unset), /since 6\.54 s after the kernel started \(2 h 3 min ago\)/);
  },
);

t.test('every reason has a cure, and an unknown word has none', async (t) => {
  for (const [reason, row] of Object.entries(REASONS)) t.equal(whatToDo(reason), row.cure);
  t.equal(whatToDo('toString'), null);
  t.equal(whatToDo(null), null);
});

t.test('the fields that programs use are present', async (t) => {
  t.match(boardStatus(), {
    schema: 'mountroot.status/1',
    persistent: true,
    degraded: false,
    rung: { rung: 'persistent', reason: null },
    data: { mountpoint: '/overlay', space: { free: 62 * MIB } },
    root: { fstype: 'overlay' },
    start: { ok: true },
    boot: { number: 2, confirmed: true, attempts: 0, start: { exit: 0 } },
    before: { boot: 1, rung: 'persistent', confirmed: true },
    differences: [],
  });
  t.match(boardStatus(FULL), {
    degraded: true,
    todo: /delete/,
    pending: { reset: { keep: ['/etc/network'] } },
    differences: [
      { what: 'rung', before: 'persistent', now: 'kept-read-only' },
      { what: 'reason', now: 'full' },
    ],
  });
  t.equal(
    boardStatus({ rung: { rung: 'volatile', reason: 'asked', because: null } }).degraded,
    false,
    'what somebody asked for is no fault',
  );
});

t.test('a root that stopped keeping its changes is reported', async (t) => {
  t.match(
    boardStatus({ mountinfo: BOARD_STARTED.replace('/dev/mtdblock3 rw', '/dev/mtdblock3 ro') })
      .attention,
    [/by now this one does not/],
  );
});

t.test(
  'a read-only root has no space, without trouble; a full writable root is trouble',
  async (t) => {
    const rom = boardStatus({
      mountinfo: BOARD.mountinfo,
      free: 0,
      rung: { rung: 'rom', reason: 'no-overlay', because: null },
    });
    t.match(rom, { space: null, attention: [] });
    t.notMatch(renderStatus(rom), /is full/);
    t.notMatch(renderPrometheus(rom), /mountroot_data_size_bytes/);
    t.match(renderPrometheus(rom), /^mountroot_attention 0$/m);
    const plain = boardStatus({
      mountinfo: '1 0 8:1 / / rw - ext4 /dev/sda1 rw',
      free: 0,
      rung: null,
    });
    t.match(plain.attention, [/^\/ is full/]);
  },
);

t.test('a start that was killed is not one that nobody tried', async (t) => {
  // As the launcher writes it for an agent that had no chance to.
  const begin = journalText(2).split('\n', 1)[0]!;
  const error = 'signal 9 ended the agent before it was done, perhaps because memory is short';
  const end = { type: 'end', ok: false, exit: 137, error, warnings: [], at: 900, ms: 400 };
  const journal = `${begin}\n${JSON.stringify(end)}\n`;
  const text = renderStatus(
    boardStatus({ mountinfo: BOARD.mountinfo, rung: null, journal, free: 0 }),
  ).replace(/\s+/g, ' ');
  t.match(text, /^rung none: the start of this boot recorded none /);
  t.match(text, / start failed after 400 ms, .*: signal 9 ended the agent .* memory is short /);
});

t.test('the steps appear on request', async (t) => {
  golden(t, 'report/status-steps.txt', renderSteps(boardStatus()));
  t.equal(renderSteps({ ...boardStatus(), start: null }), '');
});

t.test('paths that last are named, and what becomes of their changes', async (t) => {
  const lasting = (path: string, upper: string, access: string): string =>
    `9${path.length} 1 0:90 / ${path} rw - overlay mountroot-persist ` +
    `${access},lowerdir=${path},upperdir=${upper}/upper\n`;
  const now = boardStatus({
    mountinfo:
      VOLATILE +
      lasting('/etc/network', '/overlay/persist/etc%2Fnetwork', 'rw') +
      lasting('/srv', '/tmp/root/persist-2', 'rw'),
    rung: { rung: 'volatile', reason: 'persist', because: 'only /etc/network is kept' },
  });
  t.match(now, {
    persistent: false,
    degraded: false,
    lasting: [
      { path: '/etc/network', kept: true },
      { path: '/srv', kept: false },
    ],
  });
  t.match(
    renderStatus(now),
    /^lasting {3}\/etc\/network: what is changed there is kept; \/srv: as/m,
  );
});

t.test('a root below that stays open for writing needs attention', async (t) => {
  const open = (access: string, more = ''): readonly string[] =>
    boardStatus({
      mountinfo:
        BOARD_STARTED.replace(/^(.* \/rom )\w+(,\S+)?( - squashfs \S+ )ro/m, `$1ro$2$3${access}`) +
        more,
    }).attention;
  const says = /below the overlay is open for writing/;
  t.notOk(open('ro').some((each) => says.test(each)));
  t.ok(open('rw').some((each) => says.test(each)));
});
