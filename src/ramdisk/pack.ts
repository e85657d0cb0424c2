import { LARGEST, dataPadding, encodeHeader, trailer } from './cpio.js';
import { TYPES, type ListedFile, type Member } from './member.js';
import { ByteSource } from './source.js';
import { TreeError } from './source-tree.js';

/** The archive is filled up to whole blocks, which U-Boot and others expect. */
const BLOCK = 512;

/**
 * Hard links of one file: how many names it has, and the last of them, which carries the data as in
 * GNU cpio.
 */
interface Linked {
  inode: number;
  names: number;
  last: string;
}

function links(members: readonly Member[]): Map<string, Linked> {
  const found = new Map<string, Linked>();
  members.forEach(({ name, same }, index) => {
    const linked = same === undefined ? undefined : found.get(same);
    if (linked === undefined)
      return void found.set(name, { inode: index + 1, names: 1, last: name });
    linked.names++;
    linked.last = name;
    found.set(name, linked);
  });
  return found;
}

/**
 * A cpio of the members, piece by piece. Inodes are numbered in the order of the members, so the
 * same members give the same bytes.
 * @throws {TreeError} when a file has changed since the tree was read.
 */
export async function* packCpio(members: readonly Member[]): AsyncGenerator<Buffer> {
  const linked = links(members);
  let written = 0;
  const count = (bytes: Buffer): Buffer => {
    written += bytes.length;
    return bytes;
  };
  const named = new Map(members.map((member) => [member.name, member]));
  for (const member of members) {
    const { inode, names, last } = linked.get(member.name)!;
    const body = member.kind === 'symlink' ? Buffer.from(member.target!) : null;
    // The last of several names of one file carries the data.
    const content =
      member.kind === 'file' && last === member.name
        ? named.get(member.same ?? member.name)!
        : null;
    const size = body?.length ?? content?.size ?? 0;
    yield count(headerOf(member, { inode, names, size }));
    if (body !== null) yield count(body);
    if (content !== null && size > 0)
      for await (const chunk of contents(content.file!, size)) yield count(chunk);
    yield count(dataPadding(size));
  }
  release(members);
  yield count(trailer());
  yield Buffer.alloc((BLOCK - (written % BLOCK)) % BLOCK);
}

/** No content is read any more. */
export function release(members: readonly Member[]): void {
  for (const { file } of members) file?.release();
}

/** @param names their number. The kernel looks for an earlier name only if it is not 1. */
function headerOf(
  { name, raw, kind, mode, uid, gid, mtime, major = 0, minor = 0 }: Member,
  { inode, names, size }: { inode: number; names: number; size: number },
): Buffer {
  const links = kind === 'directory' ? 2 : names;
  const owned = { inode, mode: TYPES[kind] | mode, uid, gid, links, mtime, size };
  const numbers = { major: 0, minor: 0, nodeMajor: major, nodeMinor: minor, checksum: 0 };
  return encodeHeader({ ...owned, ...numbers }, raw ?? Buffer.from(name));
}

async function* contents(file: ListedFile, size: number): AsyncGenerator<Buffer> {
  const source = ByteSource.fromListed(file);
  try {
    for (let chunk; (chunk = await source.chunk()) !== null;) {
      if (source.offset > size) break;
      yield chunk;
    }
    if (source.offset !== size)
      throw new TreeError(
        `cannot pack ${file.path}: it has changed from ${size} bytes while it was read; ` +
          'keep the tree still and try again',
      );
  } finally {
    await source.close();
  }
}

/** The files that a kernel would miss in this ramdisk, one sentence each. */
export function packWarnings(members: ReadonlyMap<string, Member>): string[] {
  const warnings: string[] = [];
  if (!members.has('init'))
    warnings.push(
      'there is no /init in it, so the kernel will not use it as its root (unless rdinit= names ' +
        'another program); it unpacks it and then mounts root=',
    );
  if (members.get('dev/console')?.kind !== 'character')
    warnings.push(
      'there is no /dev/console in it: where the kernel has none built in, init has no standard ' +
        'output (a table with `/dev/console c 600 0 0 5 1 - - -` makes it without being root)',
    );
  for (const { name, uid, gid } of members.values())
    if (uid > LARGEST || gid > LARGEST)
      warnings.push(`the owner of ${name} does not fit into the archive`);
  return warnings;
}
