import t from 'tap';
import { causeOf, NO_ROOT_RULES, WAITS_RULES } from '../../../../src/explain/advice/cause-rules.js';
import {
  INIT_ENDED_RULES,
  NO_INIT_RULES,
  STOPS_RULES,
} from '../../../../src/explain/advice/init-cause-rules.js';
import type { ChosenComplaint } from '../../../../src/explain/advice/chosen-complaint.js';
import type { FailedBoot } from '../../../../src/explain/advice/failed-boot.js';
import { bootParameters } from '../../../../src/explain/boot-parameters.js';
import type { ComplaintWeight } from '../../../../src/explain/messages/complaint-data.js';
import { readLines } from '../../../fixtures/complaints.js';
import { walkRules } from '../../../fixtures/rule-walk.js';

const boot = (commandLine: string, changes: Partial<FailedBoot> = {}): FailedBoot => ({
  words: bootParameters(commandLine),
  rootKnown: true,
  spoken: true,
  number: null,
  cannotOpen: false,
  tried: true,
  rootInvalid: false,
  listed: false,
  types: null,
  failedMount: { id: 'mount', fstype: null },
  error: null,
  brokenInitrd: null,
  earlyInit: null,
  earlyKnown: true,
  partitionMissing: false,
  isCpio: false,
  linuxrc: false,
  linuxrcGone: false,
  failedInit: null,
  exitCode: null,
  driver: null,
  waits: null,
  ran: null,
  complaint: null,
  hint: null,
  ...changes,
});

const complaint = (weight: ComplaintWeight): ChosenComplaint => ({
  value: {
    weight,
    cause: { code: 'sata-link-down', port: 'ata1' },
    layer: 'disk',
    device: 'ata1',
    roots: 0,
  },
  said: 'ata1: SATA link down',
  at: 1,
});

