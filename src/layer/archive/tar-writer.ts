/**
 * Writes an upper layer as a tar (POSIX.1-2008, pax). The headers are made here and not by
 * tar-stream: its values are text, and it took eight times as long as GNU tar for small files.
 */
import * as fs from 'node:fs';
import { setImmediate as idle } from 'node:timers/promises';
import { lossSentence, type Loss } from './archive-problem.js';
import { OPAQUE_MARK, WHITEOUT } from './marks.js';
import { attributeKey, encodeRecords, formatTime } from './pax.js';
import { Blocks, PIECE_BYTES } from './tar-blocks.js';
import { walkUpper, type LayerEntry, type Looking } from './upper.js';
import { SECOND } from '../../system/file-time.js';
import { SystemError } from '../../system/system-error.js';
import type { TarRun } from '../../system/tree-door.js';
import { TAR_BLOCK, filling } from '../../text/ustar-header.js';
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
  if (mtime % SECOND !== 0n || mtime < 0n || mtime / SECOND > MOST_SECONDS)
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

/** The header of an entry, with the records before it. */
function putHeaders(blocks: Blocks, described: Described): void {
  const { name, type, size, link, details } = described;
  const records = recordsOf(described);
  if (records.length > 0) {
    const bytes = encodeRecords(records);
    blocks.header({
      ...{ name: 'PaxHeader', mode: 0o644, uid: 0, gid: 0, size: bytes.length, seconds: 0 },
      ...{ type: 'x', link: '', node: '' },
    });
    blocks.put(bytes);
    blocks.zeros(filling(bytes.length));
  }
  const { mtime } = details;
  const isPlain = mtime >= 0n && mtime / SECOND <= MOST_SECONDS;
  blocks.header({
    name: standIn(name),
    mode: details.mode,
    uid: Math.min(details.uid, MOST_NUMBER),
    gid: Math.min(details.gid, MOST_NUMBER),
    size,
    seconds: isPlain ? Number(mtime / SECOND) : 0,
    type,
    link: standIn(link),
    node: details.node,
  });
}

/** Fields that change with every change of a file. */
const stateOf = ({ size, mtimeNs, ctimeNs }: fs.BigIntStats): string =>
  `${size} ${mtimeNs} ${ctimeNs}`;

/** What is read of a large file. One file is read at a time. */
const PIECE = Buffer.allocUnsafeSlow(PIECE_BYTES);

/**
 * Exactly as many bytes as the header says, even if the file changes meanwhile. A piece is valid
 * until the next is asked for.
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
      const bytes = fs.readSync(fd, PIECE, 0, Math.min(PIECE_BYTES, left), null);
      if (bytes === 0) break;
      left -= bytes;
      yield PIECE.subarray(0, bytes);
    }
    const now = stateOf(fs.fstatSync(fd, { bigint: true }));
    if (left > 0 || now !== `${details.size} ${details.mtime} ${details.ctime}`)
      lose({ code: 'changed-meanwhile', shorter: left > 0 });
    PIECE.fill(0);
    for (; left > 0; left -= Math.min(PIECE_BYTES, left))
      yield PIECE.subarray(0, Math.min(PIECE_BYTES, left));
  } finally {
    fs.closeSync(fd);
  }
}

/** The loss of a file that cannot be read. */
const unread = (errno: string): Loss =>
  errno === 'ESTALE' || errno === 'ENOENT' ? { code: 'vanished' } : { code: 'unreadable', errno };

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

/** How the caller uses the chunks. */
export interface Use {
  /**
   * He is done with each chunk when he asks for the next one, so that its memory is used again, and
   * gives up all that he wrote if this throws.
   */
  passing: boolean;
}

/**
 * The layer at `top` as chunks of a tar. The layer is only read. `report` is filled meanwhile.
 * @throws {ArchiveError} for what an archive cannot hold, before the first chunk unless `passing`.
 *   @throws {SystemError}
 */
