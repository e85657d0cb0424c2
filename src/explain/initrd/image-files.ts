import { closeSync, readSync } from 'node:fs';
import { runnable } from '../../facts/runnable.js';
import { inside } from '../../facts/program.js';
import { CompressionError, decompress } from '../../ramdisk/compression.js';
import { Ext2Image, UnreadableImage } from '../../ramdisk/ext2-reader.js';
import { methodOf } from '../../ramdisk/method.js';
import type { ByteSource } from '../../ramdisk/source.js';
import { unnamedFile } from '../../ramdisk/anonymous-file.js';
import type { FindProgram } from '../kernel-inputs.js';

async function* unpacked(source: ByteSource): AsyncGenerator<Buffer, void> {
  const method = methodOf(await source.peek(2));
  if (method !== null) {
    yield* decompress(method, source);
    return;
  }
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}

/**
 * Looks for programs in an ext2 image. Its file stays open until this process ends. null: the image
 * cannot be read.
 */
export async function lookIntoImage(
  source: ByteSource,
  name: string,
  most: number,
): Promise<FindProgram | null> {
  let fd = -1;
  try {
    fd = await unnamedFile(`what is in ${name}`, unpacked(source), most);
    const image = new Ext2Image((offset, length) => {
      const bytes = Buffer.alloc(length);
      return bytes.subarray(0, readSync(fd, bytes, 0, length, offset));
    });
    return (path) =>
      orUnreadable<ReturnType<FindProgram>>(undefined, () =>
        inside(image, '/', path).kind === 'missing' ? null : runnable(image, '/', path, null),
      );
  } catch (error) {
    if (fd >= 0) closeSync(fd);
    if (error instanceof UnreadableImage || error instanceof CompressionError) return null;
    throw error;
  }
}

function orUnreadable<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof UnreadableImage) return otherwise;
    throw error;
  }
}
