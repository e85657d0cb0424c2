/** UBIFS that a power cut stopped while it made itself is known, and no other volume is. */
import t from 'tap';
import { SystemError } from '../../../src/system/system-error.js';
import { crcOf } from '../../../src/text/crc.js';
import { asUnfinished, type ReadLeb } from '../../../src/volumes/unfinished-ubifs.js';

const LEB = 4096;
const [INODE, DATA, DENTRY, SUPERBLOCK, MASTER, REFERENCE, INDEX, LOG] = [0, 1, 2, 6, 7, 8, 9, 10];

/** A node of UBIFS, with its CRC (fs/ubifs/ubifs-media.h, struct ubifs_ch). */
function node(type: number, length = 512, commits?: number): Buffer {
  const bytes = Buffer.alloc(length, 0x22);
  if (commits !== undefined) bytes.writeBigUInt64LE(BigInt(commits), 32);
  bytes.writeUInt32LE(0x06101831, 0);
  bytes.writeUInt32LE(length, 16);
  bytes[20] = type;
  bytes.writeUInt32LE(~Number(`0x${crcOf(bytes.subarray(8))}`) >>> 0, 4);
  return bytes;
}

const master = (commits: number): Buffer => node(MASTER, 512, commits);

/** Some bits that should have fallen are still up. */
const torn = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.map((byte, at) => byte | ((at % 3) << 6)));

const LEVELS = Buffer.alloc(64, 0x5a);

/** A volume of ten blocks: what each begins with. */
const volume =
  (blocks: Record<number, Buffer>): ReadLeb =>
  (leb, offset, length) => {
    const bytes = Buffer.alloc(LEB, 0xff);
    blocks[leb]?.copy(bytes);
    return bytes.subarray(offset, offset + length);
  };

const MADE = {
  0: node(SUPERBLOCK, 4096),
  1: master(0),
  2: master(0),
  3: node(LOG, 32),
  5: LEVELS,
  7: node(INODE, 160),
  8: node(INDEX, 60),
};

/** The order in which UBIFS writes them. */
const ORDER = [5, 0, 7, 8, 1, 2, 3] as const;

const contentOf = (blocks: Record<number, Buffer>) => {
  const first = blocks[0];
  if (first === undefined) return { kind: 'blank' as const, evidence: 'e' };
  const isNode = first.readUInt32LE(0) === 0x06101831;
  return { kind: isNode ? ('ubifs' as const) : ('unknown' as const), evidence: 'e' };
};

const seen = (blocks: Record<number, Buffer>) =>
  asUnfinished(contentOf(blocks), volume(blocks), 10);

const with_ = (changes: Record<number, Buffer>, ...without: number[]) =>
  Object.fromEntries(
    Object.entries({ ...MADE, ...changes }).filter(([leb]) => !without.includes(Number(leb))),
  );

t.test('each state before the start of the log is known', async (t) => {
  for (let count = 0; count < ORDER.length; count++) {
    const there = ORDER.slice(0, count);
    const whole = Object.fromEntries(there.map((leb) => [leb, MADE[leb]]));
    const next = ORDER[count]!;
    for (const blocks of [whole, { ...whole, [next]: torn(MADE[next]) }])
      t.match(
        seen(blocks),
        { kind: blocks[0] === undefined ? 'blank' : 'ubifs', unfinished: true },
        `${count} written`,
      );
  }
});

t.test('a node of which only some words are there is torn, whatever its type reads', async (t) => {
  for (const leb of [7, 8, 1, 2, 3] as const) {
    const some = Object.fromEntries(
      ORDER.slice(0, ORDER.indexOf(leb)).map((each) => [each, MADE[each]]),
    );
    const part = Buffer.from(MADE[leb]);
    part.fill(0xff, 16, 24);
    const late = Buffer.from(MADE[leb]);
    late.fill(0xff, leb === 3 ? 24 : 40, leb === 3 ? 28 : 44);
    for (const each of [part, late])
      t.equal(seen({ ...some, [leb]: each }).unfinished, true, `LEB ${leb}`);
    t.equal(seen({ ...some, [leb]: part, 9: part }).unfinished, undefined, 'two are damage');
  }
});

t.test('a mount that fails at the log has written more master nodes', async (t) => {
  const more = Buffer.concat([master(0), master(0), master(0)]);
  t.equal(seen(with_({ 1: more, 2: more }, 3)).unfinished, true);
});

t.test('a volume that is made, or in use, is not unfinished', async (t) => {
  t.equal(seen(MADE).unfinished, undefined, 'made');
  t.equal(seen(with_({ 3: node(REFERENCE, 64) })).unfinished, undefined, 'its log goes on');
  const used = node(MASTER);
  t.equal(seen(with_({ 1: master(3), 2: master(3) }, 3)).unfinished, undefined, 'commits');
  t.equal(seen(with_({ 1: used, 2: used }, 3)).unfinished, undefined, 'many commits');
  const two = Buffer.concat([master(0), master(1)]);
  t.equal(seen(with_({ 1: two, 2: two }, 3)).unfinished, undefined, 'the second has a commit');
});

t.test('a used volume is never unfinished, even without both master nodes', async (t) => {
  for (const type of [DATA, DENTRY, LOG, MASTER])
    t.equal(seen(with_({ 9: node(type, 64) }, 1, 2, 3)).unfinished, undefined, `type ${type}`);
  t.equal(seen(with_({ 9: node(INODE, 160) }, 1, 2, 3)).unfinished, undefined, 'two inodes');
});

t.test('what is no UBIFS is left alone', async (t) => {
  const blocks = { 0: Buffer.from('hsqs and more of a squashfs image') };
  t.match(seen(blocks), { kind: 'unknown', unfinished: undefined });
  for (const kind of ['squashfs', 'jffs2', 'unreadable'] as const) {
    const content = { kind, evidence: 'e' };
    t.equal(asUnfinished(content, volume({}), 10), content);
  }
  t.equal(asUnfinished({ kind: 'blank', evidence: 'e' }, volume({}), 3).unfinished, undefined);
});

t.test('one torn page of NAND is a cut, two are damage', async (t) => {
  const tornAt =
    (...pages: number[]): ReadLeb =>
    (leb, offset, length) => {
      if (!pages.includes(leb)) return volume(with_({}, 1, 2, 3))(leb, offset, length);
      throw new SystemError({
        what: 'read',
        syscall: 'read',
        errno: 'EBADMSG',
        path: '/dev/ubi0_0',
      });
    };
  const content = { kind: 'ubifs' as const, evidence: 'e' };
  t.equal(asUnfinished(content, tornAt(1), 10).unfinished, true);
  t.equal(asUnfinished(content, tornAt(8), 10).unfinished, true);
  t.equal(asUnfinished(content, tornAt(1, 8), 10).unfinished, undefined);
});

t.test('a used volume costs two reads of one block', async (t) => {
  const reads: number[] = [];
  const read: ReadLeb = (...where) => {
    reads.push(where[0]);
    return volume(MADE)(...where);
  };
  asUnfinished(contentOf(MADE), read, 10);
  t.same(reads, [3, 3]);
});
