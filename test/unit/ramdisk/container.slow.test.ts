import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import { handedRamdisk } from '../../../src/ramdisk/container/handed-ramdisk.js';
import type { Piece } from '../../../src/ramdisk/container/container.js';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { Lister } from '../../../src/ramdisk/list.js';
import type { RamdiskProblem } from '../../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { archive, member } from './archives.js';
import { android, deviceTree, fit, mediatek, multi, uimage, vendorBoot } from './boot-images.js';

const KERNEL = Buffer.from('a kernel '.repeat(40));
const DTB = deviceTree({ model: 'a board' });
const RAMDISK = gzipSync(archive(member('init', { data: '#!/bin/sh\n' })));
const MODULES = gzipSync(archive(member('modules')));
const RECOVERY = gzipSync(archive(member('recovery')));

interface Read {
  kind: string | null;
  pieces: Piece[];
  /** The members that the kernel would unpack. */
  names: string[];
  /** The bytes at which parts begin, in the file. */
  parts: number[];
  codes: string[];
  problems: RamdiskProblem[];
}

async function readFrom(source: ByteSource, piece: string | null): Promise<Read> {
  const handed = await handedRamdisk(source, piece);
  const read: Read = {
    kind: handed.container?.kind ?? null,
    pieces: handed.container?.pieces ?? [],
    names: [],
    parts: [],
    codes: [],
    problems: [],
  };
  await readRamdisk(handed.source, new Lister(({ name }) => read.names.push(name)), {
    onPart: ({ offset }) => read.parts.push(handed.at(offset)),
    onProblem: (problem) => read.problems.push({ ...problem, offset: handed.at(problem.offset) }),
  });
  read.problems.push(...(await handed.verify()));
  read.codes = read.problems.map(({ fault }) => fault.code).filter((code) => code !== 'empty');
  return read;
}

async function read(bytes: Buffer, piece: string | null = null): Promise<Read> {
  const source = ByteSource.fromBuffer(bytes);
  try {
    return await readFrom(source, piece);
  } finally {
    await source.close();
  }
}

const placeOf = (bytes: Buffer, part: Buffer): number => bytes.indexOf(part);

const CONFIGURATIONS = {
  default: 'conf-2',
  'conf-1': { kernel: 'kernel' },
  'conf-2': { kernel: 'kernel', ramdisk: 'ramdisk', fdt: 'fdt' },
};
const FILES = {
  kernel: { type: 'kernel', data: KERNEL, compression: 'gzip' },
  ramdisk: { type: 'ramdisk', data: RAMDISK },
  recovery: { type: 'ramdisk', data: RECOVERY },
  fdt: { type: 'flat_dt', data: DTB },
};

const IMAGES: Record<string, Buffer> = {
  'boot v0': android({ version: 0, kernel: KERNEL, ramdisk: RAMDISK }),
  'boot v1': android({ version: 1, kernel: KERNEL, ramdisk: RAMDISK }),
  'boot v2': android({ version: 2, kernel: KERNEL, ramdisk: RAMDISK, dtb: DTB }),
  'boot v3': android({ version: 3, kernel: KERNEL, ramdisk: RAMDISK }),
  'boot v4': android({ version: 4, kernel: KERNEL, ramdisk: RAMDISK }),
  init_boot: android({ version: 4, ramdisk: RAMDISK }),
  'vendor_boot v3': vendorBoot(3, [{ name: '', type: 0, data: RAMDISK }]),
  'vendor_boot v4': vendorBoot(4, [
    { name: '', type: 1, data: RAMDISK },
    { name: 'recovery', type: 2, data: RECOVERY },
    { name: 'dlkm', type: 3, data: MODULES },
  ]),
  MediaTek: mediatek('ROOTFS', RAMDISK),
  'MediaTek in boot': android({
    version: 0,
    kernel: mediatek('KERNEL', KERNEL),
    ramdisk: mediatek('ROOTFS', RAMDISK),
  }),
  'multi-file': multi(KERNEL, RAMDISK, DTB),
  FIT: fit(FILES, CONFIGURATIONS),
  'FIT with an offset': fit(FILES, CONFIGURATIONS, 'data-offset'),
  'FIT with a position': fit(FILES, CONFIGURATIONS, 'data-position'),
  'uImage in FIT': fit({ ramdisk: { type: 'ramdisk', data: uimage(3, RAMDISK) } }, {}),
};

