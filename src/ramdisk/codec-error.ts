import { ramdiskSentence, type CodecProblem } from './codec-problem.js';

/**
 * What the kernel prints for a decompressor that fails without a message of its own
 * (unpack_to_rootfs, init/initramfs.c).
 */
export const UNEXPLAINED = 'decompressor failed';

interface CompressionFault {
  /** The method's name. */
  method: string;
  /** In the source, as near as the decoder knows. */
  offset: number;
  problem: CodecProblem;
  /** What the kernel's own decompressor prints; null where it would not notice. */
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

/** A decoder's way to say what is wrong with its own method's data. */
export const failing =
  (method: string) =>
  (offset: number, problem: CodecProblem, kernel: string | null): never => {
    throw new CompressionError({ method, offset, problem, kernel });
  };

/** The library that has the method cannot be loaded. */
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
