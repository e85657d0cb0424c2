import fc from 'fast-check';
import t from 'tap';
import { parseWriteLog, type LogEntry } from '../../../../scripts/emulator/write-log.js';
import { mediumOf, parseWriteOrder } from '../../../../scripts/emulator/write-order.js';

const SECTOR = 512;

interface Made {
  sector: number;
  count: number;
  flags: number;
  fill: number;
}

/** A log as QEMU writes it. */
function makeLog(entries: readonly Made[], claimed = entries.length): Buffer {
  const head = Buffer.alloc(SECTOR);
  head.writeBigUInt64LE(0x6a736677736872n, 0);
  head.writeBigUInt64LE(1n, 8);
  head.writeBigUInt64LE(BigInt(claimed), 16);
  head.writeUInt32LE(SECTOR, 24);
  const parts = entries.flatMap(({ sector, count, flags, fill }) => {
    const entry = Buffer.alloc(SECTOR);
    [sector, count, flags, 0].forEach((value, at) => entry.writeBigUInt64LE(BigInt(value), at * 8));
    return flags & 4 ? [entry] : [entry, Buffer.alloc(count * SECTOR, fill)];
  });
  return Buffer.concat([head, ...parts]);
}

const GOOD: Made[] = [
  { sector: 8, count: 8, flags: 0, fill: 1 },
  { sector: 0, count: 0, flags: 1, fill: 0 },
  { sector: 16, count: 1, flags: 2, fill: 2 },
  { sector: 64, count: 128, flags: 4, fill: 0 },
];

t.test('a log is read in its order, with flushes, forced writes and discards', async (t) => {
  const log = parseWriteLog(makeLog(GOOD));
  t.same(
    log.map(({ data, ...entry }) => ({ ...entry, data: data?.length ?? null })),
    [
      { offset: 4096, length: 4096, data: 4096, flush: false, fua: false, discard: false },
      { offset: 0, length: 0, data: null, flush: true, fua: false, discard: false },
      { offset: 8192, length: 512, data: 512, flush: false, fua: true, discard: false },
      { offset: 32768, length: 65536, data: null, flush: false, fua: false, discard: true },
    ],
  );
  t.same(parseWriteLog(Buffer.alloc(0)), [], 'a board that wrote nothing');
  t.equal(
    parseWriteLog(makeLog(GOOD, 2)).length,
    2,
    'a write that the head does not count was cut off',
  );
});

t.test('a damaged log is refused', async (t) => {
  const good = makeLog(GOOD);
  const broken = (change: (bytes: Buffer) => void): Buffer => {
    const bytes = Buffer.from(good);
    change(bytes);
    return bytes;
  };
  for (const [bytes, why] of [
    [good.subarray(0, 20), /head/],
    [good.subarray(0, 600), /claims 4 entries/],
    [good.subarray(0, 1200), /claims 4 entries|ends at/],
    [broken((bytes) => bytes.writeUInt8(0, 0)), /begins with/],
    [broken((bytes) => bytes.writeBigUInt64LE(2n, 8)), /version is 2/],
    [broken((bytes) => bytes.writeUInt32LE(500, 24)), /500 bytes/],
    [broken((bytes) => bytes.writeBigUInt64LE(1n << 62n, 16)), /number of entries/],
    [broken((bytes) => bytes.writeBigUInt64LE(1n << 60n, SECTOR + 8)), /number of sectors/],
    [broken((bytes) => bytes.writeBigUInt64LE(64n, SECTOR + 16)), /flags/],
    [broken((bytes) => bytes.writeBigUInt64LE(8n, SECTOR + 16)), /mark/],
    [broken((bytes) => bytes.writeBigUInt64LE(5n, SECTOR + 24)), /mark/],
  ] as const)
    t.throws(() => parseWriteLog(bytes), why);
  t.throws(() => parseWriteLog(makeLog([{ sector: 1, count: 0, flags: 0, fill: 0 }])), /nothing/);
});

t.test('whatever is in a log, it is read or refused', async () => {
  const good = makeLog(GOOD);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(SECTOR * 3), fc.nat(255)), { maxLength: 6 }),
      fc.nat(good.length),
      (changes, length) => {
        const bytes = Buffer.from(good.subarray(0, length));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        try {
          parseWriteLog(bytes);
        } catch (error) {
          if (!(error as Error).message.startsWith('cannot read the log of writes')) throw error;
        }
      },
    ),
  );
});

const event = (character: string): string =>
  `pl011_write addr 0x00000000 value 0x${character.charCodeAt(0).toString(16).padStart(8, '0')}`;
const write = (blk: string, offset: number, bytes: number): string =>
  `blk_co_pwritev blk ${blk} bs 0x2 offset ${offset} bytes ${bytes} flags 0x0`;

t.test('lines of the console are placed between the writes', async (t) => {
  const order = parseWriteOrder(
    [
      'pl011_write addr 0x00000030 value 0x00000041',
      ...[...'ab\r\n'].map(event),
      write('0xa', 512, 512),
      event('c'),
      write('0xb', 0, 1024),
      write('0xa', 512, 512),
      event('\n'),
      event('d'),
    ].join('\n'),
  );
  t.same(order.lines, [
    { text: 'ab', writes: [] },
    { text: 'c', writes: [2, 1] },
  ]);
  const entry = (offset: number, length: number): LogEntry => ({
    offset,
    length,
    data: Buffer.alloc(length),
    flush: false,
    fua: false,
    discard: false,
  });
  t.match(mediumOf(order, [entry(512, 512), entry(512, 512)]), { medium: 0 });
  t.match(mediumOf(order, [entry(0, 1024)]), { medium: 1 });
  t.throws(() => mediumOf(order, [entry(512, 1024)]), /no medium/);
  t.throws(() => mediumOf(order, [entry(0, 1024), entry(0, 1024)]), /no medium/);
});

t.test('writes of a disk may end in another order than they began', async (t) => {
  const log = [1024, 0].map((offset) => ({ offset, length: 512, data: Buffer.alloc(512) }));
  const made = [0, 1024, 0].map((offset) => ({ offset, length: 512 }));
  const { entries } = mediumOf({ lines: [], media: [made] }, log);
  t.same(entries, [1, 0, null], 'the last write did not end any more');
});