t.test('each boot image hands over its ramdisk, from its place in the file', async (t) => {
  for (const [what, bytes] of Object.entries(IMAGES)) {
    const { kind, names, parts, codes, pieces } = await read(bytes);
    const isVendor4 = what === 'vendor_boot v4';
    t.not(kind, null, what);
    t.same(names, isVendor4 ? ['init', 'modules'] : ['init'], what);
    t.same(codes, [], what);
    t.equal(parts[0], placeOf(bytes, RAMDISK), what);
    if (isVendor4) t.equal(parts[1], placeOf(bytes, MODULES), what);
    for (const { offset, size, handed, role } of pieces) {
      t.ok(offset + size <= bytes.length, what);
      if (handed) t.equal(role, 'ramdisk', what);
    }
  }
});

t.test('the pieces of an image have names, places, load addresses and compressions', async (t) => {
  t.match((await read(IMAGES['boot v2']!)).pieces, [
    { name: 'kernel', role: 'kernel', offset: 2048, size: KERNEL.length, load: 0x8000 },
    { name: 'ramdisk', role: 'ramdisk', offset: 4096, load: 0x1000000, handed: true },
    { name: 'dtb', role: 'device tree', offset: 6144, size: DTB.length },
  ]);
  t.match((await read(IMAGES['vendor_boot v4']!)).pieces, [
    { name: 'platform', handed: true },
    { name: 'recovery', role: 'ramdisk', handed: false },
    { name: 'dlkm', handed: true },
    { name: 'dtb', role: 'device tree' },
    { name: 'bootconfig', size: 4 },
  ]);
  t.match((await read(IMAGES['MediaTek in boot']!)).pieces, [
    { name: 'kernel' },
    { name: 'kernel/KERNEL', role: 'kernel' },
    { name: 'ramdisk', handed: false },
    { name: 'ramdisk/ROOTFS', role: 'ramdisk', handed: true, load: 0x1000000 },
  ]);
  t.match((await read(IMAGES['multi-file']!)).pieces, [
    { name: 'file-0', role: 'kernel' },
    { name: 'file-1', role: 'ramdisk', handed: true },
    { name: 'file-2', role: 'device tree' },
  ]);
  t.match((await read(IMAGES['FIT']!)).pieces, [
    { name: 'kernel', compression: 'gzip', load: 0x44000000 },
    { name: 'ramdisk', compression: 'none', handed: true },
    { name: 'recovery', role: 'ramdisk', handed: false },
    { name: 'fdt', role: 'device tree' },
  ]);
});

t.test(
  'a piece is taken by its name, and another name is refused with those there are',
  async (t) => {
    t.same((await read(IMAGES['vendor_boot v4']!, 'recovery')).names, ['recovery']);
    t.same((await read(IMAGES['FIT']!, 'recovery')).names, ['recovery']);
    await t.rejects(read(IMAGES['FIT']!, 'nothing'), {
      name: 'ContainerError',
      message: /there is no piece nothing .* it has kernel, ramdisk, recovery and fdt$/,
    });
    await t.rejects(read(RAMDISK, 'ramdisk'), { message: /is no boot image with pieces/ });
  },
);

t.test('an image without a ramdisk says so', async (t) => {
  for (const bytes of [
    android({ version: 0, kernel: KERNEL }),
    android({ version: 4, kernel: KERNEL }),
    multi(KERNEL),
    fit({ kernel: FILES.kernel }, { default: 'a', a: { kernel: 'kernel' } }),
    mediatek('KERNEL', KERNEL),
  ])
    t.same((await read(bytes)).codes, ['no-ramdisk-in']);
});

