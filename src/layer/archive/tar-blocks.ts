import { TAR_BLOCK, writeUstarHeader, type HeaderFields } from '../../text/ustar-header.js';

/** The bytes that are written at once. */
export const PIECE_BYTES = 131_072;
/** How many pieces of memory of this size wait to be used again. */
const MOST_OLD = 4;

/** Blocks of a tar, until there are enough to be written. */
export class Blocks {
  #room: Buffer = Buffer.allocUnsafeSlow(PIECE_BYTES);
  #used = 0;
  /** Where blocks were that are not needed any more. */
  readonly #old: Buffer[] = [];
  /** The full ones, which the caller takes. */
  readonly full: Buffer[] = [];

  /** Makes room for so many bytes. @returns where it begins in `room`. */
  #take(bytes: number): number {
    if (this.#used + bytes > this.#room.length) {
      if (this.#used > 0) this.full.push(this.#room.subarray(0, this.#used));
      const old = bytes <= PIECE_BYTES ? this.#old.pop() : undefined;
      this.#room = old ?? Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, bytes));
      this.#used = 0;
    }
    this.#used += bytes;
    return this.#used - bytes;
  }

  header(fields: HeaderFields): void {
    const at = this.#take(TAR_BLOCK);
    this.#room.fill(0, at, at + TAR_BLOCK);
    writeUstarHeader(this.#room, at, fields);
  }

  /** Some bytes of a file, without what fills their last block. */
  put(bytes: Uint8Array): void {
    const at = this.#take(bytes.length);
    this.#room.set(bytes, at);
  }

  zeros(bytes: number): void {
    for (let left = bytes; left > 0; left -= PIECE_BYTES) {
      const some = Math.min(left, PIECE_BYTES);
      const at = this.#take(some);
      this.#room.fill(0, at, at + some);
    }
  }

  /** Nobody uses these any more, which were full. */
  reuse(full: readonly Buffer[]): void {
    for (const { buffer } of full)
      if (buffer.byteLength === PIECE_BYTES && this.#old.length < MOST_OLD)
        this.#old.push(Buffer.from(buffer));
  }

  /** Takes all that is there. */
  end(): Buffer[] {
    this.full.push(this.#room.subarray(0, this.#used));
    [this.#room, this.#used] = [Buffer.alloc(0), 0];
    return this.full;
  }
}
