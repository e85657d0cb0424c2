/**
 * Writes an upper layer as a tar. tar-stream makes the headers and the content. The pax headers are
 * made here, because their values are bytes and tar-stream takes only text.
 */
import * as fs from 'node:fs';
import { once } from 'node:events';
import { setImmediate as idle } from 'node:timers/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { lossSentence, type Loss } from './archive-problem.js';
import { OPAQUE_MARK, WHITEOUT } from './marks.js';
import { attributeKey, encodeRecords, formatTime } from './pax.js';
import { walkUpper, type LayerEntry, type Looking } from './upper.js';
import type { SystemError } from '../../system/system-error.js';
import { printable } from '../../text/printable.js';

export interface ExportReport {
  entries: number;
  whiteouts: number;
  opaque: number;
  /** Bytes of the files' contents. */
  bytes: number;
  /** The losses of the archive: a printable path, and the reason. */
  problems: { path: string; why: string }[];
}

const BLOCK = 512;
const CHUNK = 65_536;
/**
 * After this number of entries the process becomes idle once, because the memory of calls through
 * FFI is freed only then.
 */
const BREATH = 64;

/** The largest values of header fields as tar-stream writes them: six octal digits, 31 bits. */
const MOST_NUMBER = 0o777777;
const MOST_SECONDS = 0x7fff_ffffn;
const LONGEST_FIELD = 100;

const plain = (text: string): boolean =>
  /^[\x20-\x7e]*$/.test(text) && text.length <= LONGEST_FIELD;

interface Described {
  name: string;
  type: NonNullable<Header['type']>;
  details: Pick<LayerEntry['details'], 'mode' | 'uid' | 'gid' | 'mtime' | 'node'>;
  size: number;
  link: string;
  attributes: ReadonlyMap<string, Buffer>;
}

/** Records for values that do not fit into the fields of the header. */
function recordsOf({
  name,
  details: { uid, gid, mtime },
  link,
  attributes,
}: Described): [string, Uint8Array | string][] {
  const records: [string, Uint8Array | string][] = [];
  if (!plain(name)) records.push(['path', name]);
  if (!plain(link)) records.push(['linkpath', link]);
  if (uid > MOST_NUMBER) records.push(['uid', String(uid)]);
  if (gid > MOST_NUMBER) records.push(['gid', String(gid)]);
  if (mtime % 1_000_000_000n !== 0n || mtime < 0n || mtime / 1_000_000_000n > MOST_SECONDS)
    records.push(['mtime', formatTime(mtime)]);
  for (const [key, value] of attributes) records.push([attributeKey(key), value]);
  return records;
}

/** Replaces a name that a header cannot hold. Readers that know pax do not see it. */
const standIn = (text: string): string =>
  plain(text)
    ? text
    : text
        .replace(/[^\x20-\x7e]/g, '_')
        .slice(-LONGEST_FIELD)
        .replace(/^\/+/, '');

