import * as fs from 'node:fs';
import { SystemError } from '../../system/system-error.js';
import type { What } from './diff-entry.js';

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, S_IFMT } = fs.constants;

/** A path for the kernel from one with a character for each byte; ASCII needs no conversion. */
const pathBytes = (path: string): string | Buffer =>
  /^[\x01-\x7f]*$/.test(path) ? path : Buffer.from(path, 'latin1');
export const fromText = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');

const WHAT: Record<number, What> = {
  0o100000: 'file',
  0o040000: 'directory',
  0o120000: 'symlink',
  0o020000: 'character',
  0o060000: 'block',
  0o010000: 'fifo',
  0o140000: 'socket',
};
export const whatOf = ({ mode }: { mode: number }): What => WHAT[mode & S_IFMT] ?? 'other';

export const codeOf = (error: unknown): string =>
  error instanceof SystemError ? error.errno : ((error as NodeJS.ErrnoException).code ?? 'EIO');

/** Whether a file was removed since its name was read, or its directory was. */
export const isGone = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR', 'ESTALE'].includes(codeOf(error));

/** lstat(2); null if the path does not exist. */
export function statOrNull(path: string): fs.BigIntStats | null {
  try {
    return fs.lstatSync(pathBytes(path), { bigint: true, throwIfNoEntry: false }) ?? null;
  } catch (error) {
    if (isGone(error)) return null;
    throw error;
  }
}

/** The names in a directory, sorted by their bytes. */
export const namesIn = (path: string): string[] =>
  fs.readdirSync(pathBytes(path), 'latin1' as BufferEncoding).sort();

export const readLink = (path: string): string =>
  fs.readlinkSync(pathBytes(path), 'latin1' as BufferEncoding);

/**
 * Opens a directory, so that its names can be reached through the descriptor whatever happens to
 * its path. @throws as open(2), ELOOP for a symlink.
 */
export function openDirectory(path: string): number {
  return fs.openSync(pathBytes(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

const AT_ONCE = 65_536;
const [ONE, OTHER] = [Buffer.allocUnsafeSlow(AT_ONCE), Buffer.allocUnsafeSlow(AT_ONCE)];

/** Reads until the room is full or the file ends; read(2) may give less. */
function fill(fd: number, room: Buffer): number {
  let filled = 0;
  for (
    let bytes;
    filled < room.length && (bytes = fs.readSync(fd, room, filled, room.length - filled, null)) > 0;
  )
    filled += bytes;
  return filled;
}

/** O_NONBLOCK because a FIFO in the file's place would wait for its writer. */
function withFile<T>(path: string, use: (fd: number) => T): T {
  const fd = fs.openSync(pathBytes(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  try {
    return use(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Whether two files have the same content. */
export const sameContent = (one: string, other: string): boolean =>
  withFile(one, (a) =>
    withFile(other, (b) => {
      for (;;) {
        const [n, m] = [fill(a, ONE), fill(b, OTHER)];
        if (n !== m || ONE.compare(OTHER, 0, n, 0, n) !== 0) return false;
        if (n < AT_ONCE) return true;
      }
    }),
  );

/** The first bytes of a file. */
export const firstBytes = (path: string, length: number): Buffer =>
  withFile(path, (fd) => {
    const room = Buffer.alloc(length);
    return room.subarray(0, fill(fd, room));
  });
