/** The records of native/tree.c, in the byte order of this machine (both are little-endian). */
import { errnoName } from './errno.js';
import { SECOND, kernelTime } from './file-time.js';
import { NODE_TYPES } from './flags.js';
import { isDoubtful, nameOf, pathOf } from './names.js';
import type { PathKind } from './details.js';
import type {
  Building,
  Description,
  FileContent,
  Folder,
  PathedEntry,
  TarRun,
  TreeChange,
  WalkedEntry,
} from './tree-door.js';

/** The size of `struct entry`, and the indexes of its fields in 32-bit and 64-bit words. */
export const ENTRY = 112;
export const ENTRY_WORDS = {
  length: 0,
  error: 1,
  mode: 2,
  uid: 3,
  gid: 4,
  links: 5,
  major: 6,
  minor: 7,
  modifiedNs: 18,
  changedNs: 19,
  name: 20,
  target: 21,
  attributes: 22,
  depth: 23,
  content: 24,
  state: 25,
} as const;
export const ENTRY_LONGS = {
  ...{ device: 4, inode: 5, size: 6, modified: 7, changed: 8, blocks: 13 },
} as const;

const KINDS: Record<number, PathKind> = {
  0o040000: 'directory',
  0o100000: 'file',
  0o120000: 'symlink',
  0o060000: 'block',
  0o020000: 'character',
  0o010000: 'fifo',
  0o140000: 'socket',
};
/** The bits of a mode with the file type (S_IFMT). */
const TYPE = 0o170000;

const NO_ATTRIBUTES: ReadonlyMap<string, Buffer> = new Map();

export function decodeName(bytes: Buffer, from: number, to: number): string {
  const text = bytes.toString('utf8', from, to);
  return isDoubtful(text) ? nameOf(bytes.subarray(from, to)) : text;
}

function attributesOf(bytes: Buffer, from: number, to: number): ReadonlyMap<string, Buffer> {
  if (from === to) return NO_ATTRIBUTES;
  const attributes = new Map<string, Buffer>();
  for (let at = from; at < to;) {
    const value = at + 8 + bytes.readUInt32LE(at);
    const end = value + bytes.readUInt32LE(at + 4);
    attributes.set(decodeName(bytes, at + 8, value), Buffer.from(bytes.subarray(value, end)));
    at = end;
  }
  return attributes;
}

/** The bits of `state`; above them is the number of an error. */
const WAS_READ = 1;
const IS_SAME = 2;
const STATE_BITS = 3;

/** What a file holds, behind an entry of a walk. */
function contentOf(
  bytes: Buffer,
  entryEnd: number,
  length: number,
  state: number,
): FileContent | null {
  if ((state & WAS_READ) === 0) return null;
  const error = state >> STATE_BITS;
  const at = (entryEnd + 7) & ~7;
  return {
    errno: error === 0 ? null : errnoName(error),
    bytes: bytes.subarray(at, at + length),
    same: (state & IS_SAME) !== 0,
  };
}

const opensNothing = (): number => -1;

/**
 * The entries between two places, of which the first is a multiple of 8.
 * @param bytes begins at a multiple of 8 in its ArrayBuffer. @param open of a walk.
 */
