import { ramdiskSentence, type CodecProblem } from './codec-problem.js';

/**
 * The kernel's message for a decompressor that fails without its own message (unpack_to_rootfs,
 * init/initramfs.c).
 */
export const UNEXPLAINED = 'decompressor failed';

interface CompressionFault {
  /** The method's name. */
  method: string;
  /** The offset in the source, as exact as the decoder knows it. */
  offset: number;
  problem: CodecProblem;
  /** The message of the kernel's own decompressor; null if it would not notice. */
  kernel: string | null;
}

/** A stream that cannot be decompressed. */
export class CompressionError extends Error implements CompressionFault {
  override name = 'CompressionError';
  readonly method: string;
  readonly offset: number;
  readonly problem: CodecProblem;
  readonly kernel: string | null;

  constructor({ method, offset, problem, kernel }: CompressionFault) {
    super(
      `cannot decompress ${method} at byte ${offset}: ${ramdiskSentence(problem)}` +
        (kernel === null ? '' : `; the kernel would say "${kernel}"`),
    );
    this.method = method;
    this.offset = offset;
    this.problem = problem;
    this.kernel = kernel;
  }
}

/** Makes the error of a decoder for data of its own method. */
export const failing =
  (method: string) =>
  (offset: number, problem: CodecProblem, kernel: string | null): never => {
    throw new CompressionError({ method, offset, problem, kernel });
  };

/** The method's library cannot be loaded. */
export class MissingCodecError extends Error {
  override name = 'MissingCodecError';

  constructor(
    readonly method: string,
    cause: unknown,
  ) {
    const why = String((cause as Error)?.message ?? cause).split('\n')[0];
    super(
      `cannot use ${method} here: libmountroot-codecs.so, which has it, cannot be loaded ` +
        `(${why}); it is built for the workstation only, so do this there`,
      { cause },
    );
  }
}