t.test('causes of a missing root, row by row', async (t) => {
  walkRules(t, NO_ROOT_RULES, [
    [
      'its driver is a module',
      boot('root=/dev/vda2', { driver: 'VIRTIO_BLK' }),
      { code: 'driver-not-built-in', root: '/dev/vda2', option: 'VIRTIO_BLK' },
    ],
    [
      'the image failed, not the root',
      boot('rootfstype=squashfs', { failedMount: { id: 'mount-initrd', fstype: null } }),
      { code: 'initrd-image-type', fstypes: ['squashfs'] },
    ],
    [
      'an initrd that is neither cpio nor image, whatever root= says',
      boot('root=/dev/a', { brokenInitrd: { reason: 'junk' } }),
      { code: 'initrd-broken', reason: 'junk', then: { root: '/dev/a' } },
    ],
    [
      'a driver or a file system said why',
      boot('root=/dev/a', { complaint: complaint('reason'), error: -6 }),
      { code: 'sata-link-down' },
    ],
    ['a root that nothing names', boot('', { rootKnown: false }), { code: 'root-not-shown' }],
    [
      'an image with another root',
      boot('', { linuxrc: true }),
      { code: 'image-without-root-word' },
    ],
    [
      'an image with a /linuxrc that no kernel runs any more',
      boot('', { linuxrcGone: true }),
      { code: 'image-without-linuxrc' },
    ],
    [
      'a cpio without the program',
      boot('rdinit=/x', { isCpio: true }),
      { code: 'initrd-without-init', program: '/x' },
    ],
    ['nothing at all', boot(''), { code: 'no-root-word' }],
    [
      "a file system's own id",
      boot('root=UUID=1-2'),
      { code: 'root-by-file-system-id', word: 'UUID' },
    ],
    ['a form that is none', boot('root=x', { rootInvalid: true }), { code: 'root-invalid' }],
    [
      'a type that could take an mtd name',
      boot('root=mtd:a', { error: -2, types: ['cramfs'] }),
      { code: 'mtd-name-not-built', fstype: 'cramfs', option: 'CRAMFS_MTD' },
    ],
    [
      'a type that takes no flash name',
      boot('root=mtd:a', { error: -2, types: ['squashfs'] }),
      { code: 'flash-name-wants-type', root: 'mtd:a' },
    ],
    ['a UBI volume', boot('root=ubi0:a', { error: -19 }), { code: 'no-ubi-volume' }],
    ['an mtd partition', boot('root=mtd:a', { error: -22 }), { code: 'no-mtd-partition' }],
    ['a server', boot('root=/dev/nfs', { error: -6 }), { code: 'no-server' }],
    [
      'ENODEV',
      boot('root=/dev/a', {
        error: -19,
        types: ['xfs'],
        failedMount: { id: 'mount', fstype: 'xfs' },
      }),
      { code: 'type-missing', fstype: 'xfs', types: ['xfs'] },
    ],
    [
      'EIO of jffs2',
      boot('root=/dev/a', { error: -5, types: ['jffs2'] }),
      { code: 'jffs2-finds-nothing' },
    ],
    ['EIO of another type', boot('root=/dev/a', { error: -5 }), { code: 'device-unreadable' }],
    [
      'another error',
      boot('root=/dev/a', { error: -117 }),
      { code: 'mount-error', root: '/dev/a', error: -117 },
    ],
    [
      'ENXIO of a disk that is there',
      boot('root=/dev/sda9', { error: -6, number: '8:9' }),
      { code: 'no-partition', root: '/dev/sda9' },
    ],
    [
      'a device that is listed, and was not found',
      boot('root=/dev/sda1', { error: -6, number: '0:0', listed: true }),
      { code: 'device-late', root: '/dev/sda1', rootwait: false },
    ],
    [
      'ENXIO of a device that is listed',
      boot('root=/dev/sda1', { error: -6, number: '8:1', listed: true }),
      { code: 'device-not-opened', root: '/dev/sda1' },
    ],
    [
      'a device, and a file system that is not on it',
      boot('root=/dev/a', { tried: false, hint: complaint('other-content') }),
      { code: 'sata-link-down' },
    ],
    [
      'no device, and a driver that failed',
      boot('root=/dev/a', { error: -6, hint: complaint('hint') }),
      { code: 'sata-link-down' },
    ],
    [
      'ENXIO',
      boot('root=/dev/a', { error: -6 }),
      { code: 'no-device', root: '/dev/a', rootwait: false },
    ],
    [
      'another error, or none, of a device that is there',
      boot('root=/dev/a', { number: '31:2', cannotOpen: true }),
      { code: 'device-not-opened', root: '/dev/a', error: null },
    ],
    ['no reason at all', boot('root=/dev/a', { tried: false }), { code: 'root-not-mounted' }],
    [
      'a type that was chosen',
      boot('root=/dev/a rootfstype=ext4'),
      { code: 'wrong-type', fstypes: ['ext4'] },
    ],
    ['any other', boot('root=/dev/a'), { code: 'no-type-fits', root: '/dev/a' }],
  ]);
  t.match(
    causeOf('no-root', boot('root=/dev/a', { failedMount: null })),
    { code: 'no-device' },
    'where no mount was decided, the device is missing',
  );
  t.match(
    causeOf('no-root', boot('', { rootKnown: false, number: '179:2', tried: false })),
    { code: 'root-not-mounted', root: '179:2' },
    'a root of which only the number is shown',
  );
  t.match(causeOf('no-root', boot('root=/dev/a rootwait', { error: -6 })), { rootwait: true });
});

t.test('causes of a missing process 1, row by row', async (t) => {
  walkRules(t, NO_INIT_RULES, [
    [
      'the initrd of it is damaged',
      boot('', { earlyInit: '/init', brokenInitrd: { reason: 'junk' } }),
      { code: 'initrd-broken', then: { program: '/init' } },
    ],
    [
      'a file system said why',
      boot('', { complaint: complaint('damage') }),
      { code: 'sata-link-down' },
    ],
    ['no program is named', boot(''), { code: 'no-init-on-root' }],
    [
      'one is',
      boot('', { failedInit: { program: '/x', error: -8, known: null } }),
      { code: 'init-does-not-run', program: '/x', error: -8 },
    ],
  ]);
});

