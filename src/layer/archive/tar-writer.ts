/**
 * Writes an upper layer as a tar (POSIX.1-2008, pax). The headers are made here and not by
 * tar-stream: its values are text, and it took eight times as long as GNU tar for small files.
 */
import * as fs from 'node:fs';
import { setImmediate as idle } from 'node:timers/promises';
import { lossSentence, type Loss } from './archive-problem.js';
import { OPAQUE_MARK, WHITEOUT } from './marks.js';
import { attributeKey, encodeRecords, formatTime } from './pax.js';
import { walkUpper, type LayerEntry, type Looking } from './upper.js';
import { SystemError } from '../../system/system-error.js';
import type { FileContent } from '../../system/tree-door.js';
import { TAR_BLOCK, padding, ustarHeader } from '../../text/ustar-header.js';
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

const CHUNK = 65_536;
/**
 * After this number of entries the process becomes idle once, because the memory of calls through
 * FFI is freed only then.
 */
const BREATH = 64;

/** The largest values of header fields that every reader knows: six octal digits, 31 bits. */
const MOST_NUMBER = 0o777777;
const MOST_SECONDS = 0x7fff_ffffn;
const LONGEST_FIELD = 100;

const plain = (text: string): boolean =>
  /^[\x20-\x7e]*$/.test(text) && text.length <= LONGEST_FIELD;

