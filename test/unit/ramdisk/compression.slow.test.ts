import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import type { Method } from '../../../src/ramdisk/method.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import {
  METHODS,
  collected,
  compress,
  decompress,
  inChunks,
  methodOf,
  outcome,
  packed,
  sample,
  through,
} from './streams.js';

const EMPTY = Buffer.alloc(0);
/** More than one block of lzo, and more than one read. */
const DATA = sample(300_000);
const STREAMS = Object.fromEntries(
  await Promise.all(METHODS.map(async (method) => [method, await packed(method, DATA)])),
) as Record<Method, Buffer>;

/** Each method's own tool. */
const TOOLS: Record<
  Method,
  { program: string; compress: string[]; decompress: string[]; check: string[] }
> = {
  gzip: { program: 'gzip', compress: ['-c'], decompress: ['-dc'], check: ['-t'] },
  xz: { program: 'xz', compress: ['-c', '--check=crc32'], decompress: ['-dc'], check: ['-t'] },
  zstd: { program: 'zstd', compress: ['-c'], decompress: ['-dc'], check: ['-t'] },
  lz4: { program: 'lz4', compress: ['-c', '-l'], decompress: ['-dc'], check: ['-t'] },
  lzo: { program: 'lzop', compress: ['-c'], decompress: ['-dc'], check: ['-t'] },
  bzip2: { program: 'bzip2', compress: ['-c'], decompress: ['-dc'], check: ['-t'] },
  lzma: {
    program: 'xz',
    compress: ['-c', '--format=lzma'],
    decompress: ['-dc', '--format=lzma'],
    check: ['-t', '--format=lzma'],
  },
};

t.test(
  'compressed data of any size up to several blocks come back, and the first bytes give the method',
  async (t) => {
    for (const method of METHODS)
      for (const data of [EMPTY, Buffer.from('x'), DATA]) {
        const stream = data === DATA ? STREAMS[method] : await packed(method, data);
        const { bytes, error, warnings } = await outcome(method, ByteSource.fromBuffer(stream));
        t.ok(
          error === null && bytes.equals(data) && warnings.length === 0,
          `${method}, ${data.length} bytes`,
          { error, warnings },
        );
        t.equal(methodOf(stream), method);
      }
  },
);

t.test('lz4 blocks end at 8 MiB, and the rest is in the next one', async (t) => {
  const data = Buffer.alloc(8 * 1024 * 1024 + 5, 'a root file system, ');
  const stream = await packed('lz4', data);
  t.ok((await collected(decompress('lz4', ByteSource.from(inChunks(stream))))).equals(data));
  t.ok(through('lz4', ['-dc'], stream).equals(data));
});

t.test("each method's own tool reads our compressed data", async (t) => {
  for (const method of METHODS) {
    const { program, ...args } = TOOLS[method];
    const stream = STREAMS[method];
    t.doesNotThrow(() => through(program, args.check, stream), `${program} finds no fault`);
    t.ok(through(program, args.decompress, stream).equals(DATA), method);
  }
});

t.test("our decoders read the tools' compressed data", async (t) => {
  const more: [Method, string[]][] = [
    ['gzip', ['-1c']],
    ['gzip', ['-9nc']],
    ['xz', ['-c', '--check=none']],
    ['xz', ['-c', '--check=crc32', '--arm', '--lzma2=preset=9']],
    ['zstd', ['-c', '--no-check', '-19']],
    ['zstd', ['-c', '--long=27']],
    ['lz4', ['-9', '-lc']],
    ['lzo', ['-9c']],
    ['lzo', ['-c', '--crc32']],
    ['bzip2', ['-1c']],
  ];
  for (const [method, args] of [
    ...METHODS.map((method): [Method, string[]] => [method, TOOLS[method].compress]),
    ...more,
  ])
    for (const data of [EMPTY, DATA]) {
      const { bytes, error, warnings } = await outcome(
        method,
        ByteSource.from(inChunks(through(TOOLS[method].program, args, data), 1000)),
      );
      t.ok(
        error === null && bytes.equals(data) && warnings.length === 0,
        `${TOOLS[method].program} ${args.join(' ')}, ${data.length} bytes`,
        { error, warnings },
      );
    }
});

