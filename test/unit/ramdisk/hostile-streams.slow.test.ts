import fc from 'fast-check';
import t from 'tap';
import type { Method } from '../../../src/ramdisk/method.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { METHODS, compress, decompress, outcome, packed, sample } from './streams.js';

const SMALL = sample(120);
/** A stream of a few hundred bytes that grows beyond this is out of control. */
const MOST = 64 * 1024 * 1024;

/** Reads a stream to its end or its error. Only our own error is allowed. */
async function survives(method: Method, stream: Buffer): Promise<Buffer | null> {
  const { bytes, error } = await outcome(method, ByteSource.fromBuffer(stream));
  if (error !== null && error.name !== 'CompressionError') throw error;
  if (bytes.length > MOST) throw new Error(`${stream.length} bytes became ${bytes.length}`);
  return error === null ? bytes : null;
}

t.test(
  'a stream cut short anywhere is an error, or gives the complete data before the cut',
  async (t) => {
    for (const method of METHODS) {
      const stream = await packed(method, SMALL);
      for (let length = 0; length < stream.length; length++) {
        const bytes = await survives(method, stream.subarray(0, length));
        // lz4 has no end mark: the kernel takes it as complete after its magic number, and with up
        // to three bytes of a size.
        if (bytes !== null)
          t.ok(
            method === 'lz4' && length >= 4 && length < 8 && bytes.length === 0,
            `${method}, ${length} of ${stream.length} bytes`,
          );
      }
    }
    t.pass();
  },
);

t.test(
  'a stream with any byte changed is an error or gives bytes; it does not crash, hang ' +
    'or grow without bound',
  async (t) => {
    for (const method of METHODS) {
      const stream = await packed(method, SMALL);
      for (let at = 0; at < stream.length; at++)
        for (const change of [0x01, 0x80, 0xff]) {
          const changed = Buffer.from(stream);
          changed[at]! ^= change;
          await survives(method, changed);
        }
    }
    t.pass();
  },
);

t.test('random bytes after the first bytes of each method do no harm', async (t) => {
  const headers: Record<Method, string> = {
    gzip: '1f8b0800000000000003',
    xz: 'fd377a585a0000016922de36',
    zstd: '28b52ffd',
    lz4: '02214c18',
    lzo: '894c5a4f000d0a1a0a',
    bzip2: '425a6839314159265359',
    lzma: '5d00008000ffffffffffffffff00',
  };
  for (const method of METHODS)
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        async (junk) =>
          void (await survives(method, Buffer.concat([Buffer.from(headers[method], 'hex'), junk]))),
      ),
      { numRuns: 100, seed: 1 },
    );
  t.pass();
});

t.test('sizes beyond any memory are refused before memory is allocated', async (t) => {
  const refusals: [Method, string, RegExp][] = [
    ['lz4', '02214c18ffffff7f00000000', /"Decoding failed"/],
    ['lz4', '02214c18ffffffff00000000', /"Decoding failed"/],
    [
      'lzo',
      `894c5a4f000d0a1a0a${'104020a009400109030000010000000000000000000000000000000000'}ffffffff`,
      /"dest len longer than block size"/,
    ],
    // Windows of 3.75 TiB, 1.125 GiB and 256 MiB, and a single segment of 2^63 bytes.
    ['zstd', '28b52ffd00ff010000', /"ZSTD-compressed data is probably corrupt"/],
    ['zstd', '28b52ffd00a1010000', /"ZSTD-compressed data has too large a window size"/],
    ['zstd', '28b52ffd0090010000', /"Out of memory while allocating ZSTD_DStream"/],
    [
      'zstd',
      '28b52ffde00000000000000080010000',
      /"ZSTD-compressed data has too large a window size"/,
    ],
    // A dictionary of 4 GiB.
    ['lzma', '5d00ffffffffffffffffffffff0000000000000000', /"decompressor failed"/],
  ];
  for (const [method, stream, says] of refusals)
    t.match(
      (await outcome(method, ByteSource.fromBuffer(Buffer.from(stream, 'hex')))).error?.message,
      says,
      `${method} ${stream}`,
    );
});

t.test('three hundred megabytes of zeros pass through in little memory', async (t) => {
  const MIB = 1024 * 1024;
  async function* zeros(count: number): AsyncGenerator<Buffer, void> {
    const chunk = Buffer.alloc(MIB);
    for (let at = 0; at < count; at++) yield chunk;
  }
  const whole = async (method: Method, count: number): Promise<Buffer> => {
    const all: Buffer[] = [];
    for await (const chunk of compress(method, zeros(count))) all.push(chunk);
    return Buffer.concat(all);
  };
  // lz4's blocks are independent, so many of them are made quickly.
  const block = (await whole('lz4', 8)).subarray(4);
  const bombs: [Method, Buffer, number][] = [
    ['gzip', await whole('gzip', 300), 300],
    ['zstd', await whole('zstd', 300), 300],
    ['lz4', Buffer.concat([Buffer.from('02214c18', 'hex'), ...Array<Buffer>(38).fill(block)]), 304],
    ['bzip2', await whole('bzip2', 50), 50],
  ];
  for (const [method, bomb, size] of bombs) {
    const before = process.memoryUsage.rss();
    let [length, peak] = [0, 0];
    for await (const chunk of decompress(method, ByteSource.fromBuffer(bomb))) {
      if (chunk.length > MIB / 4) t.fail(`${method}: a chunk of ${chunk.length} bytes`);
      length += chunk.length;
      peak = Math.max(peak, process.memoryUsage.rss() - before);
    }
    t.equal(length, size * MIB, method);
    t.ok(peak < 100 * MIB, `${method} in ${Math.round(peak / MIB)} MiB`);
  }
});