t.test("damage that the boot loader finds is found, in the piece's own words", async (t) => {
  const flipped = (bytes: Buffer, part: Buffer): Buffer => {
    const copy = Buffer.from(bytes);
    copy[placeOf(bytes, part) + 12]! ^= 0x40;
    return copy;
  };
  for (const what of ['FIT', 'FIT with an offset', 'FIT with a position']) {
    const { problems } = await read(flipped(IMAGES[what]!, KERNEL));
    t.match(
      problems.map(({ fault }) => fault),
      ['crc32', 'sha1', 'sha256'].map((method) => ({
        code: 'piece-checksum',
        method,
        piece: 'kernel',
      })),
    );
  }
  t.same((await read(flipped(IMAGES['multi-file']!, KERNEL))).codes, ['uimage-checksum']);
  const bytes = IMAGES['boot v0']!.subarray(0, 4096 + 20);
  t.match((await read(bytes)).problems.at(-1), {
    fault: { code: 'piece-cut', piece: 'ramdisk', said: RAMDISK.length, got: 20 },
  });
});

t.test('a FIT without a default, or with one that misses its image, says so', async (t) => {
  const { codes, names } = await read(fit(FILES, { a: { ramdisk: 'ramdisk' } }));
  t.same([codes, names], [['fit-no-default'], ['init']]);
  const missing = await read(fit(FILES, { default: 'a', a: { ramdisk: 'gone' } }));
  t.same(missing.codes, ['fit-image-missing', 'no-ramdisk-in']);
  const images = { ramdisk: { type: 'ramdisk' } };
  t.same((await read(deviceTree({ images, configurations: {} }))).codes, [
    'fit-no-data',
    'no-ramdisk-in',
  ]);
  t.equal((await read(DTB)).kind, null, 'a device tree is no FIT');
  t.match((await read(DTB)).problems, [
    { fault: { code: 'unknown-magic', foreign: 'device-tree' } },
  ]);
});

t.test('pieces that lie on one another, and images within images, are named', async (t) => {
  const place = (offset: number): Record<string, number> => ({
    'data-position': offset,
    'data-size': 40,
  });
  const images = { a: { type: 'kernel', ...place(60) }, b: { type: 'kernel', ...place(80) } };
  t.match((await read(deviceTree({ images }))).codes, ['pieces-overlap', 'no-ramdisk-in']);
  let nested = mediatek('ROOTFS', RAMDISK);
  for (let depth = 0; depth < 50; depth++) nested = mediatek('ROOTFS', nested);
  t.match((await read(nested)).codes, ['unknown-magic', 'nested-too-deep']);
});

t.test('hostile headers are refused in one sentence', async (t) => {
  const changed = (bytes: Buffer, at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes);
    copy.writeUInt32LE(value, at);
    return copy;
  };
  const vendor = IMAGES['vendor_boot v4']!;
  const endless = uimage(4, Buffer.alloc(3000, 1));
  const cases: [Buffer, RegExp][] = [
    [changed(IMAGES['boot v0']!, 36, 3000), /says that a page has 3000 bytes/],
    [changed(IMAGES['boot v0']!, 36, 0), /a page has 0 bytes/],
    [IMAGES['boot v0']!.subarray(0, 1000), /ends after 1000 of its 1632 bytes/],
    [changed(vendor, 8, 7), /has version 7, and 3 and 4 are known/],
    [changed(vendor, 2116, 0xffffffff), /has 4294967295 rows/],
    [changed(vendor, 2120, 1), /rows of 1 bytes/],
    [changed(vendor, placeOf(vendor, Buffer.from('recovery')) - 8, 0xfffffff0), /ends at byte/],
    [vendor.subarray(0, 2048 * 4), /ends after 0 of its 3 rows/],
    [mediatek('A', RAMDISK).subarray(0, 100), /ends after 100 of its 512 bytes/],
    [endless, /does not end within/],
    [IMAGES['FIT']!.subarray(0, 300), /it should have \d+ bytes and has 300/],
  ];
  for (const [bytes, says] of cases) await t.rejects(read(bytes), { message: says });
});

const OWN = ['ContainerError', 'UImageError'];

