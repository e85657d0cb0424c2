import type { ByteSource } from '../ramdisk/source.js';
import { UsageError } from './usage-error.js';

/** For a boot image with several files. */
export const PIECE_OPTION = {
  type: 'text',
  argument: 'NAME',
  describe: 'this piece of a boot image, in place of what the kernel gets',
} as const;

/**
 * Reads a ramdisk's file; `-` is the standard input.
 * @throws {UsageError} if its first byte cannot be read.
 */
export async function readingRamdisk<T>(
  file: string,
  use: (source: ByteSource) => Promise<T>,
): Promise<T> {
  if (file === '-' && process.stdin.isTTY)
    throw new UsageError(
      'a ramdisk does not come from a terminal; name a file, or send it from another program',
    );
  const { ByteSource } = await import('../ramdisk/source.js');
  const source = ByteSource.fromFile(file);
  try {
    await source.peek(1).catch((error: Error) => {
      throw new UsageError(error.message);
    });
    return await use(source);
  } finally {
    await source.close();
  }
}