/** The block before pax records (POSIX.1-2008, ustar). */
function paxBlock(size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
  block.write('PaxHeader', 0);
  for (const at of [108, 116]) block.write(`${octal(0, 7)}\0`, at);
  const [mode, zero, length] = [octal(0o644, 7), octal(0, 7), octal(size, 11)];
  block.write(`${mode}\0${zero}\0${zero}\0${length}\0${octal(0, 11)}\0        x`, 100);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

/** The limit of bytes that wait for the reader. */
const AHEAD = 1 << 20;

/** Writes the entries one after the other. */
class Writer {
  private made = 0;
  private taken = 0;
  private wake = (): void => {};

  constructor(private readonly pack: Pack) {}

  /** The number of bytes that the reader has taken. */
  took(bytes: number): void {
    this.taken += bytes;
    this.wake();
  }

  async entry(
    described: Described,
    fill?: (write: (bytes: Buffer) => Promise<void>) => Promise<void>,
  ): Promise<void> {
    const { name, type, size, link, details } = described;
    // tar-stream does not wait for its reader between entries without content.
    while (this.made - this.taken > AHEAD)
      await new Promise<void>((resolve) => (this.wake = resolve));
    const records = encodeRecords(recordsOf(described));
    this.made += BLOCK + size + records.length;
    if (records.length > 0)
      this.pack.push(
        Buffer.concat([
          paxBlock(records.length),
          records,
          Buffer.alloc((BLOCK - (records.length % BLOCK)) % BLOCK),
        ]),
      );
    const [major = 0, minor = 0] = details.node === '' ? [] : details.node.split(':').map(Number);
    const seconds =
      details.mtime < 0n || details.mtime / 1_000_000_000n > MOST_SECONDS
        ? 0n
        : details.mtime / 1_000_000_000n;
    const header = {
      name: standIn(name),
      type,
      // tar-stream treats a mode of 0 as missing, and clears all bits above the permissions.
      mode: details.mode | 0o100000,
      uid: Math.min(details.uid, MOST_NUMBER),
      gid: Math.min(details.gid, MOST_NUMBER),
      size,
      mtime: new Date(Number(seconds) * 1000),
      ...(link !== '' && { linkname: standIn(link) }),
      ...(details.node !== '' && { devmajor: major, devminor: minor }),
    };
    await new Promise<void>((resolve, reject) => {
      const sink = this.pack.entry(header, (error?: Error | null) =>
        error ? reject(error) : resolve(),
      );
      if (type !== 'file') return;
      const write = async (bytes: Buffer): Promise<void> => {
        if (!sink.write(bytes)) await once(sink, 'drain');
      };
      (fill?.(write) ?? Promise.resolve()).then(
        () => void sink.end(null),
        (error: Error) => void this.pack.destroy(error),
      );
    });
  }
}

/** Fields that change with every change of a file. */
const stateOf = ({ size, mtimeNs, ctimeNs }: fs.BigIntStats): string =>
  `${size} ${mtimeNs} ${ctimeNs}`;

/** Writes exactly as many bytes as the header says, even if the file changes meanwhile. */
async function contents(
  { details, open }: LayerEntry,
  write: (bytes: Buffer) => Promise<void>,
  lose: (loss: Loss) => void,
): Promise<void> {
  let fd = -1;
  try {
    fd = open();
  } catch (error) {
    lose({ code: 'unreadable', errno: (error as SystemError).errno });
  }
  try {
    let left = details.size;
    while (fd >= 0 && left > 0) {
      const room = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const bytes = fs.readSync(fd, room);
      if (bytes === 0) break;
      left -= bytes;
      await write(room.subarray(0, bytes));
    }
    if (fd >= 0) {
      const now = fs.fstatSync(fd, { bigint: true });
      if (
        left > 0 ||
        stateOf(now) !== `${details.size} ${details.mtime} ${details.ctime}` ||
        now.ino !== BigInt(details.inode)
      )
        lose({ code: 'changed-meanwhile', shorter: left > 0 });
    }
    for (; left > 0; left -= Math.min(CHUNK, left))
      await write(Buffer.alloc(Math.min(CHUNK, left)));
  } finally {
    if (fd >= 0) fs.closeSync(fd);
  }
}

const TYPES = {
  directory: 'directory',
  file: 'file',
  symlink: 'symlink',
  character: 'character-device',
  block: 'block-device',
  fifo: 'fifo',
} as const;

const nodeFits = ({ details: { node } }: LayerEntry): boolean =>
  node === '' || node.split(':').every((each) => Number(each) <= MOST_NUMBER);

const emptyFile = (name: string): Described => ({
  name,
  type: 'file',
  details: { mode: 0o600, uid: 0, gid: 0, mtime: 0n, node: '' },
  size: 0,
  link: '',
  attributes: new Map(),
});

/** The name of an entry in the archive. */
function nameOf({ path, kind }: Pick<LayerEntry, 'path' | 'kind'>): string {
  if (path === '') return './';
  return kind === 'directory' ? `${path}/` : path;
}

/**
 * The layer at `top` as chunks of a tar. The layer is only read. `report` is filled meanwhile.
 * @throws {ArchiveError} for what an archive cannot hold, before the first chunk. @throws
 *   {SystemError}
 */
export async function* layerTar(
  system: Looking,
  top: string,
  report: ExportReport,
): AsyncGenerator<Buffer, void> {
  await check(system, top);
  const archive = pack();
  const writer = new Writer(archive);
  const writing = write(writer, system, top, report).then(
    () => archive.finalize(),
    (error: Error) => void archive.destroy(error),
  );
  try {
    // A small file has three pieces of at most a block each. We join them, because the caller makes
    // a system call for each chunk.
    let held: Buffer[] = [];
    let bytes = 0;
    for await (const piece of archive as AsyncIterable<Buffer>) {
      writer.took(piece.length);
      held.push(piece);
      bytes += piece.length;
      if (bytes < CHUNK) continue;
      yield Buffer.concat(held);
      [held, bytes] = [[], 0];
    }
    await writing;
    if (bytes > 0) yield Buffer.concat(held);
  } finally {
    archive.destroy();
  }
}

/** @throws {ArchiveError} for a file that an archive cannot hold. */
async function check(system: Looking, top: string): Promise<void> {
  const walk = walkUpper(system, top, () => {});
  for (let looked = 1; walk.next().done !== true; looked++) if (looked % BREATH === 0) await idle();
}

async function write(
  writer: Writer,
  system: Looking,
  top: string,
  report: ExportReport,
): Promise<void> {
  const lose = (path: string, loss: Loss): void =>
    void report.problems.push({ path, why: lossSentence(loss) });
  /** The first name of each file with several names, by its inode. */
  const linked = new Map<number, string>();
  let looked = 0;
  for (const entry of walkUpper(system, top, lose)) {
    if (++looked % BREATH === 0) await idle();
    const { kind, path, details } = entry;
    if (kind === 'whiteout') {
      await writer.entry(emptyFile(whiteoutOf(path)));
      report.whiteouts++;
      continue;
    }
    if (!nodeFits(entry)) {
      lose(printable(path), { code: 'device-number', node: details.node });
      continue;
    }
    report.entries++;
    const isLinked = kind !== 'directory' && details.links > 1;
    const first = isLinked ? linked.get(details.inode) : undefined;
    if (first !== undefined) {
      await writer.entry(linkTo(first, entry));
      continue;
    }
    if (isLinked) linked.set(details.inode, path);
    const described = describe(entry, TYPES[kind]);
    report.bytes += described.size;
    await writer.entry(described, (push) =>
      contents(entry, push, (loss) => lose(printable(path), loss)),
    );
    if (entry.opaque && path !== '') {
      await writer.entry(emptyFile(`${path}/${OPAQUE_MARK}`));
      report.opaque++;
    }
  }
}

/** The name of the empty file that represents a whiteout. */
function whiteoutOf(path: string): string {
  const at = path.lastIndexOf('/') + 1;
  return `${path.slice(0, at)}${WHITEOUT}${path.slice(at)}`;
}

const linkTo = (first: string, { path, details }: LayerEntry): Described => ({
  name: path,
  type: 'link',
  details,
  size: 0,
  link: first,
  attributes: new Map(),
});

const describe = (entry: LayerEntry, type: Described['type']): Described => ({
  name: nameOf(entry),
  type,
  details: entry.details,
  size: entry.kind === 'file' ? entry.details.size : 0,
  link: entry.target,
  attributes: entry.attributes,
});