t.test('causes of the end of process 1, row by row', async (t) => {
  const ended = (exitCode: number | null): FailedBoot => boot('', { exitCode });
  walkRules(t, INIT_ENDED_RULES, [
    [
      'something said why',
      { ...ended(0x100), complaint: complaint('reason') },
      { code: 'sata-link-down' },
    ],
    ['an old kernel prints no code', ended(null), { code: 'init-ended' }],
    ['SIGILL', ended(4), { code: 'init-illegal-instruction' }],
    ['SIGSEGV with a core', ended(0x8b), { code: 'init-signal', signal: 11 }],
    ['127', ended(0x7f00), { code: 'init-not-found' }],
    ['126', ended(0x7e00), { code: 'init-not-runnable' }],
    ['139', ended(0x8b00), { code: 'init-child-signal', signal: 11 }],
    ['0', ended(0), { code: 'init-finished' }],
    ['1', ended(0x100), { code: 'init-status', status: 1 }],
  ]);
});

t.test('words of another program explain the end of process 1 only with its status', async (t) => {
  const cause = (line: string, exitCode: number): string => {
    const said = { value: readLines(line).complaints[0]!.value, said: line, at: 1 };
    return causeOf('init-ended', boot('', { exitCode, complaint: said, ran: '/sbin/init' })).code;
  };
  const library = 'error while loading shared libraries: libx.so: cannot open shared object file';
  t.equal(cause(`/sbin/init: ${library}`, 0x100), 'library-missing');
  t.equal(cause(`/usr/bin/tool: ${library}`, 0x7f00), 'library-missing', 'a script runs it last');
  t.equal(cause(`/usr/bin/tool: ${library}`, 0x100), 'init-status');
  t.equal(cause('/etc/init.d/rcS: line 3: tool: not found', 0x100), 'init-status');
  t.equal(cause('/init: line 3: tool: not found', 0x100), 'script-fails');
  t.equal(cause('/init: line 3: tool: not found', 11), 'init-signal');
  t.equal(cause("can't run '/etc/init.d/rcS': No such file or directory", 6), 'init-signal');
});

t.test('causes of an endless wait and of a process 1 that stops, row by row', async (t) => {
  walkRules(t, WAITS_RULES, [
    [
      'its driver is a module',
      boot('root=/dev/vda2', { driver: 'VIRTIO_BLK' }),
      { code: 'driver-not-built-in', root: '/dev/vda2', option: 'VIRTIO_BLK' },
    ],
    [
      'its disk is there without it',
      boot('root=/dev/sda3', { partitionMissing: true }),
      { code: 'no-partition', root: '/dev/sda3' },
    ],
    [
      'something said why',
      boot('', { complaint: complaint('reason') }),
      { code: 'sata-link-down' },
    ],
    ['a driver failed', boot('', { hint: complaint('hint') }), { code: 'sata-link-down' }],
    ['it waits for nothing', boot('', { waits: '' }), { code: 'no-root-word' }],
    [
      'nothing says',
      boot('', { waits: '/dev/a' }),
      { code: 'device-does-not-come', forWhat: '/dev/a' },
    ],
  ]);
  walkRules(t, STOPS_RULES, [
    [
      'something said why',
      boot('', { complaint: complaint('reason') }),
      { code: 'sata-link-down' },
    ],
    ['nothing says', boot(''), { code: 'early-shell' }],
  ]);
});

t.test('a panic of another kind has its cause too', async (t) => {
  for (const [kind, code] of [
    ['no-decompressor', 'no-decompressor'],
    ['no-memory', 'no-memory'],
    ['cut', 'panic-not-shown'],
    ['other', 'other-panic'],
  ] as const)
    t.match(causeOf(kind, boot('')), { code });
  t.match(
    causeOf('no-memory', boot('', { ran: '/sbin/init' })),
    { code: 'init-out-of-memory' },
    'after process 1 began, no ramdisk is unpacked',
  );
});
