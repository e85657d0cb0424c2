import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compress } from './compression.js';
import type { Method } from './method.js';
import { packExt2 } from './ext2.js';
import type { Member } from './member.js';
import { packCpio } from './pack.js';
import { ByteSource } from './source.js';
import type { Architecture } from './architectures.js';
import { wrapUImage } from './uimage.js';

export interface Written {
  format: 'cpio' | 'ext2';
  method: Method | null;
  /** U-Boot's name for it; null without its header. */
  uimage: string | null;
  /** The processor that U-Boot's header names. */
  arch?: Architecture;
  /** Seconds since 1970, for the time of the ramdisk itself. */
  time: number;
  /** Bytes of an ext2 image; the default is just enough. */
  size?: number;
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Buffer> {
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}

const packed = (bytes: AsyncIterable<Buffer>, method: Method | null): AsyncIterable<Buffer> =>
  method === null ? bytes : compress(method, bytes);

async function toFile(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const file = await open(path, 'wx', 0o644);
  try {
    for await (const chunk of bytes)
      for (let done = 0; done < chunk.length;) done += (await file.write(chunk, done)).bytesWritten;
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The bytes of a cpio ramdisk. */
export const cpioBytes = (
  members: readonly Member[],
  method: Method | null,
): AsyncIterable<Buffer> => packed(packCpio(members), method);

/** A ramdisk that cannot be written to the file that was named. */
class WriteError extends Error {
  override name = 'WriteError';
}

/**
 * The file to replace, or the target of a symlink. A device node is refused, because rename(2) over
 * it would remove it for the whole machine.
 */
export function placeOf(file: string): string {
  const there = statSync(file, { throwIfNoEntry: false });
  if (there !== undefined && !there.isFile())
    throw new WriteError(
      `cannot write ${file}: it is there and no regular file; name another one, or send the ` +
        'ramdisk to the standard output',
    );
  return there === undefined ? file : realpathSync(file);
}

/**
 * Writes a ramdisk atomically: writes a file beside it, then fsync(2), rename(2) and fsync of the
 * directory.
 */
export async function writeRamdisk(
  members: readonly Member[],
  file: string,
  { format, method, uimage, arch, time, size }: Written,
): Promise<void> {
  const out = placeOf(file);
  const beside = (what: string): string => `${out}.${what}-${process.pid}`;
  const made = [beside('next'), beside('image'), beside('wrapped')];
  const [next, image, wrapped] = made as [string, string, string];
  const clean = (): void => made.forEach((file) => rmSync(file, { force: true }));
  clean();
  try {
    if (format === 'ext2') {
      await packExt2(members, image, { time, ...(size !== undefined && { size }) });
      const source = ByteSource.fromFile(image);
      await toFile(next, packed(chunksOf(source), method)).finally(() => source.close());
    } else await toFile(next, cpioBytes(members, method));
    if (uimage !== null)
      await wrapUImage(next, wrapped, { name: uimage, time, ...(arch && { arch }) });
    const whole = uimage === null ? next : wrapped;
    synced(whole);
    renameSync(whole, out);
    synced(dirname(out));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw code === undefined
      ? error
      : new WriteError(
          `cannot write ${file}: ${message.replace(/ '\/.*$/s, '')}; nothing of it is left, and ` +
            'what was there before is as it was',
          { cause: error },
        );
  } finally {
    clean();
  }
}

function synced(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
