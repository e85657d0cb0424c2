/** liblzma, libzstd, libbz2, liblz4 and liblzo2, through native/codecs.c. */
import { MissingCodecError } from './codec-error.js';
import { CHUNK } from './source.js';

/** The numbers of native/codecs.c. */
const DIRECTIONS = { compress: 0, decompress: 1 } as const;
const FAULTS = { 1: 'memory', 2: 'format', 3: 'options', 4: 'data' } as const;

export type Direction = keyof typeof DIRECTIONS;

/**
 * The reasons why a library refuses: it needs more memory than exists (or than the kernel would
 * have), the format is another one, the variant is unknown, or the data are damaged.
 */
export type Fault = (typeof FAULTS)[keyof typeof FAULTS] | 'other';

interface CodecStep {
  consumed: number;
  /** Valid until the next step. */
  output: Buffer;
  /** True if more output may come without more input. */
  full: boolean;
  ended: boolean;
  fault: Fault | null;
}

const faultOf = (result: number): Fault => FAULTS[-result as keyof typeof FAULTS] ?? 'other';

async function openLibrary(method: string) {
  try {
    const { openLibrary } = await import('../system/native-library.js');
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
const library = (method: string): Promise<CodecLibrary> =>
  (opened ??= openLibrary(method).catch(
    (error: unknown) => ((opened = undefined), Promise.reject(error as Error)),
  ));

/** An empty Buffer may have no address. */
const NOTHING = Buffer.alloc(1);
const address = (bytes: Buffer): Buffer => (bytes.length > 0 ? bytes : NOTHING);

/** One stream that a library works on; the caller closes it. */
export class NativeStream {
  readonly #room = Buffer.allocUnsafeSlow(CHUNK);
  readonly #counts = Buffer.alloc(8);

  private constructor(
    readonly library: CodecLibrary,
    readonly handle: number,
  ) {}

  /** @throws {MissingCodecError} */
  static async open(
    method: string,
    native: number,
    direction: Direction,
    level = 0,
  ): Promise<NativeStream> {
    const codecs = await library(method);
    const handle = codecs.codecs_open(native, DIRECTIONS[direction], level);
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

/** A library that compresses each block on its own. */
export class NativeBlocks {
  private constructor(
    readonly library: CodecLibrary,
    readonly method: string,
    readonly native: number,
  ) {}

  /** @throws {MissingCodecError} */
  static async open(method: string, native: number): Promise<NativeBlocks> {
    return new NativeBlocks(await library(method), method, native);
  }

  /** The number of bytes in `room`, or null for damaged data. */
  decompress(input: Buffer, room: Buffer): number | null {
    const result = this.library.codecs_block(
      this.native,
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
    const { codecs_block: block } = this.library;
    return this.#checked(input, block(...this.#compression(input, room, level)));
  }

  /** The same in a thread. @returns the part of `room` that it filled. */
  compressLater(input: Buffer, room: Buffer, level: number): Promise<Buffer> {
    const { codecs_block: block } = this.library;
    return new Promise((resolve, reject) => {
      block.async(...this.#compression(input, room, level), (error, result) => {
        try {
          if (error) throw error;
          resolve(room.subarray(0, this.#checked(input, result)));
        } catch (failed) {
          reject(failed instanceof Error ? failed : new Error(String(failed)));
        }
      });
    });
  }

  #compression(input: Buffer, room: Buffer, level: number) {
    const { compress } = DIRECTIONS;
    const from = [address(input), input.length] as const;
    return [this.native, compress, level, ...from, room, room.length] as const;
  }

  #checked(input: Buffer, result: number): number {
    if (result < 0)
      throw new Error(
        `cannot compress ${this.method}: the library refuses a block of ${input.length} bytes ` +
          `(${faultOf(result)})`,
      );
    return result;
  }

  adler32(bytes: Buffer): number {
    // The types of @types/ffi-napi accept a Buffer for a pointer only with more arguments.
    return this.library.codecs_adler32(address(bytes) as never, bytes.length);
  }
}
