/** liblzma, libzstd, libbz2, liblz4 and liblzo2, through native/codecs.c. */
import { MissingCodecError } from './codec-error.js';
import { CHUNK } from './source.js';

/** The numbers of native/codecs.c. */
const METHODS = { xz: 0, lzma: 1, zstd: 2, bzip2: 3, lz4: 4, lzo: 5 } as const;
const DIRECTIONS = { compress: 0, decompress: 1 } as const;
const FAULTS = { 1: 'memory', 2: 'format', 3: 'options', 4: 'data' } as const;

export type Direction = keyof typeof DIRECTIONS;
export type StreamMethod = 'xz' | 'lzma' | 'zstd' | 'bzip2';
export type BlockMethod = 'lz4' | 'lzo';

/**
 * Why a library refused: no memory (or more of it than the kernel would have), not its format, a
 * variant it does not know, damaged data.
 */
export type Fault = (typeof FAULTS)[keyof typeof FAULTS] | 'other';

interface CodecStep {
  consumed: number;
  /** Valid until the next step. */
  output: Buffer;
  /** There may be more output without more input. */
  full: boolean;
  ended: boolean;
  fault: Fault | null;
}

const faultOf = (result: number): Fault => FAULTS[-result as keyof typeof FAULTS] ?? 'other';

async function openLibrary(method: StreamMethod | BlockMethod) {
  try {
    const { openLibrary } = await import('../system/ffi.js');
    return openLibrary('libmountroot-codecs.so', {
      codecs_open: ['int32', ['int32', 'int32', 'int32']],
      codecs_step: ['int32', ['int32', 'pointer', 'int32', 'pointer', 'int32', 'int32', 'pointer']],
      codecs_close: ['void', ['int32']],
      codecs_block: ['int32', ['int32', 'int32', 'int32', 'pointer', 'int32', 'pointer', 'int32']],
      codecs_adler32: ['uint32', ['pointer', 'int32']],
    });
  } catch (error) {
    throw new MissingCodecError(method, error);
  }
}

type CodecLibrary = Awaited<ReturnType<typeof openLibrary>>;
let opened: Promise<CodecLibrary> | undefined;
/** @throws {MissingCodecError} */
const library = (method: StreamMethod | BlockMethod): Promise<CodecLibrary> =>
  (opened ??= openLibrary(method).catch(
    (error: unknown) => ((opened = undefined), Promise.reject(error as Error)),
  ));

/** An empty Buffer may have no address. */
const NOTHING = Buffer.alloc(1);
const address = (bytes: Buffer): Buffer => (bytes.length > 0 ? bytes : NOTHING);

/** One stream on its way through a library. To be closed. */
export class NativeStream {
  readonly #room = Buffer.allocUnsafeSlow(CHUNK);
  readonly #counts = Buffer.alloc(8);

  private constructor(
    readonly library: CodecLibrary,
    readonly handle: number,
  ) {}

  /** @throws {MissingCodecError} */
  static async open(method: StreamMethod, direction: Direction, level = 0): Promise<NativeStream> {
    const codecs = await library(method);
    const handle = codecs.codecs_open(METHODS[method], DIRECTIONS[direction], level);
    if (handle < 0)
      throw new Error(
        `cannot ${direction} ${method}: the library refuses to begin (${faultOf(handle)})`,
      );
    return new NativeStream(codecs, handle);
  }

  step(input: Buffer, finish = false): CodecStep {
    const result = this.library.codecs_step(
      this.handle,
      address(input),
      input.length,
      this.#room,
      this.#room.length,
      finish ? 1 : 0,
      this.#counts,
    );
    const produced = this.#counts.readInt32LE(4);
    return {
      consumed: this.#counts.readInt32LE(0),
      output: this.#room.subarray(0, produced),
      full: produced === this.#room.length,
      ended: result === 1,
      fault: result < 0 ? faultOf(result) : null,
    };
  }

  close(): void {
    this.library.codecs_close(this.handle);
  }
}

/** Blocks that are compressed each on its own. */
export class NativeBlocks {
  private constructor(
    readonly library: CodecLibrary,
    readonly method: BlockMethod,
  ) {}

  /** @throws {MissingCodecError} */
  static async open(method: BlockMethod): Promise<NativeBlocks> {
    return new NativeBlocks(await library(method), method);
  }

  /** The length of what is in `room` now, or null for damaged data. */
  decompress(input: Buffer, room: Buffer): number | null {
    const result = this.library.codecs_block(
      METHODS[this.method],
      DIRECTIONS.decompress,
      0,
      address(input),
      input.length,
      address(room),
      room.length,
    );
    return result < 0 ? null : result;
  }

  compress(input: Buffer, room: Buffer, level: number): number {
    const result = this.library.codecs_block(
      METHODS[this.method],
      DIRECTIONS.compress,
      level,
      address(input),
      input.length,
      room,
      room.length,
    );
    if (result < 0)
      throw new Error(
        `cannot compress ${this.method}: the library refuses a block of ${input.length} bytes (${faultOf(result)})`,
      );
    return result;
  }

  adler32(bytes: Buffer): number {
    // The types of @types/ffi-napi take a Buffer for a pointer only beside more arguments.
    return this.library.codecs_adler32(address(bytes) as never, bytes.length);
  }
}
