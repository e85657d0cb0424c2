/** The size of an ext2 file system for its content. Blocks have 1 KiB. */
import type { Member } from './member.js';

export const BLOCK = 1024;

const DIRECT = 12;
const POINTERS = BLOCK / 4;
const INODE = 128;
/** The bitmap of a group's blocks is one block. */
const GROUP = BLOCK * 8;
const DESCRIPTOR = 32;
/** The file system's own inodes, and that of lost+found. */
const OWN_INODES = 11;
/** A shorter target is in the inode itself. */
const SHORT_TARGET = 60;
const LONGEST_ENTRY = 8 + 256;

/** The blocks of a file: `count` blocks of data, and the indirect blocks. */
function withPointers(count: number): number {
  const single = count > DIRECT ? 1 : 0;
  const beyond = Math.max(0, count - DIRECT - POINTERS);
  const double = beyond > 0 ? 1 + Math.ceil(Math.min(beyond, POINTERS ** 2) / POINTERS) : 0;
  const rest = Math.max(0, beyond - POINTERS ** 2);
  const triple = rest > 0 ? 1 + Math.ceil(rest / POINTERS ** 2) + Math.ceil(rest / POINTERS) : 0;
  return count + single + double + triple;
}

const entry = (name: string): number => 8 + Math.ceil(name.length / 4) * 4;

/** A member's name with one character for each byte, because a name may be any bytes. */
export const nameBytes = ({ name, raw }: Pick<Member, 'name' | 'raw'>): string =>
  (raw ?? Buffer.from(name)).toString('latin1');

/** An entry does not cross blocks, so each block may lose as much as the longest entry. */
function ofDirectory(entries: number): number {
  const bytes = 2 * entry('.') + entries;
  return withPointers(bytes <= BLOCK ? 1 : Math.ceil(bytes / (BLOCK - LONGEST_ENTRY)));
}

function ofMember(member: Member): number {
  if (member.same !== undefined) return 0;
  if (member.kind === 'file') return withPointers(Math.ceil(member.size / BLOCK));
  return member.kind === 'symlink' && Buffer.byteLength(member.target ?? '') >= SHORT_TARGET
    ? 1
    : 0;
}

/** The blocks that a file system of this size needs for itself. */
function overhead(blocks: number, inodes: number): number {
  const groups = Math.ceil((blocks - 1) / GROUP);
  const table = Math.ceil((Math.ceil(inodes / groups / 8) * 8 * INODE) / BLOCK);
  // We count copies of the superblock and the descriptors in every group. Not every group has them,
  // but they are small.
  return 1 + groups * (1 + Math.ceil((groups * DESCRIPTOR) / BLOCK) + 2 + table);
}

/** The fewest blocks and inodes that are certainly enough. */
export function ext2Size(members: readonly Member[]): { blocks: number; inodes: number } {
  const directories = new Map<string, number>([['', entry('lost+found')]]);
  for (const member of members) {
    const [name, { kind }] = [nameBytes(member), member];
    const slash = name.lastIndexOf('/');
    const parent = name.slice(0, Math.max(0, slash));
    directories.set(parent, (directories.get(parent) ?? 0) + entry(name.slice(slash + 1)));
    if (kind === 'directory' && !directories.has(name)) directories.set(name, 0);
  }
  const inodes = OWN_INODES + members.filter(({ same }) => same === undefined).length;
  // One is for lost+found.
  const data =
    1 +
    members.reduce((sum, member) => sum + ofMember(member), 0) +
    [...directories.values()].reduce((sum, bytes) => sum + ofDirectory(bytes), 0);
  let blocks = data + overhead(data, inodes);
  for (let more; (more = data + overhead(blocks, inodes)) > blocks;) blocks = more;
  const least = leastGroup(blocks, inodes);
  const used = usable(blocks, inodes);
  return { blocks: used < blocks ? used + least : blocks, inodes };
}

/** The library leaves out a smaller last group, because it requires fifty blocks for data there. */
const leastGroup = (blocks: number, inodes: number): number => {
  const groups = Math.ceil((blocks - 1) / GROUP);
  return (
    Math.ceil((groups * DESCRIPTOR) / BLOCK) + overhead(GROUP, Math.ceil(inodes / groups)) + 64
  );
};

/** The number of blocks that the file system uses out of so many. */
export function usable(blocks: number, inodes: number): number {
  const rest = (blocks - 1) % GROUP;
  return rest === 0 || rest >= leastGroup(blocks, inodes) ? blocks : blocks - rest;
}