t.test('the same data give the same bytes in any pieces, without times or names', async (t) => {
  for (const method of METHODS)
    t.ok(STREAMS[method].equals(await collected(compress(method, inChunks(DATA, 7777)))), method);
});

t.test('one stream is read and no more: the source stops at the first byte after it', async (t) => {
  for (const method of METHODS) {
    const stream = STREAMS[method];
    // Only zeros can follow lz4: the kernel takes anything else for a block.
    for (const behind of method === 'lz4'
      ? ['\x00\x00\x00\x00070701', '\x00\x00\x00']
      : ['070701', '\x00\x00\x00\x00070701', '']) {
      const source = ByteSource.from(
        inChunks(Buffer.concat([Buffer.from('before'), stream, Buffer.from(behind)]), 12_345),
      );
      await source.read(6);
      t.ok(
        (await collected(decompress(method, source))).equals(DATA),
        `${method} before ${JSON.stringify(behind)}`,
      );
      t.equal(source.offset, 6 + stream.length);
      t.equal((await source.read(100)).toString(), behind);
    }
  }
});

t.test(
  'consecutive streams of two methods are read separately; two of lz4 are one, as in the kernel',
  async (t) => {
    const streams = await Promise.all(METHODS.map((method) => packed(method, Buffer.from(method))));
    const lz4 = METHODS.indexOf('lz4');
    const order = [...METHODS.filter((method) => method !== 'lz4'), 'lz4' as const];
    const source = ByteSource.fromBuffer(
      Buffer.concat([...streams.filter((_, index) => index !== lz4), streams[lz4]!, streams[lz4]!]),
    );
    const read = [];
    for (const method of order) {
      t.equal(methodOf(await source.peek(2)), method);
      read.push((await collected(decompress(method, source))).toString());
    }
    t.same(read, [...order.slice(0, -1), 'lz4lz4']);
    t.equal(await source.chunk(), null);
  },
);

t.test('readers that stop early leave nothing open', async (t) => {
  for (const method of METHODS) {
    const stream = STREAMS[method];
    for (let time = 0; time < 70; time++)
      for await (const chunk of decompress(method, ByteSource.fromBuffer(stream)))
        if (chunk.length > 0) break;
  }
  t.pass();
});

t.test("the first two bytes decide, by the kernel's table", async (t) => {
  t.equal(methodOf(Buffer.from('1f9e', 'hex')), 'gzip');
  // lz4's newer frames, skippable zstd frames, zip, and too few bytes.
  for (const other of ['04224d18', '5b2a4d18', '504b0304', '1f', '', '0000', '303730373031'])
    t.equal(methodOf(Buffer.from(other, 'hex')), null, other);
});

