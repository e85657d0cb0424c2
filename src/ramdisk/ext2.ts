/**
 * An image-initrd: an ext2 file system that the kernel copies to /dev/ram0 and mounts
 * (init/do_mounts_rd.c).
 */
import { open, rm } from 'node:fs/promises';
import { BLOCK, nameBytes, ext2Size, usable } from './ext2-size.js';
import { TYPES, type Member } from './member.js';
import { release } from './pack.js';
import { ByteSource } from './source.js';

/** An ext2 file system that cannot be made. */
class Ext2Error extends Error {
  override name = 'Ext2Error';
}

const ROOT = 2;
const LONGEST_NAME = 255;
/** One block with its NUL. */
const LONGEST_TARGET = BLOCK - 1;
/** Seconds are signed numbers of 32 bits. */
const LAST_SECOND = 2 ** 31 - 1;

async function openLibrary() {
  try {
    const { openLibrary } = await import('../system/native-library.js');
    return openLibrary('libmountroot-ext2.so', {
      ext2_message: ['string', []],
      ext2_create: ['int32', ['string', 'uint32', 'uint32', 'uint32']],
      ext2_add: [
        'int32',
        [
          'int32',
          'uint32',
          'pointer',
          'uint32',
          'uint32',
          'uint32',
          'uint32',
          'uint32',
          'uint32',
          'string',
        ],
      ],
      ext2_set: ['int32', ['int32', 'uint32', 'uint32', 'uint32', 'uint32', 'uint32']],
      ext2_link: ['int32', ['int32', 'uint32', 'pointer', 'uint32']],
      ext2_append: ['int32', ['int32', 'uint32', 'pointer', 'uint32']],
      ext2_close: ['int32', ['int32', 'int32']],
    });
  } catch (error) {
    throw new Ext2Error(
      'cannot make an ext2 image here: libmountroot-ext2.so, which does it, cannot be loaded ' +
        `(${String((error as Error)?.message ?? error).split('\n')[0]}); it is built for the ` +
        'workstation only, so do this there',
      { cause: error },
    );
  }
}

/**
 * Writes the members to a file system in the file `out`. The same members give the same bytes. The
 * member `.` is the root directory; without it the root directory belongs to root and has mode
 * 0755. Every other directory must precede its content.
 * @param how.time of the file system itself, in seconds since 1970.
 * @param how.size in bytes; the default is just enough.
 * @returns its size in KiB: the least value for `ramdisk_size=`.
 * @throws {Ext2Error} and leaves no file.
 */
export async function packExt2(
  members: readonly Member[],
  out: string,
  how: { time: number; size?: number },
): Promise<{ kib: number }> {
  for (const member of members) check(member);
  const least = ext2Size(members);
  const blocks = how.size === undefined ? least.blocks : Math.floor(how.size / BLOCK);
  if (usable(blocks, least.inodes) < least.blocks)
    throw new Ext2Error(
      `cannot make an ext2 image of ${blocks} KiB: what goes into it may need ${least.blocks} ` +
        'KiB; ask for that, or for no size',
    );
  if (blocks >= 2 ** 31)
    throw new Ext2Error(
      `cannot make an ext2 image of ${blocks} KiB: 2 TiB is the most that blocks of 1 KiB make`,
    );
  const library = await openLibrary();
  const file = await open(out, 'w');
  await file.truncate(blocks * BLOCK).finally(() => file.close());
  try {
    const image = library.ext2_create(out, blocks, least.inodes, seconds(how.time));
    if (image < 0)
      throw new Ext2Error(
        `cannot make an ext2 image of ${blocks} KiB in ${out}: ${library.ext2_message()}`,
      );
    try {
      await fill(library, image, members, how.time);
      release(members);
    } catch (error) {
      library.ext2_close(image, 0);
      throw error;
    }
    if (library.ext2_close(image, 1) < 0)
      throw new Ext2Error(`cannot finish the ext2 image ${out}: ${library.ext2_message()}`);
  } catch (error) {
    await rm(out, { force: true });
    throw error;
  }
  return { kib: blocks };
}

type Ext2Library = Awaited<ReturnType<typeof openLibrary>>;

const seconds = (time: number): number => Math.min(Math.max(0, Math.floor(time)), LAST_SECOND);