export async function* layerTar(
  system: Looking,
  top: string,
  report: ExportReport,
  { passing }: Use = { passing: false },
): AsyncGenerator<Buffer, void> {
  if (!passing) check(system, top);
  const blocks = new Blocks();
  const exporter = new Exporter(report, blocks);
  const full = function* (): Generator<Buffer, void> {
    const some = blocks.full.splice(0);
    yield* some;
    if (passing) blocks.reuse(some);
  };
  for (const entry of walkUpper(system, top, { onLoss: exporter.lose, purpose: 'contents' })) {
    if ('tar' in entry) exporter.run(entry);
    else {
      const large = exporter.entry(entry)[Symbol.iterator]();
      while (large.next().done !== true) yield* full();
    }
    if (blocks.full.length === 0) continue;
    yield* full();
    // Others get their turn, and the memory of what was written is freed.
    await idle();
  }
  blocks.zeros(2 * TAR_BLOCK);
  yield* blocks.end();
}

/** @throws {ArchiveError} for a file that an archive cannot hold. */
function check(system: Looking, top: string): void {
  const walk = walkUpper(system, top, { onLoss: () => {}, purpose: 'marks' });
  while (walk.next().done !== true);
}

const NOTHING_MORE: readonly never[] = [];

class Exporter {
  /** The first name of each file with several names, by its inode. */
  private readonly linked = new Map<number, string>();

  constructor(
    private readonly report: ExportReport,
    private readonly blocks: Blocks,
  ) {}

  readonly lose = (path: string, loss: Loss): void =>
    void this.report.problems.push({ path, why: lossSentence(loss) });

  /** Puts entries into the blocks that the walk made a tar of. */
  run({ entries, bytes, tar }: TarRun): void {
    this.report.entries += entries;
    this.report.bytes += bytes;
    this.blocks.put(tar);
  }

  /** Puts an entry into the blocks. It comes back while a large file fills some. */
  entry(entry: LayerEntry): Iterable<void> {
    const { report, blocks } = this;
    const { kind, path, details } = entry;
    if (kind === 'whiteout') {
      report.whiteouts++;
      putHeaders(blocks, emptyFile(whiteoutOf(path)));
      return NOTHING_MORE;
    }
    if (!nodeFits(entry)) {
      this.lose(printable(path), { code: 'device-number', node: details.node });
      return NOTHING_MORE;
    }
    const isLinked = kind !== 'directory' && details.links > 1;
    const first = isLinked ? this.linked.get(details.inode) : undefined;
    if (first !== undefined) {
      report.entries++;
      putHeaders(blocks, linkTo(first, entry));
      return NOTHING_MORE;
    }
    if (kind === 'file' && details.size > 0) return this.file(entry, isLinked);
    this.count(entry, isLinked);
    putHeaders(blocks, describe(entry, TYPES[kind]));
    if (entry.opaque && path !== '') {
      report.opaque++;
      putHeaders(blocks, emptyFile(`${path}/${OPAQUE_MARK}`));
    }
    return NOTHING_MORE;
  }

  private count({ kind, path, details }: LayerEntry, isLinked: boolean): void {
    this.report.entries++;
    if (kind === 'file') this.report.bytes += details.size;
    if (isLinked) this.linked.set(details.inode, path);
  }

  private file(entry: LayerEntry, isLinked: boolean): Iterable<void> {
    const lose = (loss: Loss): void => this.lose(printable(entry.path), loss);
    const { content, open } = entry;
    try {
      if (content === null) return this.large(entry, isLinked, pieces(entry, open(), lose));
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      lose(unread(error.errno));
      return NOTHING_MORE;
    }
    if (content.errno !== null) {
      lose(unread(content.errno));
      return NOTHING_MORE;
    }
    this.count(entry, isLinked);
    const { size } = entry.details;
    const { length } = content.bytes;
    putHeaders(this.blocks, describe(entry, TYPES.file));
    this.blocks.put(content.bytes);
    if (!content.same) lose({ code: 'changed-meanwhile', shorter: length < size });
    this.blocks.zeros(size - length + filling(size));
    return NOTHING_MORE;
  }

  private *large(
    entry: LayerEntry,
    isLinked: boolean,
    held: Iterable<Buffer>,
  ): Generator<void, void> {
    this.count(entry, isLinked);
    putHeaders(this.blocks, describe(entry, TYPES.file));
    for (const piece of held) {
      this.blocks.put(piece);
      yield;
    }
    this.blocks.zeros(filling(entry.details.size));
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