export function decodeEntries(
  bytes: Buffer,
  from: number,
  to: number,
  open: () => number = opensNothing,
): WalkedEntry[] {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  const longs = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.length >> 3);
  const entries: WalkedEntry[] = [];
  for (let at = from; at < to; at += words[at >> 2]!) {
    const word = (index: number): number => words[(at >> 2) + index]!;
    const long = (index: number): bigint => longs[(at >> 3) + index]!;
    const name = at + ENTRY;
    const target = name + word(ENTRY_WORDS.name);
    const attributes = target + word(ENTRY_WORDS.target);
    const mode = word(ENTRY_WORDS.mode);
    const error = word(ENTRY_WORDS.error);
    const kind = KINDS[mode & TYPE] ?? 'other';
    const end = attributes + word(ENTRY_WORDS.attributes);
    const isDevice = kind === 'character' || kind === 'block';
    entries.push({
      name: decodeName(bytes, name, target),
      kind,
      mode: mode & 0o7777,
      uid: word(ENTRY_WORDS.uid),
      gid: word(ENTRY_WORDS.gid),
      size: Number(long(ENTRY_LONGS.size)),
      mtime: long(ENTRY_LONGS.modified) * SECOND + BigInt(word(ENTRY_WORDS.modifiedNs)),
      ctime: long(ENTRY_LONGS.changed) * SECOND + BigInt(word(ENTRY_WORDS.changedNs)),
      device: Number(long(ENTRY_LONGS.device)),
      inode: Number(long(ENTRY_LONGS.inode)),
      links: word(ENTRY_WORDS.links),
      node: isDevice ? `${word(ENTRY_WORDS.major)}:${word(ENTRY_WORDS.minor)}` : '',
      target: target === attributes ? '' : decodeName(bytes, target, attributes),
      attributes: attributesOf(bytes, attributes, end),
      errno: error === 0 ? null : errnoName(error),
      depth: word(ENTRY_WORDS.depth),
      content: contentOf(bytes, end, word(ENTRY_WORDS.content), word(ENTRY_WORDS.state)),
      open,
    });
  }
  return entries;
}

/** The `state` of each entry between two places. */
export function statesOf(bytes: Buffer, from: number, to: number): number[] {
  const states: number[] = [];
  for (let at = from; at < to; at += bytes.readUInt32LE(at))
    states.push(bytes.readUInt32LE(at + 4 * ENTRY_WORDS.state));
  return states;
}

/** The last name of a path. */
const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/**
 * What a walk gives that is for a layer: runs of blocks, which are records without a mode, and
 * entries whose names are paths.
 */
export function* decodeLayer(
  bytes: Buffer,
  to: number,
  { open, leave }: Pick<PathedEntry, 'open' | 'leave'>,
): Generator<PathedEntry | TarRun, void> {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  for (let at = 0, next; at < to; at = next) {
    const word = at >> 2;
    next = at + words[word]!;
    if (words[word + ENTRY_WORDS.mode] === 0 && words[word + ENTRY_WORDS.error] === 0) {
      const tar = bytes.subarray(at + ENTRY, at + ENTRY + words[word + ENTRY_WORDS.content]!);
      const size = bytes.readBigInt64LE(at + 8 * ENTRY_LONGS.size);
      yield { entries: words[word + ENTRY_WORDS.links]!, bytes: Number(size), tar };
    } else {
      const [entry] = decodeEntries(bytes, at, next, open);
      yield { ...entry!, name: lastOf(entry!.name), path: entry!.name, leave };
    }
  }
}

/** The size of `struct change`. */
const CHANGE = 88;

/** The numbers of `what` in native/tree.c. */
const WHAT = {
  ...{ file: 0, symlink: 1, node: 2, link: 3, folder: 4, describe: 5, remove: 6, data: 7 },
} as const;

/** A change by name, or below a directory of ours. */
export type AnyChange = TreeChange | ({ in: Folder } & Building);

/** Writes a name or a path with a NUL. Returns its length in bytes. */
export function writeText(bytes: Buffer, at: number, text: string): number {
  const path = pathOf(text);
  const length = typeof path === 'string' ? bytes.write(path, at) : path.copy(bytes, at);
  bytes[at + length] = 0;
  return length;
}

function writeAttributes(bytes: Buffer, begin: number, { attributes }: Description): number {
  let at = begin;
  for (const [key, value] of attributes) {
    const name = writeText(bytes, at + 8, key);
    bytes.writeUInt32LE(name, at);
    bytes.writeUInt32LE(value.length, at + 4);
    at += 8 + name + value.copy(bytes, at + 8 + name);
  }
  return at - begin;
}

/** Each character of a string has three bytes at most. */
const most = (text: string): number => 3 * text.length + 1;

/** Bytes of a name or a path that C would cut at its NUL. */
export const isCut = (text: string): boolean => text.includes('\0');

