import {
  closeSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  rmdirSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { withoutPath } from '../text/without-path.js';
import { compress } from './compression.js';
import type { Method } from './method.js';
import { packExt2 } from './ext2.js';
import type { Member } from './member.js';
import {
  DESCRIPTORS,
  asBytes,
  findNamed,
  isRoot,
  needDescriptors,
  openPlace,
  statOf,
  type NamedPlace,
} from '../system/named-place.js';
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

/** A place to write to, in its directory. @throws {WriteError} */
function placeFor(file: string): NamedPlace {
  let place;
  try {
    needDescriptors('pack');
    place = findNamed(file);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined
      ? new WriteError(`cannot write ${file}: ${(error as Error).message}`, { cause: error })
      : error;
  }
  if (place.stat === null || place.stat.isFile()) return place;
  closeSync(place.folder);
  throw new WriteError(
    `cannot write ${file}: it is there and no regular file; name another one, or send the ` +
      'ramdisk to the standard output',
  );
}

/**
 * Checks that a file can be replaced, or the target of a symlink. A device node is refused, because
 * rename(2) over it would remove it for the whole machine.
 * @throws {WriteError}
 */
export function checkPlace(file: string): void {
  try {
    closeSync(placeFor(file).folder);
  } catch (error) {
    if (error instanceof WriteError) throw error;
    // Writing reports what the kernel says.
  }
}

/**
 * A new directory beside a file, into which only this user comes. So nobody else can put something
 * at the names in it, in a directory where many may write. @param beside a path of calls.
 */
class PrivateDirectory {
  readonly #path: string;
  readonly #fd: number;

  constructor(beside: string) {
    const folder = asBytes(beside.slice(0, beside.lastIndexOf('/'))).toString();
    this.#path = mkdtempSync(`${folder}/.mountroot-`, 'latin1');
    this.#fd = openPlace(this.#path);
    const { uid, mode } = statOf(this.#fd);
    const ours = !isRoot() || uid === 0n;
    if (ours && (mode & 0o077n) === 0n) return;
    closeSync(this.#fd);
    throw new WriteError(
      `cannot work in ${this.#path}, because somebody else put it there; name another place`,
    );
  }

  file = (name: string): string =>
    `${DESCRIPTORS ? `/proc/self/fd/${this.#fd}` : asBytes(this.#path).toString()}/${name}`;

  remove(names: readonly string[]): void {
    for (const name of names) rmSync(this.file(name), { force: true });
    closeSync(this.#fd);
    try {
      rmdirSync(asBytes(this.#path));
    } catch {
      // Who may write to the directory above has moved it. It is empty.
    }
  }
}

const STAGES = { packed: 'packed', image: 'image', wrapped: 'wrapped' } as const;

/**
 * Writes a ramdisk atomically: writes it in a directory beside its place, then fsync(2), rename(2)
 * and fsync of the directory.
 */
export async function writeRamdisk(
  members: readonly Member[],
  file: string,
  how: Written,
): Promise<void> {
  let place;
  try {
    place = placeFor(file);
    const work = new PrivateDirectory(place.at);
    try {
      const whole = await writeWhole(members, work, how);
      synced(whole);
      renameSync(whole, asBytes(place.at));
      fsyncSync(place.folder);
    } finally {
      work.remove(Object.values(STAGES));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined
      ? error
      : new WriteError(
          `cannot write ${file}: ${withoutPath(error)}; nothing of it is left, and ` +
            'what was there before is as it was',
          { cause: error },
        );
  } finally {
    if (place !== undefined) closeSync(place.folder);
  }
}

/** @returns the path of the complete ramdisk. */
async function writeWhole(
  members: readonly Member[],
  work: PrivateDirectory,
  { format, method, uimage, arch, time, size }: Written,
): Promise<string> {
  const [next, image, wrapped] = [STAGES.packed, STAGES.image, STAGES.wrapped].map(work.file);
  if (format === 'ext2') {
    await packExt2(members, image!, { time, ...(size !== undefined && { size }) });
    const source = ByteSource.fromFile(image!);
    await toFile(next!, packed(chunksOf(source), method)).finally(() => source.close());
  } else await toFile(next!, cpioBytes(members, method));
  if (uimage === null) return next!;
  await wrapUImage(next!, wrapped!, { name: uimage, time, ...(arch && { arch }) });
  return wrapped!;
}

function synced(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
