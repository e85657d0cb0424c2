/** The bytes of a tar that are looked at, in the same memory all the time. */

/** Where a tar is read from. Bytes are valid until something more is read. */
export interface TarSource {
  /** The next bytes, if they were read already; null says that `read` must be awaited. */
  take(length: number): Buffer | null;
  /** The next bytes; fewer at the end. */
  read(length: number): Promise<Buffer>;
  /** The next bytes, as many as come at once; null at the end. */
  chunk(most?: number): Promise<Buffer | null>;
}

export class TarWindow implements TarSource {
  #begin = 0;
  #end = 0;

  /** @param fill puts the next bytes somewhere, and says how many; 0 at the end. */
  constructor(
    private readonly room: Buffer,
    private readonly fill: (room: Buffer) => Promise<number>,
  ) {}

  /** Where the next bytes begin. */
  get begin(): number {
    return this.#begin;
  }

  /** The end of those that were read. */
  get end(): number {
    return this.#end;
  }

  /** Reads on. @returns false at the end of the tar, and if there is no room. */
  async more(): Promise<boolean> {
    if (this.#begin > 0) {
      this.room.copyWithin(0, this.#begin, this.#end);
      this.#end -= this.#begin;
      this.#begin = 0;
    }
    if (this.#end === this.room.length) return false;
    const bytes = await this.fill(this.room.subarray(this.#end));
    this.#end += bytes;
    return bytes > 0;
  }

  skip(bytes: number): void {
    this.#begin += bytes;
  }

  take(length: number): Buffer | null {
    if (this.#end - this.#begin < length) return null;
    this.#begin += length;
    return this.room.subarray(this.#begin - length, this.#begin);
  }

  async read(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length, part; left > 0; left -= part.length) {
      part = await this.chunk(left);
      if (part === null) break;
      parts.push(Buffer.from(part));
    }
    return Buffer.concat(parts);
  }

  async chunk(most = this.room.length): Promise<Buffer | null> {
    if (this.#begin === this.#end && !(await this.more())) return null;
    return this.take(Math.min(most, this.#end - this.#begin));
  }
}