const sourceOf = (change: AnyChange): string => {
  if (change.what === 'file') return change.source.name;
  if (change.what === 'symlink') return change.target;
  return change.what === 'link' ? change.existing : '';
};

const nameIn = (change: AnyChange): string => {
  if ('path' in change) return change.path;
  return 'name' in change ? change.name : '';
};

/** Whether a change has a text that C would cut at its NUL. */
export const hasCut = (change: AnyChange): boolean =>
  isCut(nameIn(change)) || isCut(sourceOf(change));

/** The most bytes that a record may have. */
export function roomOf(change: AnyChange): number {
  let room = CHANGE + 16 + most(sourceOf(change)) + most(nameIn(change));
  if (change.what === 'data') room += change.bytes.length;
  if ('attributes' in change)
    for (const [key, value] of change.attributes) room += 8 + most(key) + value.length;
  return room;
}

/**
 * Writes a record at a multiple of 8, where there must be roomOf() bytes.
 * @param descriptor the descriptor of an open directory. @returns its length.
 */
export function writeChange(
  bytes: Buffer,
  at: number,
  change: AnyChange,
  descriptor: (folder: object) => number,
): number {
  bytes.fill(0, at, at + CHANGE);
  const name = writeText(bytes, at + CHANGE, nameIn(change));
  const source = writeSource(bytes, at + CHANGE + name + 1, change);
  const rest = at + CHANGE + name + 1 + source + 1;
  const attributes = 'attributes' in change ? writeAttributes(bytes, rest, change) : 0;
  const length = (rest + attributes - at + 7) & ~7;
  bytes.writeUInt32LE(length, at);
  bytes.writeUInt32LE(WHAT[change.what], at + 4);
  bytes.writeInt32LE(descriptor(change.in), at + 8);
  if ('from' in change) bytes.writeInt32LE(descriptor(change.from), at + 12);
  if ('scratch' in change) bytes.writeInt32LE(descriptor(change.scratch), at + 16);
  if ('path' in change) bytes.writeInt32LE(-1, at + 16);
  if ('mode' in change) describe(bytes, at, change);
  writeSpecial(bytes, at, change);
  bytes.writeUInt32LE(name, at + 72);
  bytes.writeUInt32LE(source, at + 76);
  bytes.writeUInt32LE(attributes, at + 80);
  return length;
}

/** Writes a text, or the bytes of a file, with a NUL. Returns its length. */
function writeSource(bytes: Buffer, at: number, change: AnyChange): number {
  if (change.what !== 'data') return writeText(bytes, at, sourceOf(change));
  bytes.set(change.bytes, at);
  bytes[at + change.bytes.length] = 0;
  return change.bytes.length;
}

/** The fields that only some changes have. */
function writeSpecial(bytes: Buffer, at: number, change: AnyChange): void {
  if (change.what === 'node') {
    const [major = 0, minor = 0] = change.node === '' ? [] : change.node.split(':').map(Number);
    bytes.writeUInt32LE((NODE_TYPES[change.kind] | change.mode) >>> 0, at + 20);
    bytes.writeUInt32LE(major, at + 32);
    bytes.writeUInt32LE(minor, at + 36);
  }
  if (change.what === 'file') {
    bytes.writeUInt32LE(change.sync ? 1 : 0, at + 52);
    bytes.writeBigUInt64LE(BigInt(change.source.device), at + 56);
    bytes.writeBigUInt64LE(BigInt(change.source.inode), at + 64);
  }
  if ('inode' in change) bytes.writeBigUInt64LE(BigInt(change.inode), at + 64);
}

function describe(bytes: Buffer, at: number, { mode, uid, gid, mtime, needed }: Description): void {
  const { seconds, nanoseconds } = kernelTime(mtime);
  bytes.writeUInt32LE(mode, at + 20);
  bytes.writeUInt32LE(uid, at + 24);
  bytes.writeUInt32LE(gid, at + 28);
  bytes.writeBigInt64LE(seconds, at + 40);
  bytes.writeUInt32LE(nanoseconds, at + 48);
  bytes.writeUInt32LE(needed, at + 84);
}
