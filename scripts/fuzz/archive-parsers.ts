/** The parsers of ramdisks and archives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { Ext2Image } from '../../src/ramdisk/ext2-reader.js';
import { compress, decompress } from '../../src/ramdisk/compression.js';
import { handedRamdisk } from '../../src/ramdisk/container/handed-ramdisk.js';
import { readRamdisk } from '../../src/ramdisk/kernel-reader.js';
import { METHODS, type Method } from '../../src/ramdisk/method.js';
import { problemText } from '../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../src/ramdisk/source.js';
import { handedOver } from '../../src/ramdisk/uimage.js';
import { decodeRecords, parseTime } from '../../src/layer/archive/pax.js';
import { readTar } from '../../src/layer/archive/tar-reader.js';
import { refusesAs, type Parser } from './parser.js';

const fixture = (fixtures: string, name: string): Buffer =>
  readFileSync(join(fixtures, 'console', name));

/** A stream of some hundred bytes must not become more. */
const MOST = 64 << 20;

async function readAll(chunks: AsyncIterable<Buffer>): Promise<void> {
  let length = 0;
  for await (const chunk of chunks)
    if ((length += chunk.length) > MOST) throw new Error(`it grows beyond ${MOST} bytes`);
}

async function cpio(bytes: Buffer): Promise<void> {
  let members = 0;
  await readRamdisk(
    ByteSource.fromBuffer(bytes),
    {
      member: () => ++members < 1000,
      data: () => undefined,
      complete: () => undefined,
      trailer: () => undefined,
      passedOver: () => undefined,
    },
    { onProblem: (problem) => void problemText(problem) },
  );
}

function ext2(bytes: Buffer): void {
  const image = new Ext2Image((offset, length) => bytes.subarray(offset, offset + length));
  for (const path of ['/', '/init', '/sbin/init', '/linuxrc', '/dev/console', '/lost+found/x']) {
    if (image.kind(path) === 'file') image.readBytes(path, 0, 65_536);
    if (image.kind(path) === 'symlink') image.readLink(path);
  }
}

async function uimage(bytes: Buffer): Promise<void> {
  const { source, verify } = await handedOver(ByteSource.fromBuffer(bytes));
  await source.chunk();
  await verify();
}

async function bootImage(bytes: Buffer): Promise<void> {
  const whole = ByteSource.fromBuffer(bytes);
  try {
    const { source, verify } = await handedRamdisk(whole);
    await source.chunk();
    (await verify()).forEach(problemText);
  } finally {
    await whole.close();
  }
}

/** A header of Android's boot image, version 0, with pages of 512 bytes. */
function androidSeed(ramdisk: Buffer): Buffer {
  const header = Buffer.alloc(2048);
  header.write('ANDROID!');
  header.writeUInt32LE(ramdisk.length, 16);
  header.writeUInt32LE(512, 36);
  return Buffer.concat([header, mediatekSeed(ramdisk.subarray(512))]);
}

/** A header of Android's vendor_boot, version 4, and its table for one ramdisk. */
function vendorSeed(ramdisk: Buffer): Buffer {
  const bytes = Buffer.alloc(5 * 512);
  bytes.write('VNDRBOOT');
  const words = { 8: 4, 12: 512, 24: 512, 2112: 108, 2116: 1, 2120: 108 };
  for (const [at, value] of Object.entries(words)) bytes.writeUInt32LE(value, Number(at));
  const row = Buffer.alloc(108);
  row.writeUInt32LE(512);
  row.write('platform', 12);
  return Buffer.concat([bytes, ramdisk.subarray(0, 512), row]);
}

function mediatekSeed(data: Buffer): Buffer {
  const header = Buffer.alloc(512, 0xff);
  header.writeUInt32LE(0x5888_1688);
  header.writeUInt32LE(data.length, 4);
  header.write('ROOTFS\0', 8);
  return Buffer.concat([header, data]);
}

/** A multi-file image of U-Boot, with its table of sizes. */
function multiSeed(data: Buffer): Buffer {
  const table = Buffer.alloc(12);
  table.writeUInt32BE(4);
  table.writeUInt32BE(data.length, 4);
  return uimageSeed(Buffer.concat([table, Buffer.alloc(4), data]), 4);
}

/** A FIT image: tokens, then the names of its properties. */
function fitSeed(data: Buffer): Buffer {
  const word = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
    return bytes;
  };
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.from(value), Buffer.alloc(4 - (value.length % 4))]);
  const node = (name: string, ...inner: Buffer[]): Buffer =>
    Buffer.concat([word(1), text(name), ...inner, word(2)]);
  const property = (at: number, value: Buffer): Buffer =>
    Buffer.concat([word(3, value.length, at), value, Buffer.alloc(-value.length & 3)]);
  const names = Buffer.from('data\0type\0default\0ramdisk\0algo\0value\0');
  const hash = node('hash', property(26, text('crc32')), property(31, word(crc32(data))));
  const image = node('r', property(0, data), property(5, Buffer.from('ramdisk\0')), hash);
  const configuration = node('c', property(18, Buffer.from('r\0')));
  const chosen = node('configurations', property(10, Buffer.from('c\0')), configuration);
  const tree = Buffer.concat([node('', node('images', image), chosen), word(9)]);
  const [from, strings] = [56, 56 + tree.length];
  const total = strings + names.length;
  const head = word(0xd00d_feed, total, from, strings, 40, 17, 16, 0, names.length, tree.length);
  return Buffer.concat([head, Buffer.alloc(16), tree, names]);
}

