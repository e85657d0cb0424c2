/**
 * The rules of the kernel's decisions in whole stories. explanation.test.ts compares them with the
 * logs of real boots; the tests beside this file walk their tables row by row.
 */
import fc from 'fast-check';
import t from 'tap';
import { explain, type Explanation } from '../../../../src/explain/explanation.js';
import type { FindProgram, Initrd } from '../../../../src/explain/kernel-inputs.js';
import { renderExplanation } from '../../../../src/explain/explanation-text.js';
import type { Runnable } from '../../../../src/facts/facts.js';
import { parseConsole } from '../../../../src/facts/console-log.js';
import {
  NOTHING,
  LOST,
  MTDPARTS,
  answer,
  board,
  changedFacts,
  foretold,
} from '../../../fixtures/explained.js';

t.test('cramfs and romfs accept an mtd name in a kernel that is built for it', async (t) => {
  for (const [fstype, option] of [
    ['cramfs', 'CRAMFS_MTD'],
    ['romfs', 'ROMFS_ON_MTD'],
  ] as const) {
    const types = [{ name: fstype, device: true }];
    const partitions = board.origin!.partitions.map((each) => ({
      ...each,
      content: 'unknown' as const,
    }));
    const on = (value: string | null, name = 'rootfs'): Explanation =>
      foretold(`${MTDPARTS} root=mtd:${name} rootfstype=${fstype}`, {
        facts: changedFacts({ types, partitions, ...(value === null && { config: null }) }),
        ...(value !== null && { config: { ...board.origin!.config, [option]: value } }),
      });
    t.match(answer(on('y'), 'mount'), new RegExp(`^yes: ${fstype}, read-only`), fstype);
    t.match(on('n'), {
      end: { kind: 'panics' },
      advice: { todo: [`build the kernel with CONFIG_${option}=y`] },
    });
    t.match(
      on('n').decisions.find(({ id }) => id === 'mount'),
      { answer: /error -2/, because: new RegExp(`without CONFIG_${option}`) },
    );
    t.match(
      on(null).decisions.find(({ id }) => id === 'mount'),
      { answer: /^yes/, certain: false },
    );
    t.match(answer(on('y', 'nosuch'), 'mount'), /error -2/);
  }
  t.match(
    answer(foretold('root=mtd:rootfs rootfstype=squashfs', { facts: board }), 'mount'),
    /error -2/,
  );
});

t.test('an init= that does not run is fatal since Linux 4.0, and was not before', async (t) => {
  const programs = [
    { path: '/x', error: -13, why: '/x is not executable' },
    { path: '/sbin/init', error: 0, why: '' },
  ];
  const on = (release: string): Explanation =>
    foretold(`root=/dev/mtdblock2 rootfstype=squashfs init=/x ${MTDPARTS}`, {
      facts: changedFacts({ programs }, { kernel: { ...board.kernel, release } }),
    });
  t.match(on('6.1.0').end, { kind: 'panics', message: 'Requested init /x failed (error -13).' });
  t.match(on('6.1.0').advice, { cause: '/x does not run: /x is not executable' });
  t.match(on('3.10.49').end, { kind: 'runs', program: '/sbin/init' });
});

t.test('the last words of a kernel without an init are those of its version', async (t) => {
  const message = (release: string): string => {
    const { end } = foretold('root=x rootfstype=tmpfs', {
      facts: changedFacts({}, { kernel: { ...board.kernel, release } }),
    });
    return end.kind === 'panics' ? end.message : end.kind;
  };
  t.match(message('6.1.0'), /^No working init found\..*admin-guide/);
  t.match(message('4.4.0'), /^No working init found\..*init\.txt/);
  t.match(message('3.10.49'), /^No init found\./);
});

t.test('a kernel without ramdisks accepts none', async (t) => {
  const told = foretold('root=/dev/mtdblock2 initrd=0x68000000,1M', {
    config: { BLK_DEV_INITRD: 'n' },
  });
  t.equal(answer(told, 'initrd'), 'no');
  t.equal(answer(told, 'built-in'), 'no cpio');
});

t.test('an initramfs built in from an unknown source is reported as unknown', async (t) => {
  const told = foretold('root=/dev/mtdblock2', {
    config: { BLK_DEV_INITRD: 'y', INITRAMFS_SOURCE: 'list.txt' },
  });
  t.match(answer(told, 'built-in'), /made from list\.txt/);
  t.match(
    told.decisions.find(({ id }) => id === 'early-init'),
    { certain: false, evidence: 'unknown' },
  );
});