t.test(
  'formats that the kernel cannot read are refused with the reason, even if the tools can',
  async (t) => {
    const refused = async (method: Method, stream: Buffer): Promise<string> =>
      (await outcome(method, ByteSource.fromBuffer(stream))).error?.message ?? 'it is read';
    const unsupported =
      /; the kernel would say "Input was encoded with settings that are not supported by this XZ decoder"$/;
    t.match(
      await refused('xz', through('xz', ['-c'], DATA)),
      /^cannot decompress xz at byte 7: its checksum is another than CRC32/,
    );
    t.match(await refused('xz', through('xz', ['-c'], DATA)), unsupported);
    t.match(
      await refused('xz', through('xz', ['-c', '--check=crc32', '--delta', '--lzma2'], DATA)),
      unsupported,
    );
    t.match(
      await refused('xz', through('xz', ['-c', '--check=crc32', '--arm64', '--lzma2'], DATA)),
      unsupported,
    );
    t.match(
      await refused(
        'zstd',
        through('zstd', ['-c', '--ultra', '--long=28', '-1', '--zstd=wlog=28'], DATA),
      ),
      /the kernel takes 128 MiB at most/,
    );
    t.match(
      await refused('lz4', through('lz4', ['-c'], DATA)),
      /compress it with `lz4 -l`; the kernel would say "invalid header"/,
    );
    t.match(await refused('lzo', through('lzop', ['-cF'], DATA)), /; the kernel would say "/);
    t.match(
      await refused('gzip', Buffer.concat([Buffer.from('1f9e'), DATA])),
      /the kernel would say "Not a gzip file"/,
    );
  },
);

t.test(
  'a gzip header with fields that the kernel does not skip is refused, as in the kernel',
  async (t) => {
    const stream = STREAMS.gzip;
    const comment = Buffer.concat([
      stream.subarray(0, 3),
      Buffer.from([0x10]),
      stream.subarray(4, 10),
      Buffer.from('a comment\0'),
      stream.subarray(10),
    ]);
    t.ok(through('gzip', ['-dc'], comment).equals(DATA), 'gzip can');
    t.match(
      (await outcome('gzip', ByteSource.fromBuffer(comment))).error?.message,
      /its header has fields besides a file name.*the kernel would say "uncompression error"/,
    );
    const named = Buffer.concat([
      stream.subarray(0, 3),
      Buffer.from([0x08]),
      stream.subarray(4, 10),
      Buffer.alloc(300_000, 'n'),
      Buffer.from([0]),
      stream.subarray(10),
    ]);
    t.ok(
      (await outcome('gzip', ByteSource.fromBuffer(named))).bytes.equals(DATA),
      'a name of any length is skipped',
    );
    t.match(
      (await outcome('gzip', ByteSource.fromBuffer(named.subarray(0, 200_000)))).error?.message,
      /the kernel would say "header error"/,
    );
  },
);

t.test(
  'a wrong checksum is an error if the kernel checks it, and otherwise a warning',
  async (t) => {
    for (const method of METHODS) {
      const stream = Buffer.from(STREAMS[method]);
      // The place of the data's checksum: lz4 and lzma have none; in xz it is before the index and
      // the footer.
      const at = {
        gzip: stream.length - 8,
        zstd: stream.length - 1,
        bzip2: stream.length - 2,
        lzo: 38 + 8,
        xz: stream.length - 12 - stream.readUInt32LE(stream.length - 8) * 4 - 8,
        lz4: null,
        lzma: null,
      }[method];
      if (at === null) continue;
      stream[at]! ^= 1;
      const { bytes, error, warnings } = await outcome(method, ByteSource.fromBuffer(stream));
      if (method === 'gzip' || method === 'lzo') {
        t.ok(error === null && bytes.equals(DATA), `${method} is read`, { error });
        t.match(warnings, [/the kernel does not look at it/]);
      } else t.match(error?.message, /; the kernel would say "/, method);
    }
    const stream = STREAMS.gzip;
    t.equal(stream.readUInt32LE(stream.length - 8), crc32(DATA));
  },
);

t.test('the offset of a premature end is given', async (t) => {
  for (const method of METHODS) {
    const stream = STREAMS[method].subarray(0, 5000);
    const { error } = await outcome(method, ByteSource.from(inChunks(stream)));
    t.match(
      error,
      { name: 'CompressionError', method, offset: 5000 },
      `${method}: ${error?.message}`,
    );
  }
});

t.test(
  'without the library gzip still works, and the other methods name the missing file',
  async (t) => {
    const folder = t.testdir({});
    const file = await bundle('src/ramdisk/compression.ts', join(folder, 'bundle.cjs'));
    await placeNative('host', folder);
    rmSync(join(folder, 'native', `linux-${process.arch}`, 'libmountroot-codecs.so'));
    const alone = createRequire(import.meta.url)(
      file,
    ) as typeof import('../../../src/ramdisk/compression.js');
    t.ok(
      (
        await collected(
          alone.decompress('gzip', ByteSource.from(alone.compress('gzip', inChunks(DATA)))),
        )
      ).equals(DATA),
    );
    for (const method of METHODS.filter((method) => method !== 'gzip')) {
      const message = new RegExp(
        `^cannot use ${method} here: libmountroot-codecs\\.so, which has it, cannot be loaded ` +
          '.*do this there$',
      );
      await t.rejects(collected(alone.compress(method, inChunks(DATA))), {
        name: 'MissingCodecError',
        message,
      });
      await t.rejects(collected(alone.decompress(method, ByteSource.fromBuffer(DATA))), {
        message,
      });
    }
  },
);