/** A damaged image is read, or refused in one sentence. */
async function survives(bytes: Buffer): Promise<void> {
  try {
    await read(bytes);
  } catch (error) {
    const { name, message } = error as Error;
    if (!OWN.includes(name) || !/^[^\n]+$/.test(message)) throw error;
  }
}

t.test('an image that is cut anywhere, or has any byte changed, is borne', async (t) => {
  const small = [KERNEL.subarray(0, 9), gzipSync(archive())] as const;
  const [kernel, ramdisk] = small;
  const images: Record<string, Buffer> = {
    'multi-file': multi(kernel, ramdisk),
    FIT: fit(
      { ramdisk: { type: 'ramdisk', data: ramdisk } },
      { default: 'a', a: { ramdisk: 'ramdisk' } },
    ),
    MediaTek: mediatek('ROOTFS', ramdisk),
    'boot v0': android({ version: 0, kernel, ramdisk }),
    'boot v4': android({ version: 4, kernel, ramdisk }),
    'vendor_boot v4': vendorBoot(4, [{ name: 'a', type: 1, data: ramdisk }]),
  };
  for (const [what, bytes] of Object.entries(images)) {
    // Pages are mostly zeros, which stand for nothing.
    const places = [...bytes.keys()].filter((at) => at < 64 || bytes[at] !== 0);
    for (const at of places)
      for (const change of [0xff, 0x01]) {
        const copy = Buffer.from(bytes);
        copy[at]! ^= change;
        await survives(copy);
      }
    for (const at of places) await survives(bytes.subarray(0, at));
    t.pass(what);
  }
});

t.test('any bytes behind a magic number are borne', async (t) => {
  const magic = fc.constantFrom('ANDROID!', 'VNDRBOOT', '\x88\x16\x88\x58', '\xd0\x0d\xfe\xed');
  const tail = fc.uint8Array({ maxLength: 3000 });
  await fc.assert(
    fc.asyncProperty(magic, tail, async (begin, rest) => {
      await survives(Buffer.concat([Buffer.from(begin, 'latin1'), rest]));
    }),
  );
  t.pass('all of them');
});

/** A FIT image whose images are all the whole file. */
function withinItself(images: number, more: number): Buffer {
  const made = (size: number): Buffer =>
    deviceTree({
      filler: Buffer.alloc(more),
      images: Object.fromEntries(
        Array.from({ length: images }, (_, at) => [
          `image-${at}`,
          {
            type: 'ramdisk',
            'data-position': 0,
            'data-size': size,
            hash: { algo: 'sha1', value: Buffer.alloc(20) },
          },
        ]),
      ),
    });
  return made(made(0).length);
}

t.test('an image within itself, any number of times, is refused soon', async (t) => {
  for (const bytes of [withinItself(256, 0), withinItself(8, 4 << 20)]) {
    const started = process.cpuUsage();
    await t.rejects(read(bytes), { name: 'ContainerError', message: /more than 16 times/ });
    // It took minutes, and all memory.
    t.ok(process.cpuUsage(started).user < 20e6);
  }
});

t.test('the names and reservations of a device tree have limits', async (t) => {
  const long = deviceTree({ images: { a: { type: 'ramdisk' } }, ['x'.repeat(2000)]: 0 });
  await t.rejects(read(long), { message: /a name at byte \d+ has no end/ });
  const [count, begin] = [5000, 48];
  const reserved = Buffer.alloc(begin + 16 * count, 1);
  for (const [at, word] of [0xd00dfeed, reserved.length, 0, 0, begin, 17, 16].entries())
    reserved.writeUInt32BE(word, 4 * at);
  await t.rejects(read(reserved), { message: /more than 4096 reservations/ });
});

t.test('a file, a pipe and bytes in memory give the same', async (t) => {
  const file = join(t.testdir(), 'boot.img');
  // Long enough to be kept in a file.
  const long = gzipSync(archive(member('init', { data: randomBytes(2 << 20) })));
  const images = { ...IMAGES, long: android({ version: 0, ramdisk: long }) };
  for (const bytes of Object.values(images)) {
    writeFileSync(file, bytes);
    const source = ByteSource.fromFile(file);
    t.same(await readFrom(source, null), await read(bytes));
    await source.close();
  }
});