t.test('the first root is a tmpfs only if nothing selects another', async (t) => {
  const config = { TMPFS: 'y' };
  t.match(answer(foretold('ro', { config }), 'rootfs'), /tmpfs/);
  t.match(answer(foretold('root=/dev/ram0', { config }), 'rootfs'), /ramfs/);
  t.match(answer(foretold('root=/dev/ram0 rootfstype=tmpfs', { config }), 'rootfs'), /tmpfs/);
  t.match(answer(foretold('ro', { config: {} }), 'rootfs'), /ramfs/);
});

t.test('without any knowledge the usual is assumed, and marked', async (t) => {
  const told = foretold('root=/dev/sda1');
  t.match(told.end, { kind: 'unknown' });
  t.equal(answer(told, 'process-1'), '/sbin/init, on the root on /dev/sda1');
  t.equal(told.decisions.find(({ id }) => id === 'mount')?.certain, false);
  t.equal(told.unknown.length, 2);
  t.match(answer(told, 'root-device'), /8:1$/);
});

t.test('rootwait waits for a name for ever, and not at all for a number', async (t) => {
  const words = MTDPARTS;
  t.match(foretold(`${words} root=/dev/sda1 rootwait`, { facts: board }).end, {
    kind: 'waits',
    forWhat: '/dev/sda1',
  });
  t.match(foretold(`${words} root=8:1 rootwait`, { facts: board }).end, {
    kind: 'panics',
    message: 'VFS: Unable to mount root fs on unknown-block(8,1)',
  });
});

t.test('the programs of an image decide its prediction', async (t) => {
  const image = {
    found: 'gzip',
    error: null,
    content: 'ext2' as const,
    journal: false,
    kibibytes: 512,
  };
  const config = {
    ...board.origin!.config,
    BLK_DEV_RAM: 'y',
    BLK_DEV_INITRD: 'y',
    DEFAULT_INIT: '',
  };
  const program = (path: string, error = 0): Runnable => ({
    path,
    error,
    why: error === 0 ? '' : `${path} needs /lib/ld.so, which does not exist`,
  });
  const on = (words: string, programs: Runnable[] | null): Explanation =>
    foretold(words, {
      facts: board,
      config,
      initrd: {
        name: 'image',
        error: 'no cpio magic',
        program: () => null,
        image,
        inImage: (path) =>
          programs === null ? undefined : (programs.find((each) => each.path === path) ?? null),
      },
    });
  t.match(on('root=/dev/ram0', [program('/bin/init')]).end, { kind: 'runs', program: '/bin/init' });
  t.match(on('root=/dev/ram0', []).end, { kind: 'panics', message: /^No working init found/ });
  t.match(on('root=/dev/ram0 init=/x', [program('/x', -2)]), {
    end: { kind: 'panics', message: 'Requested init /x failed (error -2).' },
    advice: { cause: /ld\.so/ },
  });
  t.match(
    on('root=/dev/ram0', null).end,
    { kind: 'unknown', because: /whether it is there and runs is not known/ },
    'of a program that is not known nothing is claimed',
  );
  const words = `${MTDPARTS} root=/dev/mtdblock2 rootfstype=ext2,squashfs`;
  t.match(answer(on(words, [program('/linuxrc')]), 'linuxrc'), /^yes: the kernel waits/);
  t.match(answer(on(words, []), 'linuxrc'), /^no: the image has none/);
  t.match(
    answer(on(words, [program('/linuxrc', -2)]), 'linuxrc'),
    /^no: error -2.*the boot goes on/,
  );
  t.match(answer(on(words, null), 'linuxrc'), /^yes if the image has one/);
});

/** An initrd that is an image of ext2. @param inImage its programs. */
const ext2Image = (inImage: FindProgram): Initrd => ({
  name: 'image',
  error: 'no cpio magic',
  program: () => null,
  image: { found: 'ext2', error: null, content: 'ext4', journal: false, kibibytes: 100 },
  inImage,
});

t.test(
  'since Linux 7.0 no /linuxrc runs, and an image beside another root stays unused',
  async (t) => {
    const on = (words: string, release: string): Explanation =>
      foretold(words, {
        facts: changedFacts({}, { kernel: { ...board.kernel, release } }),
        initrd: ext2Image((path) => ({ path, error: 0, why: '' })),
      });
    const words = `${MTDPARTS} root=/dev/mtdblock2 rootfstype=squashfs`;
    t.match(answer(on(words, '7.2.12'), 'linuxrc'), /^no: this kernel runs none/);
    t.match(on(words, '7.2.12').end, { kind: 'runs' });
    t.equal(on(words, '7.2.12').decisions.filter(({ id }) => id === 'mount-initrd').length, 0);
    t.match(
      answer(on(`${MTDPARTS} root=/dev/mtdblock2 rootfstype=ext2,squashfs`, '6.12.1'), 'linuxrc'),
      /^yes/,
    );
    t.match(on('root=/dev/ram0', '7.2.12').end, { kind: 'runs' });
    t.match(on(MTDPARTS, '7.2.12'), {
      end: { kind: 'panics' },
      advice: { cause: /runs no \/linuxrc of one since 7\.0/ },
    });
  },
);