async function fill(
  library: Ext2Library,
  image: number,
  members: readonly Member[],
  time: number,
): Promise<void> {
  const inodes = new Map<string, number>([['', ROOT]]);
  const named = new Map<string, number>();
  const add = (member: Member): number => {
    const path = nameBytes(member);
    const slash = path.lastIndexOf('/');
    const parent = inodes.get(path.slice(0, Math.max(0, slash)));
    const name = Buffer.from(`${path.slice(slash + 1)}\0`, 'latin1');
    const fail = (why: string): never => {
      throw new Ext2Error(`cannot put ${JSON.stringify(member.name)} into the ext2 image: ${why}`);
    };
    if (parent === undefined) return fail('its directory does not come before it');
    if (inodes.has(path)) return fail('there is one of that name already');
    let inode;
    if (member.same !== undefined) {
      inode = named.get(member.same);
      if (inode === undefined)
        return fail(
          `what it is a hard link to, ${JSON.stringify(member.same)}, does not come before it`,
        );
      if (library.ext2_link(image, parent, name, inode) < 0) fail(library.ext2_message() as string);
    } else {
      inode = library.ext2_add(
        image,
        parent,
        name,
        TYPES[member.kind] | member.mode,
        member.uid,
        member.gid,
        seconds(member.mtime),
        member.major ?? 0,
        member.minor ?? 0,
        member.target ?? '',
      );
      if (inode < 0) fail(library.ext2_message() as string);
    }
    inodes.set(path, inode);
    named.set(member.name, inode);
    return inode;
  };
  // e2fsck requires one.
  if (!members.some(({ name }) => name === 'lost+found'))
    add({
      name: 'lost+found',
      kind: 'directory',
      mode: 0o700,
      uid: 0,
      gid: 0,
      mtime: time,
      size: 0,
    });
  for (const member of members) {
    if (member.name === '.') {
      if (
        library.ext2_set(
          image,
          ROOT,
          TYPES.directory | member.mode,
          member.uid,
          member.gid,
          seconds(member.mtime),
        ) < 0
      )
        throw new Ext2Error(
          `cannot set the owner of the ext2 image's root directory: ${library.ext2_message()}`,
        );
    } else {
      const inode = add(member);
      if (member.kind === 'file' && member.same === undefined && member.size > 0)
        await content(library, image, member, inode);
    }
  }
}

async function content(
  library: Ext2Library,
  image: number,
  member: Member,
  inode: number,
): Promise<void> {
  const fail = (attempt: string, why: string): never => {
    throw new Ext2Error(
      `cannot ${attempt} ${JSON.stringify(member.name)} into the ext2 image: ${why}`,
    );
  };
  if (member.file === undefined)
    return fail('put', `it has ${member.size} bytes, and nothing says where they are`);
  const { path } = member.file;
  const source = ByteSource.fromListed(member.file);
  try {
    for (let chunk; (chunk = await source.chunk()) !== null && source.offset <= member.size;)
      if (library.ext2_append(image, inode, chunk, chunk.length) < 0)
        fail('write', String(library.ext2_message()));
    if (source.offset !== member.size)
      fail(
        'put',
        `${path} has changed from ${member.size} bytes while it was read; keep the tree still ` +
          'and try again',
      );
  } finally {
    await source.close();
  }
}

/** Refuses members that ext2 cannot hold, or that would get another name. */
const REFUSED: readonly {
  when: (member: Member) => boolean;
  because: (member: Member) => string;
}[] = [
  {
    when: (member) => namesOf(member).some(isImpossible),
    because: (member) =>
      `${JSON.stringify(namesOf(member).find(isImpossible))} is no name of a file`,
  },
  {
    when: (member) => namesOf(member).some((name) => name.length > LONGEST_NAME),
    because: () => `a name has at most ${LONGEST_NAME} bytes`,
  },
  {
    when: ({ uid, gid }) => uid > 0xffff_ffff || gid > 0xffff_ffff,
    because: () => 'the numbers of its owner and group have at most 32 bits',
  },
  {
    when: (member) => isSymlink(member) && (!member.target || member.target.includes('\0')),
    because: () => 'it is a symlink to nothing',
  },
  {
    when: (member) => isSymlink(member) && Buffer.byteLength(member.target ?? '') > LONGEST_TARGET,
    because: () => `with blocks of 1 KiB a symlink's target has at most ${LONGEST_TARGET} bytes`,
  },
  {
    when: ({ major = 0, minor = 0 }) => major > 0xfff || minor > 0xf_ffff,
    because: ({ major = 0, minor = 0 }) =>
      `${major}:${minor} is no device number; major numbers go to 4095, minor ones to 1048575`,
  },
];

const namesOf = (member: Member): string[] => nameBytes(member).split('/');
const isImpossible = (name: string): boolean =>
  ['', '.', '..'].includes(name) || name.includes('\0');
const isSymlink = ({ kind, same }: Member): boolean => kind === 'symlink' && same === undefined;

/** @throws {Ext2Error} */
function check(member: Member): void {
  if (member.name === '.' && member.kind === 'directory') return;
  const rule = REFUSED.find(({ when }) => when(member));
  if (rule !== undefined)
    throw new Ext2Error(
      `cannot put ${JSON.stringify(member.name)} into an ext2 image: ${rule.because(member)}`,
    );
}
