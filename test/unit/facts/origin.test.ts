import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { problemSentence, type FactsProblem } from '../../../src/text/problem-text.js';
import {
  gatherOrigin,
  parsePartitions,
  untilUserSpace,
  withOrigin,
} from '../../../src/facts/origin.js';
import { readWhole } from '../../../src/facts/read-whole.js';
import { runnable } from '../../../src/facts/runnable.js';
import type { RootOrigin } from '../../../src/facts/facts.js';
import { parseFacts } from '../../../src/facts/validate.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { reader } from '../../../src/system/files.js';
import { readKernelRecords } from '../../../src/system/kernel-records.js';
import type { PathKind, Reader } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { boardFacts } from '../../fixtures/facts.js';
import { ATAG_MEM, initrd2, tagList, withInitrd } from '../../fixtures/boot-loader.js';

/** A machine that has only these files. */
function machine(
  files: Record<string, Buffer | string>,
  links: Record<string, string> = {},
): Reader {
  const missing = (path: string): never => {
    throw new SystemError({ what: `read ${path}`, syscall: 'read', errno: 'ENOENT', path });
  };
  const bytes = (path: string): Buffer => {
    const content = files[path] ?? missing(path);
    return typeof content === 'string' ? Buffer.from(content) : content;
  };
  return {
    ...dryRun(),
    kind: (path): PathKind => (files[path] !== undefined ? 'file' : 'missing'),
    readText: (path) => bytes(path).toString('utf8'),
    readBytes: (path, offset, length) => bytes(path).subarray(offset, offset + length),
    readLink: (path) => links[path] ?? missing(path),
    list: (path) => missing(path),
  };
}

const gathered = (
  files: Record<string, Buffer | string>,
  records: string[] = [],
  facts = boardFacts(),
): { origin: RootOrigin; problems: string[] } => {
  const problems: FactsProblem[] = [];
  return {
    origin: gatherOrigin(
      machine(files, { '/proc/1/exe': '/bin/busybox' }),
      () => records,
      facts,
      problems,
    ),
    problems: problems.map(problemSentence),
  };
};

t.test('a running system shows how its root was mounted', async (t) => {
  const { origin, problems } = gathered(
    {
      '/proc/config.gz': gzipSync('CONFIG_BLK_DEV_INITRD=y\n'),
      '/sys/firmware/fdt': withInitrd(0x6800_0000, 0x6800_1000),
      '/proc/atags': tagList(ATAG_MEM, initrd2(0x6800_0000, 4096)),
      '/proc/1/cmdline': '/bin/sh\0/etc/preinit\0',
      '/proc/sys/kernel/real-root-dev': '7938\n',
      '/proc/filesystems': 'nodev\tproc\n\text4\nnodev\tjffs2\n\tsquashfs\n',
      '/proc/partitions':
        'major minor  #blocks  name\n\n   1        0       4096 ram0\n  31        3      ' +
        '65536 mtdblock3\n',
      '/sys/class/block/mtdblock3/ro': '1\n',
      '/dev/mtdblock3': Buffer.alloc(64 << 20, 0xff),
      '/init': 'x',
    },
    [
      '6,0,0,-;Booting Linux on physical CPU 0x0',
      '6,1,2000000,-;Run /init as init process',
      '6,2,9000000,-;later',
    ],
  );
  t.match(origin, {
    log: {
      fromStart: true,
      lines: [{ time: 0 }, { text: 'Run /init as init process' }, { text: 'later' }],
    },
    logBegins: 0,
    config: { BLK_DEV_INITRD: 'y' },
    deviceTree: { initrd: { start: 0x6800_0000 } },
    atags: { initrd: { size: 4096 } },
    init: { program: '/bin/busybox', args: ['/bin/sh', '/etc/preinit'] },
    realRootDevice: '31:2',
    types: [
      { name: 'proc', device: false },
      { name: 'ext4', device: true },
      { name: 'jffs2', device: false },
      { name: 'squashfs', device: true },
    ],
    partitions: [
      { name: 'ram0', content: 'unreadable' },
      { name: 'mtdblock3', number: '31:3', size: 64 << 20, readonly: true, content: 'blank' },
    ],
    earlyInit: { path: '/init', kind: 'file' },
  });
  t.ok(
    problems.every((problem) => /self\/exe/.test(problem)),
    problems.join(),
  );
  t.same(
    parseFacts(JSON.stringify({ ...boardFacts(), origin }), 'x').origin,
    JSON.parse(JSON.stringify(origin)),
    'and it is a part of a facts file',
  );
});

t.test('a system that shows nothing has an origin too', async (t) => {
  const { origin } = gathered({});
  t.match(origin, {
    config: null,
    deviceTree: null,
    atags: null,
    init: null,
    realRootDevice: null,
    types: [],
    partitions: [],
    earlyInit: { kind: 'missing' },
  });
  t.same(
    parseFacts(JSON.stringify(boardFacts()), 'x').origin,
    undefined,
    'and a facts file needs none',
  );
});

