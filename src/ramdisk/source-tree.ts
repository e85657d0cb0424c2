import { constants, lstatSync, readdirSync, readlinkSync, type BigIntStats } from 'node:fs';
import { LARGEST, PATH_MAX } from './cpio.js';
import { kindOf, type Member } from './member.js';

/** A tree that cannot be packed. */
export class TreeError extends Error {
  override name = 'TreeError';
}

export interface TreeOptions {
  /** In place of the owners on this machine. */
  owner?: { uid: number; gid: number };
  /** For all, in seconds since 1970. */
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
 * A name as a person may read it, and its bytes where they are no UTF-8. Of those each byte above
 * 0x7f stands as half a surrogate pair, as in PEP 383: no other file can have that name.
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

/**
 * All below a directory, parents first and otherwise in the order of their names' bytes, by name.
 * Two names of one file are told; symlinks are not followed, and file systems mounted in it belong
 * to it.
 * @throws {TreeError} for what no archive can hold, and for what cannot be read.
 */
export function readTree(top: string, options: TreeOptions = {}): Map<string, Member> {
  const members = new Map<string, Member>();
  const first = new Map<string, string>();
  const add = (inner: Buffer | null, path: Buffer): void => {
    const stat = lstatSync(path, { bigint: true });
    const kind = kindOf(Number(stat.mode) & constants.S_IFMT);
    const named = inner === null ? { name: '.' } : nameOf(inner);
    if (kind === null)
      throw new TreeError(`cannot pack ${text(path)}: it is of a kind that no archive knows`);
    if (inner !== null && inner.length >= PATH_MAX)
      throw new TreeError(
        `cannot pack ${text(path)}: the kernel leaves out what has a path of ${PATH_MAX} bytes or more`,
      );
    if (kind === 'file' && stat.size > BigInt(LARGEST))
      throw new TreeError(
        `cannot pack ${text(path)}: it has ${stat.size} bytes, and the format ends at 4 GiB`,
      );
    const member: Member = {
      ...named,
      kind,
      mode: Number(stat.mode) & 0o7777,
      uid: options.owner?.uid ?? Number(stat.uid),
      gid: options.owner?.gid ?? Number(stat.gid),
      mtime: timeOf(stat, options),
      size: kind === 'file' ? Number(stat.size) : 0,
      ...(kind === 'symlink' && { target: targetOf(path) }),
      ...((kind === 'character' || kind === 'block') && {
        major: majorOf(stat.rdev),
        minor: minorOf(stat.rdev),
      }),
      ...(kind === 'file' && { file: path }),
    };
    const inode = `${stat.dev}:${stat.ino}`;
    const earlier = kind !== 'directory' && stat.nlink > 1n ? first.get(inode) : undefined;
    if (earlier !== undefined) member.same = earlier;
    else first.set(inode, member.name);
    members.set(member.name, member);
    if (kind !== 'directory') return;
    for (const name of readdirSync(path, { encoding: 'buffer' }).sort(Buffer.compare))
      add(
        inner === null ? name : Buffer.concat([inner, SLASH, name]),
        Buffer.concat([path, SLASH, name]),
      );
  };
  try {
    if (!lstatSync(top).isDirectory())
      throw new TreeError(`cannot pack ${top}: it is no directory`);
    add(null, Buffer.from(top.replace(/\/+$/, '') || '/'));
  } catch (error) {
    if (error instanceof TreeError) throw error;
    throw new TreeError(`cannot pack ${top}: ${(error as Error).message}`);
  }
  return members;
}

/**
 * In the order in which they are packed: parents before what is in them, and otherwise by the bytes
 * of their names.
 */
export const membersInOrder = (members: ReadonlyMap<string, Member>): Member[] => {
  // As text of one character a byte, which compares as the bytes do; a slash comes before all that
  // a name may have.
  const key = ({ name, raw }: Member): string =>
    name === '.' ? '' : (raw ?? Buffer.from(name)).toString('latin1').replaceAll('/', '\0');
  return [...members.values()]
    .map((member) => ({ member, at: key(member) }))
    .sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    .map(({ member }) => member);
};
