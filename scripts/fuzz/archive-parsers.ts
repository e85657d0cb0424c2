/** The parsers of ramdisks and archives. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32, gzipSync } from 'node:zlib';
import { Ext2Image } from '../../src/ramdisk/ext2-reader.js';
import { compress, decompress } from '../../src/ramdisk/compression.js';
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

/** With its two checksums. Only the one of the data is often wrong in a damaged input. */
function uimageSeed(data: Buffer): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt32BE(0x2705_1956);
  header.writeUInt32BE(data.length, 12);
  header.writeUInt32BE(crc32(data), 24);
  header.set([5, 2, 3, 0], 28);
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