t.test('damaged input gives a sentence, and no origin', async (t) => {
  const { origin, problems } = gathered({
    '/sys/firmware/fdt': withInitrd(1, 2).subarray(0, 60),
    '/proc/atags': 'nothing',
    '/proc/config.gz': 'nothing',
  });
  t.match(origin, { config: null, deviceTree: null, atags: null });
  for (const what of [
    /\/sys\/firmware\/fdt is not understood: the device tree blob is damaged/,
    /\/proc\/atags is not understood/,
    /CONFIG_NAME=value/,
  ])
    t.ok(
      problems.some((problem) => what.test(problem)),
      String(what),
    );
});

t.test('a log that cannot be read is reported', async (t) => {
  const refused = (): never => {
    throw new SystemError({
      what: 'read the kernel log from /dev/kmsg',
      syscall: 'read',
      errno: 'EPERM',
      path: '/dev/kmsg',
    });
  };
  const facts = withOrigin(machine({}), refused, boardFacts());
  t.equal(facts.origin?.log, null);
  t.ok(facts.problems.some((problem) => /kernel log from \/dev\/kmsg: EPERM/.test(problem)));
});

t.test('only the beginning of the log is kept, until user space has run for a while', async (t) => {
  const line = (text: string): { time: number; text: string } => ({ time: 1, text });
  const noise = Array.from({ length: 5000 }, () => line('noise'));
  const log = (lines: { time: number; text: string }[], fromStart = true) =>
    untilUserSpace({ lines, fromStart, allLevels: true }).lines.length;
  t.equal(log([line('a'), line('Run /sbin/init as init process'), ...noise]), 42);
  t.equal(log(noise), 1000);
  t.equal(log(noise, false), 0, 'of one that begins later nothing is');
});

t.test('the error that execve would give for a program is predicted', async (t) => {
  const elf = (machineNumber: number): Buffer =>
    Buffer.concat([
      Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]),
      Buffer.alloc(11),
      Buffer.from([machineNumber, 0]),
      Buffer.alloc(60),
    ]);
  const top = t.testdir({
    sh: t.fixture('file', elf(40)),
    script: '#!/sh\n',
    orphan: '#!/bin/nosuch -x\n',
    text: 'hello',
    other: t.fixture('file', elf(62)),
    plain: t.fixture('file', elf(40)),
    folder: {},
    link: t.fixture('symlink', '/script'),
  });
  const { chmodSync } = await import('node:fs');
  for (const name of ['sh', 'script', 'orphan', 'text', 'other'])
    chmodSync(`${top}/${name}`, 0o755);
  const error = (path: string): number => runnable(reader, top, path, 40).error;
  t.same(
    ['/sh', '/script', '/link', '/orphan', '/text', '/other', '/plain', '/folder', '/nosuch'].map(
      error,
    ),
    [0, 0, 0, -2, -8, -8, -13, -13, -2],
  );
});

t.test('/proc/partitions gives names, numbers and sizes', async (t) => {
  t.same(
    parsePartitions(
      'major minor  #blocks  name\n\n  31        0        512 mtdblock0\n 179        2   ' +
        ' 1024 mmcblk0p2\nnonsense\n',
    ),
    [
      { name: 'mtdblock0', number: '31:0', size: 512 << 10 },
      { name: 'mmcblk0p2', number: '179:2', size: 1 << 20 },
    ],
  );
});

t.test('a file of unknown size is read to its end', async (t) => {
  const readBytes = (size: number) => (_: string, offset: number, length: number) =>
    Buffer.alloc(size, 7).subarray(offset, offset + length);
  for (const size of [0, 1, 65_535, 65_536, 65_537, 200_000])
    t.same(readWhole({ readBytes: readBytes(size) }, '/x'), Buffer.alloc(size, 7), `${size}`);
  t.equal(readWhole({ readBytes: readBytes(200_000) }, '/x', 1000).length, 65_536, 'a limit');
});

t.test(
  'the log device is read to its end, record by record',
  {
    skip: (() => {
      try {
        readFileSync('/proc/self/status');
        readKernelRecords();
        return false;
      } catch (error) {
        return (error as Error).message;
      }
    })(),
  },
  async (t) => {
    const records = readKernelRecords();
    t.ok(records.every((record) => /^\d+,\d+,\d+,/.test(record)));
    t.throws(() => readKernelRecords('/nosuch'), {
      name: 'SystemError',
      message: /^cannot read the kernel log from \/nosuch: ENOENT/,
    });
  },
);

t.test('an origin is gathered from any machine, and is part of a facts file', async () => {
  const text = fc.oneof(
    fc.string({ maxLength: 100 }),
    fc.constantFrom(
      '1\n',
      'nodev\tx\n',
      '   1        0       4096 ram0\n',
      '/bin/sh\0',
      '6,0,0,-;x',
    ),
  );
  const files = fc.dictionary(
    fc.constantFrom(
      '/proc/config.gz',
      '/sys/firmware/fdt',
      '/proc/atags',
      '/proc/1/cmdline',
      '/proc/partitions',
      '/proc/filesystems',
      '/proc/sys/kernel/real-root-dev',
      '/init',
      '/sbin/init',
      '/dev/ram0',
    ),
    text,
  );
  fc.assert(
    fc.property(files, fc.array(text, { maxLength: 4 }), (some, records) => {
      const { origin } = gathered(some, records);
      parseFacts(JSON.stringify({ ...boardFacts(), origin }), 'x');
    }),
    { numRuns: 200 },
  );
});