/** With its two checksums. Only the one of the data is often wrong in a damaged input. */
function uimageSeed(data: Buffer, type = 3): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x2705_1956);
  header.writeUInt32BE(data.length, 12);
  header.writeUInt32BE(crc32(data), 24);
  header.set([5, 2, type, 0], 28);
  header.write('initrd', 32);
  header.writeUInt32BE(crc32(header), 4);
  return Buffer.concat([header, data]);
}

const tar = (bytes: Buffer): Promise<void> =>
  readTar(ByteSource.fromBuffer(bytes), {
    member: () => undefined,
    data: () => undefined,
    complete: () => undefined,
  });

/** A tar of a directory with what the reader knows: pax records, GNU's long names, links. */
function tarSeed(): Buffer {
  const block = (name: string, type: string, data: Buffer | number): Buffer => {
    const size = typeof data === 'number' ? data : data.length;
    const header = Buffer.alloc(512);
    header.write(name, 0, 100, 'latin1');
    header.write('0000644\0' + '0000000\0'.repeat(2), 100, 'latin1');
    header.write(`${size.toString(8).padStart(11, '0')}\0${'0'.repeat(11)}\0        ${type}`, 124);
    header.write('ustar\x0000', 257, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = typeof data === 'number' ? Buffer.alloc(0) : data;
    return Buffer.concat([header, body, Buffer.alloc(-body.length & 511)]);
  };
  return Buffer.concat([
    block('PaxHeader', 'x', PAX),
    block('d/', '5', 0),
    block('d/x', '0', Buffer.from('content')),
    block('././@LongLink', 'L', Buffer.from(`${'n'.repeat(120)}\0`)),
    block('n', '0', Buffer.from('x')),
    block('d/l', '2', 0),
    Buffer.alloc(1024),
  ]);
}

const PAX = Buffer.from('22 mtime=1234567890.5\n20 SCHILY.xattr.u=x\n');

const STREAM_TEXT = Buffer.from('root:x:0:0:root:/root:/bin/sh\n'.repeat(20));

const packedBy = new Map<Method, Buffer>();

// eslint-disable-next-line @typescript-eslint/require-await -- the encoders take async pieces.
async function* textOnce(): AsyncGenerator<Buffer, void> {
  yield STREAM_TEXT;
}

/** Makes the seeds that take time. */
export async function prepareSeeds(): Promise<void> {
  for (const method of METHODS) {
    const parts: Buffer[] = [];
    for await (const part of compress(method, textOnce())) parts.push(part);
    packedBy.set(method, Buffer.concat(parts));
  }
}

const streams = Object.fromEntries(
  METHODS.map((method): [string, Parser] => [
    `stream-${method}`,
    {
      seeds: () => [packedBy.get(method)!],
      parse: (bytes) => readAll(decompress(method, ByteSource.fromBuffer(bytes))),
      ...refusesAs('CompressionError'),
    },
  ]),
);

export const ARCHIVE_PARSERS: Record<string, Parser> = {
  cpio: {
    seeds: (fixtures) => [
      ...['early.cpio', 'late.cpio', 'two-parts.cpio', 'odc.cpio', 'init.cpio.gz'].map((name) =>
        fixture(fixtures, name),
      ),
      gzipSync(fixture(fixtures, 'late.cpio')),
    ],
    parse: cpio,
    ...refusesAs('CompressionError'),
  },
  ext2: {
    seeds: (fixtures) => [fixture(fixtures, 'root.ext2')],
    parse: ext2,
    ...refusesAs('UnreadableImage'),
  },
  uimage: {
    seeds: (fixtures) => [uimageSeed(fixture(fixtures, 'late.cpio'))],
    parse: uimage,
    ...refusesAs('UImageError'),
  },
  'boot-image': {
    seeds: (fixtures) => {
      const ramdisk = fixture(fixtures, 'late.cpio');
      return [androidSeed, vendorSeed, mediatekSeed, multiSeed, fitSeed].map((seed) =>
        seed(ramdisk),
      );
    },
    parse: bootImage,
    ...refusesAs('ContainerError', 'UImageError'),
  },
  tar: { seeds: () => [tarSeed()], parse: tar, ...refusesAs('ArchiveError') },
  pax: {
    seeds: () => [PAX],
    parse: (bytes) => {
      for (const value of decodeRecords(bytes).values()) parseTime(value.toString('latin1'));
    },
    ...refusesAs('ArchiveError'),
  },
  ...streams,
};
