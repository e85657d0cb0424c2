/**
 * The rules of the kernel's decisions, one by one; that they hold together, the logs of real boots
 * show in explain.test.ts.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import { bootParameters, memparse } from '../../../src/explain/boot-parameters.js';
import {
  explain,
  type Explanation,
  type ExplanationSources,
} from '../../../src/explain/explanation.js';
import { effectiveCommandLine } from '../../../src/explain/effective-command-line.js';
import { renderExplanation } from '../../../src/explain/explanation-text.js';
import type { Facts, Runnable } from '../../../src/facts/facts.js';
import { parseConsole } from '../../../src/facts/kernel-log.js';
import { parseDeviceTree } from '../../../src/facts/device-tree.js';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';
import type { RootOrigin } from '../../../src/facts/facts.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { BOARD_STARTED } from '../../fixtures/captures.js';
import { withInitrd } from '../../fixtures/boot-loader.js';
import { golden, lineLengths } from '../../fixtures/golden.js';
import { boardStatus } from '../../fixtures/status.js';

const NOTHING: ExplanationSources = {
  facts: null,
  commandLine: null,
  config: null,
  deviceTree: null,
  initrd: null,
  log: null,
  ours: null,
};
const board = parseFacts(
  readFileSync(new URL('../../fixtures/console/facts.json', import.meta.url), 'utf8'),
  'facts.json',
);
const facts = (origin: Partial<RootOrigin> = {}, changes: Partial<Facts> = {}): Facts => ({
  ...board,
  ...changes,
  origin: { ...board.origin!, ...origin },
});
const foretold = (commandLine: string, sources: Partial<ExplanationSources> = {}): Explanation =>
  explain({ ...NOTHING, commandLine, ...sources });
const here = (origin: Partial<RootOrigin> = {}, changes: Partial<Facts> = {}): Explanation =>
  explain({ ...NOTHING, facts: facts(origin, changes) });
const answer = ({ decisions }: Explanation, id: string): string | undefined =>
  decisions.find((each) => each.id === id)?.answer;
const lost = { log: { lines: [], fromStart: false, allLevels: true }, logBegins: 60 };

t.test('the words of the command line are taken as the kernel takes them', async (t) => {
  t.match(
    bootParameters(
      'root=/dev/a rw root=/dev/mtdblock2 ro rootfstype=ext4,,squashfs rootwait rootdelay=0x10 init="/bin/a b" -- -f "x y"',
    ),
    {
      root: '/dev/mtdblock2',
      fstypes: ['ext4', 'squashfs'],
      writable: false,
      access: 'ro',
      wait: true,
      delay: 16,
      init: '/bin/a b',
      initArgs: ['-f', 'x y'],
    },
  );
  t.match(bootParameters('rootwait=1 ro=x retain-initrd load_ramdisk=1'), {
    wait: false,
    access: null,
    retain: true,
    deprecated: ['load_ramdisk'],
  });
  t.equal(bootParameters(`root=${'x'.repeat(100)}`).root?.length, 63);
});

t.test(
  "initrd= needs an address and a size, with the kernel's letters, and the last one in that form counts",
  async (t) => {
    t.same(bootParameters('initrd=0x68000000,4M').initrd, { start: 0x6800_0000, size: 4 << 20 });
    t.same(bootParameters('initrd=1G,010 initrdmem=/boot/x').initrd, { start: 2 ** 30, size: 8 });
    t.match(bootParameters('initrd=/boot/initrd.img'), {
      initrd: null,
      strangeInitrd: '/boot/initrd.img',
    });
    t.same(memparse('17k,'), { value: 17 * 1024, rest: ',' });
  },
);

t.test('of two command lines the configuration decides', async (t) => {
  const own = { CMDLINE: 'root=/dev/own' };
  t.equal(effectiveCommandLine('a', null).text, 'a');
  t.equal(effectiveCommandLine('a', own).text, 'a');
  t.equal(effectiveCommandLine('', own).text, 'root=/dev/own');
  t.equal(effectiveCommandLine('a', { ...own, CMDLINE_EXTEND: 'y' }).text, 'a root=/dev/own');
  t.equal(effectiveCommandLine('a', { ...own, CMDLINE_FORCE: 'y' }).text, 'root=/dev/own');
  t.match(foretold('root=/dev/a', { config: { ...own, CMDLINE_FORCE: 'y' } }), {
    commandLine: 'root=/dev/own',
    decisions: [{ id: 'command-line', evidence: 'config' }],
  });
});

t.test('cramfs and romfs take an mtd name in a kernel that is built for it', async (t) => {
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
      foretold(
        `${board.kernel.commandLine.match(/mtdparts=\S+/)![0]} root=mtd:${name} rootfstype=${fstype}`,
        {
          facts: facts({ types, partitions, ...(value === null && { config: null }) }),
          ...(value !== null && { config: { ...board.origin!.config, [option]: value } }),
        },
      );
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

t.test('an init= that does not run is the end since Linux 4.0, and was not before', async (t) => {
  const programs = [
    { path: '/x', error: -13, why: '/x is not executable' },
    { path: '/sbin/init', error: 0, why: '' },
  ];
  const on = (release: string): Explanation =>
    foretold(
      'root=/dev/mtdblock2 rootfstype=squashfs init=/x mtdparts=40000000.flash:512k(u-boot),8192k(kernel),56832k(rootfs)ro,65536k(rootfs_data)',
      { facts: facts({ programs }, { kernel: { ...board.kernel, release } }) },
    );
  t.match(on('6.1.0').end, { kind: 'panics', message: 'Requested init /x failed (error -13).' });
  t.match(on('6.1.0').advice, { cause: '/x does not run: /x is not executable' });
  t.match(on('3.10.49').end, { kind: 'runs', program: '/sbin/init' });
});

t.test('the last words of a kernel without an init are those of its version', async (t) => {
  const message = (release: string): string => {
    const { end } = foretold('root=x rootfstype=tmpfs', {
      facts: facts({}, { kernel: { ...board.kernel, release } }),
    });
    return end.kind === 'panics' ? end.message : end.kind;
  };
  t.match(message('6.1.0'), /^No working init found\..*admin-guide/);
  t.match(message('4.4.0'), /^No working init found\..*init\.txt/);
  t.match(message('3.10.49'), /^No init found\./);
});

t.test('a kernel without ramdisks takes none', async (t) => {
  const told = foretold('root=/dev/mtdblock2 initrd=0x68000000,1M', {
    config: { BLK_DEV_INITRD: 'n' },
  });
  t.equal(answer(told, 'initrd'), 'no');
  t.equal(answer(told, 'built-in'), 'no cpio');
});

t.test('what is built in from a source is not known, and is said not to be', async (t) => {
  const told = foretold('root=/dev/mtdblock2', {
    config: { BLK_DEV_INITRD: 'y', INITRAMFS_SOURCE: 'list.txt' },
  });
  t.match(answer(told, 'built-in'), /made from list\.txt/);
  t.match(
    told.decisions.find(({ id }) => id === 'early-init'),
    { certain: false, evidence: 'unknown' },
  );
});

t.test('the first root is a tmpfs only where nothing speaks for another', async (t) => {
  const config = { TMPFS: 'y' };
  t.match(answer(foretold('ro', { config }), 'rootfs'), /tmpfs/);
  t.match(answer(foretold('root=/dev/ram0', { config }), 'rootfs'), /ramfs/);
  t.match(answer(foretold('root=/dev/ram0 rootfstype=tmpfs', { config }), 'rootfs'), /tmpfs/);
  t.match(answer(foretold('ro', { config: {} }), 'rootfs'), /ramfs/);
});

t.test('without anything known the usual is assumed, and marked', async (t) => {
  const told = foretold('root=/dev/sda1');
  t.match(told.end, { kind: 'runs', program: '/sbin/init', root: 'the root on /dev/sda1' });
  t.equal(told.decisions.find(({ id }) => id === 'mount')?.certain, false);
  t.equal(told.unknown.length, 2);
  t.match(answer(told, 'root-device'), /8:1$/);
});

t.test('rootwait waits for a name for ever, and not at all for a number', async (t) => {
  const words = board.kernel.commandLine.match(/mtdparts=\S+/)![0];
  t.match(foretold(`${words} root=/dev/sda1 rootwait`, { facts: board }).end, {
    kind: 'waits',
    forWhat: '/dev/sda1',
  });
  t.match(foretold(`${words} root=8:1 rootwait`, { facts: board }).end, {
    kind: 'panics',
    message: 'VFS: Unable to mount root fs on unknown-block(8,1)',
  });
});

t.test('another partition table makes what is known of flash unknown', async (t) => {
  const told = foretold('root=/dev/mtdblock5 mtdparts=other:1m(a)', { facts: board });
  t.match(told.end, { kind: 'runs' });
  t.equal(told.decisions.find(({ id }) => id === 'mount')?.certain, false);
});

t.test('a device tree in a file gives command line and hand-over', async (t) => {
  const told = explain({
    ...NOTHING,
    deviceTree: parseDeviceTree(withInitrd(0x6800_0000, 0x6800_1000)),
  });
  t.match(told, {
    of: 'a command line',
    model: 'Some Board',
    commandLine: 'console=ttyAMA0 ro',
    decisions: [{}, {}, { id: 'initrd', answer: 'yes', evidence: 'device-tree' }],
  });
});

t.test('the tags of a boot loader name a root, and make it writable', async (t) => {
  const atags = {
    root: '31:2',
    readonly: false,
    memory: [],
    initrd: null,
    ramdisk: null,
    commandLine: null,
    tags: [],
  };
  const told = foretold(board.kernel.commandLine.match(/mtdparts=\S+/)![0], {
    facts: facts({ atags, deviceTree: null }),
  });
  t.match(answer(told, 'root-device'), /31:2/);
  t.match(answer(told, 'mount'), /^yes: squashfs, read-only/, 'but squashfs cannot be written');
});

t.test(
  'a running board whose log is lost is explained by its mounts, and says what is lost',
  async (t) => {
    const told = here(lost, { mounts: parseMountinfo(BOARD_STARTED) });
    t.match(answer(told, 'mount'), /^yes: squashfs on 31:2, read-only/);
    t.equal(told.decisions.find(({ id }) => id === 'mount')?.evidence, 'facts');
    t.match(told.unknown, [/no longer goes back to the boot \(it begins 60\.0 s after it\)/]);
    t.same(told.contradictions, []);
  },
);

t.test(
  'an image that came before the root is remembered by the kernel when its log is lost',
  async (t) => {
    const told = here(
      { ...lost, realRootDevice: '31:2', deviceTree: null },
      { mounts: parseMountinfo(BOARD_STARTED) },
    );
    t.equal(answer(told, 'initrd'), 'yes');
    t.match(answer(told, 'initrd-kind'), /^no/);
    t.match(answer(told, 'linuxrc'), /^yes/);
    t.match(answer(told, 'mount'), /^yes: squashfs on 31:2/);
    t.same(told.contradictions, []);
  },
);

t.test('the programs of an image decide what is foretold of it', async (t) => {
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
    { kind: 'runs', program: '/sbin/init' },
    'what is not known is taken to run',
  );
  const words = `${board.kernel.commandLine.match(/mtdparts=\S+/)![0]} root=/dev/mtdblock2 rootfstype=ext2,squashfs`;
  t.match(answer(on(words, [program('/linuxrc')]), 'linuxrc'), /^yes: the kernel waits/);
  t.match(answer(on(words, []), 'linuxrc'), /^no: the image has none/);
  t.match(
    answer(on(words, [program('/linuxrc', -2)]), 'linuxrc'),
    /^no: error -2.*the boot goes on/,
  );
  t.match(answer(on(words, null), 'linuxrc'), /^yes if the image has one/);
});

t.test('a root that is still rootfs was filled by a ramdisk', async (t) => {
  const mounts = parseMountinfo('1 1 0:2 / / rw - rootfs rootfs rw,size=100k\n');
  const told = here(
    { ...lost, init: { program: '/init', args: ['/init'] } },
    { mounts, kernel: { ...board.kernel, commandLine: 'console=ttyAMA0' } },
  );
  t.match(told.end, { kind: 'runs', program: '/init', root: 'rootfs' });
});

t.test('what runs has not panicked, whatever was to be expected', async (t) => {
  const told = here(
    { ...lost, init: { program: '/sbin/init', args: ['init'] } },
    { mounts: [], kernel: { ...board.kernel, commandLine: 'root=/dev/nosuch init=/nosuch' } },
  );
  t.equal(told.end.kind, 'runs');
  t.equal(told.advice, null);
});

t.test('where log and configuration contradict each other, both are told', async (t) => {
  const log = parseConsole(
    readFileSync(new URL('../../fixtures/console/cpio-init.txt', import.meta.url), 'utf8'),
  )[0]!;
  const told = explain({ ...NOTHING, log, config: { BLK_DEV_INITRD: 'n' } });
  t.match(told.contradictions, [/whether there is an initrd: there is one, for the kernel said/]);
  t.match(renderExplanation(told), /What does not fit together:\n {2}- whether there is an initrd/);
});

t.test('a log that breaks off says so, and foretells no end', async (t) => {
  const log = parseConsole(
    'Booting Linux on physical CPU 0x0\nLinux version 6.1.0\nKernel command line: root=/dev/mtdblock2\nsome driver\n',
  )[0]!;
  const told = explain({ ...NOTHING, log });
  t.match(told.end, {
    kind: 'unknown',
    because: /ends before the kernel is done, with "some driver"/,
  });
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

t.test('how process 1 ended is read from its exit code', async (t) => {
  const cause = (code: string): string | undefined =>
    explain({
      ...NOTHING,
      log: parseConsole(
        `Linux version 6.1.0\nKernel command line: root=/dev/sda1\nRun /sbin/init as init process\nKernel panic - not syncing: Attempted to kill init! exitcode=${code}\n`,
      )[0]!,
    }).advice?.cause;
  t.match(cause('0x00007f00'), /library is missing/);
  t.match(cause('0x00000004'), /instruction that this processor does not have/);
  t.match(cause('0x0000000b'), /signal 11/);
  t.match(cause('0x00000100'), /status 1/);
});

t.test('whatever the command line and the log, there is a story with an end', async () => {
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
      fc.constantFrom(null, board, facts(lost)),
      fc.boolean(),
      (commandLine, log, machine, console) => {
        const told = explain({
          ...NOTHING,
          facts: machine,
          commandLine,
          log: console ? (parseConsole(log.join('\n'))[0] ?? null) : null,
        });
        return (
          told.decisions.length > 3 &&
          renderExplanation(told)
            .split('\n')
            .every((line) => line.length <= 80) &&
          ['runs', 'panics', 'waits', 'unknown'].includes(told.end.kind)
        );
      },
    ),
    { numRuns: 1000 },
  );
});

t.test(
  'the story of a board that is up is the reviewed one, to its process 1 and our own steps',
  async (t) => {
    const text = renderExplanation(explain({ ...NOTHING, facts: board, ours: boardStatus() }));
    golden(t, 'explain/this-boot.txt', text);
    t.ok(lineLengths(text) <= 80);
  },
);
