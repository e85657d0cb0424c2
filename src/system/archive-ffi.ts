/** The archives of the real kernel (native/tree-import.h), whose records have its byte order. */
import type { ArchiveDoor, ArchiveShare, OpenArchive, OrdinaryEntry } from './archive-door.js';
import { errnoName } from './errno.js';
import { SECOND } from './file-time.js';
import { openLibrary } from './native-library.js';
import { SystemError } from './system-error.js';
import { descriptorOf } from './tree-library.js';

/** The indexes of the fields of `struct share` in 32-bit words; `bytes` is before them. */
const SHARE = {
  ...{ members: 2, names: 3, headers: 4, directories: 5, files: 6, symlinks: 7, taken: 8 },
} as const;
const TEXT_AT = 64;
const TEXT_ROOM = 8128;
const TAR_AT = TEXT_AT + TEXT_ROOM;
/** The size of `struct given`, behind which its texts are. */
const GIVEN = 32;
/** Bytes of an archive that are read at once. An ordinary entry has a quarter of them at most. */
const WINDOW = 262_144;

const TYPE = 0o170000;
const KINDS: Record<number, OrdinaryEntry['kind']> = {
  0o040000: 'directory',
  0o100000: 'file',
  0o120000: 'symlink',
};

/** @throws where the native parts cannot be loaded. */
export function archiveDoor(): OpenArchive {
  const library = openLibrary('libmountroot-tree.so', {
    tree_import: ['int32', ['pointer', 'uint32', 'int32', 'uint32']],
    tree_import_read: ['int32', ['uint32', 'uint32']],
    tree_import_find: ['int32', []],
    tree_import_note: ['int32', ['int32']],
    tree_import_folders: ['int32', []],
    tree_import_describe: ['int32', ['uint32']],
    tree_import_end: ['int32', []],
  });

  const room = Buffer.alloc(TAR_AT + WINDOW);
  const words = new Uint32Array(room.buffer, room.byteOffset, TEXT_AT / 4);

  const check = (result: number): number => {
    if (result >= 0) return result;
    const errno = errnoName(-result);
    throw new SystemError({ what: 'read an archive', syscall: 'read', errno, path: '/' });
  };
  const putPath = (path: string): void => {
    const length = room.write(path, TEXT_AT, TEXT_ROOM - 1);
    room[TEXT_AT + length] = 0;
  };
  const given = (): OrdinaryEntry => {
    const word = (index: number): number => room.readUInt32LE(TEXT_AT + 4 * index);
    const [path, target] = [TEXT_AT + GIVEN, TEXT_AT + GIVEN + word(6)];
    return {
      kind: KINDS[word(0) & TYPE]!,
      path: room.toString('latin1', path, target),
      mode: word(0) & 0o7777,
      uid: word(1),
      gid: word(2),
      mtime: room.readBigInt64LE(TEXT_AT + 16) * SECOND + BigInt(word(3)),
      target: room.toString('latin1', target, target + word(7)),
    };
  };

  const door: ArchiveDoor = {
    window: room.subarray(TAR_AT),
    read(from, to, left: ArchiveShare) {
      room.writeBigUInt64LE(BigInt(left.bytes), 0);
      words[SHARE.members] = left.members;
      words[SHARE.names] = left.names;
      words[SHARE.headers] = left.headers;
      const needsMore = check(library.tree_import_read(TAR_AT + from, TAR_AT + to)) === 1;
      const word = (of: keyof typeof SHARE): number => words[SHARE[of]]!;
      return {
        bytes: Number(room.readBigUInt64LE(0)),
        members: word('members'),
        names: word('names'),
        headers: word('headers'),
        directories: word('directories'),
        files: word('files'),
        symlinks: word('symlinks'),
        taken: word('taken'),
        needsMore,
      };
    },
    find(path) {
      putPath(path);
      return check(library.tree_import_find()) === 0 ? null : given();
    },
    note(path, isFolder) {
      putPath(path);
      check(library.tree_import_note(isFolder ? 1 : 0));
    },
    folders: () => check(library.tree_import_folders()),
    describe(left, otherwise) {
      while (check(library.tree_import_describe(left)) > 0) otherwise(given());
    },
    end: () => void library.tree_import_end(),
  };
  return (top, modes) => {
    const fd = top === null ? -1 : descriptorOf(top);
    const result = library.tree_import(room as never, room.length, fd, modes);
    return errnoName(-result) === 'EBUSY' ? null : (check(result), door);
  };
}
