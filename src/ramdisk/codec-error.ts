import type { Method } from './method.js';

/**
 * What a decompressor of the kernel that fails without a word of its own is said to have failed
 * with (unpack_to_rootfs, init/initramfs.c).
 */
export const UNEXPLAINED = 'decompressor failed';

/** A stream that cannot be decompressed, or a method that cannot be used here. */
export class CompressionError extends Error {
  override name = 'CompressionError';

  /**
   * @param offset in the source, as near as the decoder knows.
   * @param problem what is wrong, as it fits after "at byte N: ".
   * @param kernel the message of the kernel's own decompressor for this; null where it would not
   *   notice, or has no part in it.
   */
  constructor(
    readonly method: Method,
    readonly offset: number,
    readonly problem: string,
    readonly kernel: string | null,
    options?: ErrorOptions,
  ) {
    super(
      `cannot decompress ${method} at byte ${offset}: ${problem}${kernel === null ? '' : `; the kernel would say "${kernel}"`}`,
      options,
    );
  }
}

/** The library with the method is not to be had. */
export class MissingCodecError extends Error {
  override name = 'MissingCodecError';

  constructor(
    readonly method: Method,
    cause: unknown,
  ) {
    super(
      `cannot use ${method} here: libmountroot-codecs.so, which has it, cannot be loaded (${String((cause as Error)?.message ?? cause).split('\n')[0]}); it is built for the workstation only, so do this there`,
      { cause },
    );
  }
}

/** Told of what the kernel lets pass though it is wrong: one sentence each. */
export type Warn = (text: string) => void;