t.test('since Linux 6.5 an image is looked at before a root on mtd is mounted', async (t) => {
  const on = (release: string): string | undefined =>
    answer(
      foretold(`${MTDPARTS} root=mtd:rootfs rootfstype=jffs2`, {
        facts: changedFacts({}, { kernel: { ...board.kernel, release } }),
        initrd: ext2Image(() => null),
      }),
      'image',
    );
  t.match(on('6.1.1'), /^no: /);
  t.match(on('6.12.1'), /^yes/);
});

t.test('old kernels are understood in their own words', async (t) => {
  const lines = [
    'Linux version 2.6.30 (x@y)',
    'Kernel command line: root=/dev/mtdblock2 init=/linuxrc',
    'checking if image is initramfs...',
    "it isn't (no cpio magic); looks like an initrd",
    'RAMDISK: Compressed image found at block 0',
    'VFS: Mounted root (ext2 filesystem).',
    'VFS: Mounted root (jffs2 filesystem).',
    'Trying to move old root to /initrd ... okay',
    'Freeing init memory: 128K',
    'Failed to execute /linuxrc.  Attempting defaults...',
    'Kernel panic - not syncing: No init found.  Try passing init= option to kernel.',
  ];
  const told = explain({ ...NOTHING, log: parseConsole(lines.join('\n'))[0]! });
  t.equal(told.kernel, '2.6.30');
  t.match(answer(told, 'initrd-kind'), /^no \(no cpio magic\)/);
  t.equal(answer(told, 'init-fails'), 'no');
  t.match(answer(told, 'mount-initrd'), /^yes: ext2/);
  t.equal(answer(told, 'old-root'), 'it is moved to /initrd');
  t.match(told.advice, { cause: /^\/linuxrc does not run/ });
});

t.test('any command line and log give a story with an end', async () => {
  const words = fc
    .array(
      fc.constantFrom(
        'root=/dev/mtdblock2',
        'root=',
        'root=mtd:rootfs',
        'root=PARTUUID=x',
        'root=8:1',
        'root=fffff',
        'rootfstype=jffs2',
        'rootfstype=,',
        'rootwait',
        'rootdelay=9999999999',
        'init=',
        'rdinit=',
        'initrd=,',
        'initrd=0x1,0xffffffffffffffff',
        'noinitrd',
        'rw',
        '--',
        'ramdisk_size=0',
        '"',
      ),
      { maxLength: 8 },
    )
    .map((all) => all.join(' '));
  const lines = fc.array(
    fc.constantFrom(
      'Linux version 6.1.0',
      'Kernel command line: quiet',
      'Trying to unpack rootfs image as initramfs...',
      'rootfs image is not initramfs (x); looks like an initrd',
      'RAMDISK: gzip image found at block 0',
      'VFS: Mounted root (ext4 filesystem) readonly on device 1:0.',
      'VFS: Cannot open root device "x" or unknown-block(0,0): error -6',
      'No filesystem could mount root, tried: ',
      ' ext4',
      '1f02 1 x',
      'Run /init as init process',
      'Failed to execute /init (error -2)',
      'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
      'Kernel panic - not syncing: x',
      'Waiting for root device x...',
      'using deprecated initrd support',
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(
      words,
      lines,
      fc.constantFrom(null, board, changedFacts(LOST)),
      fc.boolean(),
      (commandLine, log, machine, console) => {
        const told = explain({
          ...NOTHING,
          facts: machine,
          commandLine,
          log: console ? (parseConsole(log.join('\n'))[0] ?? null) : null,
        });
        const ends =
          told.end.kind === 'not-understood'
            ? told.decisions.length === 0
            : told.decisions.length > 3 &&
              ['runs', 'panics', 'waits', 'unknown'].includes(told.end.kind);
        return (
          ends &&
          renderExplanation(told)
            .split('\n')
            .every((line) => line.length <= 80)
        );
      },
    ),
    { numRuns: 1000 },
  );
});
