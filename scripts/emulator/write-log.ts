/**
 * Reads the log of all writes to a chip or disk that QEMU's `blklogwrites` driver keeps. Its format
 * is that of the kernel's dm-log-writes (drivers/md/dm-log-writes.c): a head in the first sector,
 * then for each entry one sector and the written data.
 */
const MAGIC = 0x6a736677736872n;
const FLAGS = { flush: 1, fua: 2, discard: 4, mark: 8 } as const;
const ALL_FLAGS = Object.values(FLAGS).reduce((all, flag) => all | flag, 0);
const HEAD_BYTES = 28;

export interface LogEntry {
  /** In bytes. */
  offset: number;
  length: number;
  /** null: discarded, or only a flush. */
  data: Buffer | null;
  /** The drive's cache was flushed before this. */
  flush: boolean;
  /** The data was on the medium when the write was answered. */
  fua: boolean;
  discard: boolean;
}

class Reader {
  constructor(private readonly bytes: Buffer) {}

  fail(what: string): never {
    throw new Error(`cannot read the log of writes: ${what}`);
  }

  /** A 64-bit number that must be small enough to count bytes of a file. */
  count(at: number, name: string, most = Number.MAX_SAFE_INTEGER): number {
    const value = this.bytes.readBigUInt64LE(at);
    if (value > BigInt(most)) this.fail(`${name} at byte ${at} is ${value}, more than ${most}`);
    return Number(value);
  }

  need(at: number, length: number, what: string): void {
    if (at + length > this.bytes.length)
      this.fail(
        `${what} at byte ${at} has ${length} bytes, and the log ends at ${this.bytes.length}`,
      );
  }

  /** Returns the number of entries and the size of a sector. */
  head(): { entries: number; sector: number } {
    this.need(0, HEAD_BYTES, 'the head');
    const magic = this.bytes.readBigUInt64LE(0);
    if (magic !== MAGIC) this.fail(`it begins with ${magic.toString(16)}`);
    const version = this.bytes.readBigUInt64LE(8);
    if (version !== 1n) this.fail(`its version is ${version}`);
    const sector = this.bytes.readUInt32LE(24);
    if (sector < 512 || sector > 65536 || (sector & (sector - 1)) !== 0)
      this.fail(`its sectors have ${sector} bytes`);
    return { entries: this.count(16, 'the number of entries'), sector };
  }

  /** Returns the entry at a byte, and where the next one is. */
  entry(at: number, sector: number): { entry: LogEntry; next: number } {
    this.need(at, sector, 'an entry');
    const most = Math.floor(Number.MAX_SAFE_INTEGER / sector);
    const offset = this.count(at, 'the sector', most) * sector;
    const length = this.count(at + 8, 'the number of sectors', most) * sector;
    const flags = this.count(at + 16, 'the flags', ALL_FLAGS);
    if (this.count(at + 24, 'the length of a mark') !== 0) this.fail(`byte ${at} has a mark`);
    if ((flags & FLAGS.mark) !== 0) this.fail(`byte ${at} has a mark`);
    const discard = (flags & FLAGS.discard) !== 0;
    const from = at + sector;
    const stored = discard ? 0 : length;
    this.need(from, stored, 'the data');
    const entry = {
      offset,
      length,
      data: stored === 0 ? null : this.bytes.subarray(from, from + stored),
      flush: (flags & FLAGS.flush) !== 0,
      fua: (flags & FLAGS.fua) !== 0,
      discard,
    };
    if (entry.data === null && !discard && !entry.flush)
      this.fail(`the entry at byte ${at} does nothing`);
    return { entry, next: from + stored };
  }
}

/**
 * Returns the entries in the order in which they reached the medium. A board without a single write
 * leaves an empty log. Bytes behind the last entry that the head counts are a write that was cut
 * off.
 * @throws {Error} when the log is damaged.
 */
export function parseWriteLog(bytes: Buffer): LogEntry[] {
  if (bytes.length === 0) return [];
  const reader = new Reader(bytes);
  const { entries, sector } = reader.head();
  if (entries > bytes.length / sector)
    reader.fail(`it has ${bytes.length} bytes and claims ${entries} entries`);
  const all: LogEntry[] = [];
  for (let at = sector; all.length < entries;) {
    const { entry, next } = reader.entry(at, sector);
    all.push(entry);
    at = next;
  }
  return all;
}