interface Described {
  name: string;
  /** The type flag. */
  type: string;
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

/** The header before pax records. */
const paxHeader = (size: number): Buffer =>
  ustarHeader({
    ...{ name: 'PaxHeader', mode: 0o644, uid: 0, gid: 0, size, seconds: 0 },
    ...{ type: 'x', link: '', node: '' },
  });

/** The header of an entry, with the records before it. */
function* headers(described: Described): Generator<Buffer, void> {
  const { name, type, size, link, details } = described;
  const records = encodeRecords(recordsOf(described));
  if (records.length > 0) {
    yield paxHeader(records.length);
    yield records;
    yield padding(records.length);
  }
  const { mtime } = details;
  const isPlain = mtime >= 0n && mtime / 1_000_000_000n <= MOST_SECONDS;
  yield ustarHeader({
    name: standIn(name),
    mode: details.mode,
    uid: Math.min(details.uid, MOST_NUMBER),
    gid: Math.min(details.gid, MOST_NUMBER),
    size,
    seconds: isPlain ? Number(mtime / 1_000_000_000n) : 0,
    type,
    link: standIn(link),
    node: details.node,
  });
}

/** Fields that change with every change of a file. */
const stateOf = ({ size, mtimeNs, ctimeNs }: fs.BigIntStats): string =>
  `${size} ${mtimeNs} ${ctimeNs}`;

/**
 * Exactly as many bytes as the header says, even if the file changes meanwhile.
 * @param fd this closes it.
 */
function* pieces(
  { details }: LayerEntry,
  fd: number,
  lose: (loss: Loss) => void,
): Generator<Buffer, void> {
  try {
    let left = details.size;
    while (left > 0) {
      const room = Buffer.allocUnsafe(Math.min(CHUNK, left));
      const bytes = fs.readSync(fd, room);
      if (bytes === 0) break;
      left -= bytes;
      yield room.subarray(0, bytes);
    }
    const now = stateOf(fs.fstatSync(fd, { bigint: true }));
    if (left > 0 || now !== `${details.size} ${details.mtime} ${details.ctime}`)
      lose({ code: 'changed-meanwhile', shorter: left > 0 });
    for (; left > 0; left -= Math.min(CHUNK, left)) yield Buffer.alloc(Math.min(CHUNK, left));
  } finally {
    fs.closeSync(fd);
  }
}

/** The same for a small file that was read already. */
function* whole(
  { details }: LayerEntry,
  { bytes, same }: FileContent,
  lose: (loss: Loss) => void,
): Generator<Buffer, void> {
  yield bytes;
  const missing = details.size - bytes.length;
  if (!same) lose({ code: 'changed-meanwhile', shorter: missing > 0 });
  if (missing > 0) yield Buffer.alloc(missing);
}

/** The loss of a file that cannot be read. */
const unread = (errno: string): Loss =>
  errno === 'ESTALE' || errno === 'ENOENT' ? { code: 'vanished' } : { code: 'unreadable', errno };

/** What a file holds; null if it cannot be read, or is another one by now. */
function contents(entry: LayerEntry, lose: (loss: Loss) => void): Generator<Buffer, void> | null {
  const { content, open } = entry;
  try {
    if (content === null) return pieces(entry, open(), lose);
    if (content.errno === null) return whole(entry, content, lose);
    lose(unread(content.errno));
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    lose(unread(error.errno));
  }
  return null;
}

/** Type flags of POSIX.1-2008. */
const TYPES = {
  directory: '5',
  file: '0',
  symlink: '2',
  character: '3',
  block: '4',
  fifo: '6',
} as const;
const LINK = '1';

const nodeFits = ({ details: { node } }: LayerEntry): boolean =>
  node === '' || node.split(':').every((each) => Number(each) <= MOST_NUMBER);

const emptyFile = (name: string): Described => ({
  name,
  type: TYPES.file,
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
  const exporter = new Exporter(report);
  // A small file has three pieces of at most a block each. We join them, because the caller makes a
  // system call for each chunk.
  let held: Buffer[] = [];
  let bytes = 0;
  let looked = 0;
  for (const entry of walkUpper(system, top, { onLoss: exporter.lose, purpose: 'contents' })) {
    if (++looked % BREATH === 0) await idle();
    for (const piece of exporter.entry(entry)) {
      held.push(piece);
      bytes += piece.length;
      if (bytes < CHUNK) continue;
      yield Buffer.concat(held);
      [held, bytes] = [[], 0];
    }
  }
  yield Buffer.concat([...held, Buffer.alloc(2 * TAR_BLOCK)]);
}

/** @throws {ArchiveError} for a file that an archive cannot hold. */
async function check(system: Looking, top: string): Promise<void> {
  const walk = walkUpper(system, top, { onLoss: () => {}, purpose: 'marks' });
  for (let looked = 1; walk.next().done !== true; looked++) if (looked % BREATH === 0) await idle();
}

class Exporter {
  /** The first name of each file with several names, by its inode. */
  private readonly linked = new Map<number, string>();

  constructor(private readonly report: ExportReport) {}

  readonly lose = (path: string, loss: Loss): void =>
    void this.report.problems.push({ path, why: lossSentence(loss) });

  *entry(entry: LayerEntry): Generator<Buffer, void> {
    const { report } = this;
    const { kind, path, details } = entry;
    if (kind === 'whiteout') {
      report.whiteouts++;
      return yield* headers(emptyFile(whiteoutOf(path)));
    }
    if (!nodeFits(entry))
      return this.lose(printable(path), { code: 'device-number', node: details.node });
    const isLinked = kind !== 'directory' && details.links > 1;
    const first = isLinked ? this.linked.get(details.inode) : undefined;
    if (first !== undefined) {
      report.entries++;
      return yield* headers(linkTo(first, entry));
    }
    const isFile = kind === 'file' && details.size > 0;
    const held = isFile ? contents(entry, (loss) => this.lose(printable(path), loss)) : [];
    if (held === null) return;
    report.entries++;
    if (isLinked) this.linked.set(details.inode, path);
    const described = describe(entry, TYPES[kind]);
    report.bytes += described.size;
    yield* headers(described);
    yield* held;
    yield padding(described.size);
    if (entry.opaque && path !== '') {
      report.opaque++;
      yield* headers(emptyFile(`${path}/${OPAQUE_MARK}`));
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
  type: LINK,
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
