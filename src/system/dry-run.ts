import { flagText } from './flags.js';
import type { System } from './port.js';

const text = (value: string | null): string => (value === null ? 'NULL' : JSON.stringify(value));
const NODE_NAMES = {
  character: 'S_IFCHR',
  block: 'S_IFBLK',
  fifo: 'S_IFIFO',
  socket: 'S_IFSOCK',
} as const;
const octal = (mode: number): string => `0${mode.toString(8)}`;
const hex = (bytes: Uint8Array): string => `0x${Buffer.from(bytes).toString('hex')}`;

/**
 * A System that touches nothing. It does not even read, because the plan may be for another
 * machine. `calls` gets each call that would change something, in the notation of strace(1); a verb
 * of several calls is one line with its own name. A dry run passes it to the executors of `start`,
 * so it prints the calls of `start`. No file exists here, so a directory that `start` makes only if
 * it is missing is always shown as made.
 */
export function dryRun(): System & { calls: string[] } {
  const calls: string[] = [];
  const note = (name: string, ...values: string[]): void =>
    void calls.push(`${name}(${values.join(', ')})`);
  const unread = (): never => {
    throw new Error('a dry run reads nothing');
  };
  return {
    calls,
    kind: () => 'missing',
    readText: unread,
    readBytes: unread,
    list: unread,
    space: unread,
    readLink: unread,
    realPath: unread,
    details: unread,
    attributes: () => new Map(),
    // Plans change trees by one call each, which notes itself.
    tree: {
      open: unread,
      enter: unread,
      scratch: unread,
      above: unread,
      again: unread,
      close: unread,
      entries: unread,
      entry: unread,
      self: unread,
      walk: unread,
      apply: unread,
      build: unread,
    },
    lock: () => true,
    sleep: () => {},
    during: () => {},
    watchdog: () => {},
    // eslint-disable-next-line max-params -- mount(2) has five.
    mount: (source, target, fstype, flags, data) =>
      note('mount', text(source), text(target), text(fstype), flagText(flags), text(data)),
    umount: (target, lazy) => note('umount2', text(target), lazy ? 'MNT_DETACH' : '0'),
    pivotRoot: (newRoot, putOld) => note('pivot_root', text(newRoot), text(putOld)),
    switchRoot: (newRoot) => {
      note('chdir', text(newRoot));
      note('mount', text('.'), text('/'), 'NULL', 'MS_MOVE', 'NULL');
      note('chroot', text('.'));
      note('chdir', text('/'));
      return '';
    },
    execve: (path, args) =>
      note('execve', text(path), `[${[path, ...args].map(text).join(', ')}]`, 'environ'),
    chdir: (path) => note('chdir', text(path)),
    mkdir: (path, mode) => note('mkdir', text(path), octal(mode)),
    rmdir: (path) => note('rmdir', text(path)),
    unlink: (path) => note('unlink', text(path)),
    create(path, content, mode) {
      note('open', text(path), 'O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW', octal(mode));
      note('write', 'fd', text(String(content)));
      note('fsync', 'fd');
    },
    removeTree: (path) => note('remove_tree', text(path)),
    replace: (path, content) => note('replace', text(path), text(content)),
    replaceLink: (target, path) => note('replace_link', text(target), text(path)),
    syncfs: (path) => note('syncfs', text(path)),
    rename: (from, to) => note('rename', text(from), text(to)),
    renameLeavingWhiteout: (from, to) =>
      note('renameat2', 'AT_FDCWD', text(from), 'AT_FDCWD', text(to), 'RENAME_WHITEOUT'),
    exchange: (one, other) =>
      note('renameat2', 'AT_FDCWD', text(one), 'AT_FDCWD', text(other), 'RENAME_EXCHANGE'),
    mapShared: (path) => note('mmap', text(path), 'MAP_SHARED'),
    symlink: (target, path) => note('symlink', text(target), text(path)),
    link: (existing, path) => note('link', text(existing), text(path)),
    makeNode: (path, type, mode, node) =>
      note(
        'mknod',
        text(path),
        `${NODE_NAMES[type]}|${octal(mode)}`,
        ...(node === '' ? [] : [`makedev(${node.replace(':', ', ')})`]),
      ),
    copyFile: (from, to, mode) => note('copy_file', text(from), text(to), octal(mode)),
    setOwner: (path, uid, gid) => note('lchown', text(path), String(uid), String(gid)),
    setMode: (path, mode) => note('chmod', text(path), octal(mode)),
    setModified: (path, mtime) =>
      note('utimensat', 'AT_FDCWD', text(path), `[UTIME_OMIT, ${mtime} ns]`, 'AT_SYMLINK_NOFOLLOW'),
    setAttribute: (path, name, value) =>
      note('lsetxattr', text(path), text(name), hex(value), String(value.length), '0'),
    eraseBlock: (device, start, length) => {
      note('ioctl', text(device), 'MEMERASE64', `{start=${start}, length=${length}}`);
      return true;
    },
    writeFlash: (device, offset, bytes) =>
      note('pwrite', text(device), hex(bytes), String(bytes.length), String(offset)),
    attachLoop: (disk, offset) => {
      note('ioctl', text(disk), 'LOOP_SET_FD', `{lo_offset=${offset}}`);
      return 'loop0';
    },
    run: (program, args) => {
      note('run', text(program), ...args.map(text));
      return 0;
    },
    attachUbi: (mtd) => note('ioctl', text('/dev/ubi_ctrl'), 'UBI_IOCATT', `{mtd_num=${mtd}}`),
    eraseUbiBlock: (device, leb) => {
      note('ioctl', text(device), 'UBI_IOCEBER', `[${leb}]`);
      return true;
    },
  };
}
