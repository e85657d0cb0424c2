import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Keeps a stream in a file, so that any part of it can be read again. The file has no name, so the
 * kernel removes it when this process ends in any way. Zeros take no space in it.
 * @param what names the stream in the error.
 * @returns the descriptor.
 */
export async function unnamedFile(
  what: string,
  chunks: AsyncIterable<Buffer>,
  most = Infinity,
): Promise<number> {
  const attempt = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      throw new Error(
        `cannot keep ${what} in ${tmpdir()}: ${(error as Error).message}; make room there, or ` +
          'name another place with TMPDIR',
        { cause: error },
      );
    }
  };
  const folder = attempt(() => mkdtempSync(join(tmpdir(), 'mountroot-')));
  let fd = -1;
  try {
    fd = attempt(() => openSync(join(folder, 'ramdisk'), 'wx+', 0o600));
  } finally {
    rmSync(join(folder, 'ramdisk'), { force: true });
    rmdirSync(folder);
  }
  try {
    let at = 0;
    for await (const chunk of chunks) {
      if (chunk.some((byte) => byte !== 0))
        for (let done = 0; done < chunk.length;)
          done += attempt(() => writeSync(fd, chunk, done, chunk.length - done, at + done));
      at += chunk.length;
      if (at >= most) break;
    }
    attempt(() => ftruncateSync(fd, at));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
