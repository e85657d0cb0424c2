import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Writes a file that only its owner can read. The file appears atomically: it is written beside its
 * path, synced, and renamed.
 * @throws {Error} one sentence, which names the path and the kernel's error.
 */
export function putWhole(path: string, bytes: Buffer): void {
  const next = `${dirname(path)}/.${basename(path)}.next-${process.pid}`;
  try {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw new Error('it is a directory; name a file in it');
    if (stat !== undefined && !stat.isFile())
      throw new Error('it is no file; send it there with >FILE');
    rmSync(next, { force: true });
    writeFileSync(next, bytes, { flag: 'wx', mode: 0o600 });
    const file = openSync(next, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(next, path);
  } catch (error) {
    rmSync(next, { force: true });
    throw new Error(`cannot write to ${path}: ${(error as Error).message}`, { cause: error });
  }
}
