import { constants, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { LARGEST, PATH_MAX } from './cpio.js';
import { kindOfMode, type Member } from './member.js';

/** A tree that cannot be packed. */
export class TreeError extends Error {
  override name = 'TreeError';
}

export interface TreeOptions {
  /** Replaces all owners. */
  owner?: { uid: number; gid: number };
  /** Replaces all times, in seconds since 1970. */
  time?: number;
  /**
   * No time is later than this (SOURCE_DATE_EPOCH,
   * https://reproducible-builds.org/specs/source-date-epoch/).
   */
  latest?: number;
}

const SLASH = Buffer.from('/');
const text = (bytes: Buffer): string => bytes.toString('utf8');

/**
 * A name as text, and its bytes where they are not UTF-8. Then each byte above 0x7f becomes a lone
 * surrogate, as in PEP 383, so that no other file gets the same text.
 */
function nameOf(bytes: Buffer): Pick<Member, 'name' | 'raw'> {
  const name = text(bytes);
  if (Buffer.from(name).equals(bytes)) return { name };
  return {
    name: bytes
      .toString('latin1')
      .replace(/[\x80-\xff]/g, (byte) => String.fromCharCode(0xdc00 + byte.charCodeAt(0))),
    raw: bytes,
  };
}

function targetOf(path: Buffer): string {
  const target = readlinkSync(path, { encoding: 'buffer' });
  if (!Buffer.from(text(target)).equals(target))
    throw new TreeError(`cannot pack ${text(path)}: what this symlink says is no UTF-8 text`);
  return text(target);
}

/** glibc's dev_t (sysmacros.h). */
const majorOf = (rdev: bigint): number =>
  Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & 0xfffff000n));
const minorOf = (rdev: bigint): number => Number((rdev & 0xffn) | ((rdev >> 12n) & 0xffffff00n));

function timeOf(stat: BigIntStats, { time, latest }: TreeOptions): number {
  const own = Math.min(Math.max(0, Number(stat.mtimeNs / 1_000_000_000n)), LARGEST);
  return time ?? Math.min(own, latest ?? own);
}

const refuse = (path: Buffer | string, why: string): never => {
  throw new TreeError(`cannot pack ${path.toString()}: ${why}`);
};

/** The fields that only some kinds have. */
function ofKind(kind: Member['kind'], path: Buffer, { rdev }: BigIntStats): Partial<Member> {
  if (kind === 'file') return { file: path };
  if (kind === 'symlink') return { target: targetOf(path) };
  const isDevice = kind === 'character' || kind === 'block';
  return isDevice ? { major: majorOf(rdev), minor: minorOf(rdev) } : {};
}

/** @param inner its path below the top; null for the top itself. @throws {TreeError} */
function memberOf(
  path: Buffer,
  inner: Buffer | null,
  stat: BigIntStats,
  options: TreeOptions,
): Member {
  const kind = kindOfMode(Number(stat.mode) & constants.S_IFMT);
  if (kind === null) return refuse(path, 'it is of a kind that no archive knows');
  if (inner !== null && inner.length >= PATH_MAX)
    refuse(path, `the kernel leaves out what has a path of ${PATH_MAX} bytes or more`);
  const isFile = kind === 'file';
  if (isFile && stat.size > BigInt(LARGEST))
    refuse(path, `it has ${stat.size} bytes, and the format ends at 4 GiB`);
  return {
    ...(inner === null ? { name: '.' } : nameOf(inner)),
    kind,
    mode: Number(stat.mode) & 0o7777,
    uid: options.owner?.uid ?? Number(stat.uid),
    gid: options.owner?.gid ?? Number(stat.gid),
    mtime: timeOf(stat, options),
    size: isFile ? Number(stat.size) : 0,
    ...ofKind(kind, path, stat),
  };
}

/**
 * All files below a directory by name: parents first, otherwise in the order of their names' bytes.
 * It recognises hard links, does not follow symlinks, and includes mounted file systems.
 * @throws {TreeError} for files that no archive can hold, and for unreadable files.
 */
export function readTree(top: string, options: TreeOptions = {}): Map<string, Member> {
  const members = new Map<string, Member>();
  /** The first name of each inode. */
  const first = new Map<string, string>();
  const add = (inner: Buffer | null, path: Buffer): void => {
    const stat = lstatSync(path, { bigint: true });
    const member = memberOf(path, inner, stat, options);
    const isDirectory = member.kind === 'directory';
    const inode = `${stat.dev}:${stat.ino}`;
    const earlier = !isDirectory && stat.nlink > 1n ? first.get(inode) : undefined;
    if (earlier !== undefined) member.same = earlier;
    else first.set(inode, member.name);
    members.set(member.name, member);
    if (!isDirectory) return;
    const names = readdirSync(path, { encoding: 'buffer' });
    for (const name of names.sort((one, other) => one.compare(other)))
      add(
        inner === null ? name : Buffer.concat([inner, SLASH, name]),
        Buffer.concat([path, SLASH, name]),
      );
  };
  try {
    if (!lstatSync(top).isDirectory()) refuse(top, 'it is no directory');
    add(null, Buffer.from(top.replace(/\/+$/, '') || '/'));
  } catch (error) {
    if (error instanceof TreeError) throw error;
    refuse(top, (error as Error).message);
  }
  return members;
}

/** In the order in which they are packed: parents first, otherwise by the bytes of their names. */
export const membersInOrder = (members: ReadonlyMap<string, Member>): Member[] => {
  // We compare text with one character for each byte, which compares like the bytes. A slash sorts
  // before every byte of a name.
  const key = ({ name, raw }: Member): Buffer =>
    Buffer.from(
      name === '.' ? '' : (raw ?? Buffer.from(name)).toString('latin1').replaceAll('/', '\0'),
      'latin1',
    );
  return [...members.values()]
    .map((member) => ({ member, at: key(member) }))
    .sort((one, other) => one.at.compare(other.at))
    .map(({ member }) => member);
};
