/**
 * Bytes that are read once, from a file or a pipe, with their offset: an archive may be larger than
 * memory.
 */
import { closeSync, read, readSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errnoName } from '../system/errno.js';
import { SystemError } from '../system/system-error.js';
import type { ListedFile } from './member.js';

/** The bytes to read from a file at once, and the most that chunk() returns. */
export const CHUNK = 256 * 1024;

interface Place {
  room: Buffer | null;
}

export class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  /** The bytes that were read and not consumed, in order. No buffer is empty. */
  #waiting: Buffer[] = [];
  #held = 0;
  #consumed = 0;
  #ended = false;
  readonly #closing: (() => void)[] = [];
  /** The file that is read from its beginning; null for anything else. */
  #file: string | Buffer | null = null;
  /** Where a file's next bytes go; null for new memory. */
  readonly #place: Place;

  private constructor(chunks: AsyncIterable<Buffer>, place: Place = { room: null }) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#place = place;
  }

  /** `-` is standard input. Nothing is opened before the first read. */
  static fromFile(path: string | Buffer): ByteSource {
    if (path === '-') return new ByteSource(standardInput());
    const place: Place = { room: null };
    const source = new ByteSource(fileChunks(path, place), place);
    source.#file = path;
    return source;
  }

  /** A file that is opened with the first read, and closed at the end. */
  static fromListed(file: ListedFile): ByteSource {
    return new ByteSource(listedChunks(file));
  }

  static fromBuffer(bytes: Buffer): ByteSource {
    const source = new ByteSource(nothing());
    source.unread(bytes);
    source.#consumed = 0;
    return source;
  }

  /** @param offset of the first byte, for a part of a larger source. */
  static from(chunks: AsyncIterable<Buffer>, offset = 0): ByteSource {
    const source = new ByteSource(chunks);
    source.#consumed = offset;
    return source;
  }

  /** The file that is read from its beginning; null for a pipe and for bytes in memory. */
  get file(): string | Buffer | null {
    return this.#file;
  }

  /** Is called when the source is closed. */
  onClose(call: () => void): void {
    this.#closing.push(call);
  }

  /** Bytes consumed so far. */
  get offset(): number {
    return this.#consumed;
  }

  /** The next bytes without consuming them; fewer at the end. */
  async peek(length: number): Promise<Buffer> {
    while (this.#held < length && (await this.#pull()));
    const first = this.#waiting[0] ?? Buffer.alloc(0);
    if (first.length >= length) return first.subarray(0, length);
    // Only as many are joined as are needed, because the others may be long.
    let [count, bytes] = [0, 0];
    while (bytes < length && count < this.#waiting.length) bytes += this.#waiting[count++]!.length;
    const joined = Buffer.concat(this.#waiting.slice(0, count));
    if (joined.length > 0) this.#waiting.splice(0, count, joined);
    return joined.subarray(0, length);
  }

  /** The next bytes, if they were read already; null says that `read` must be awaited. */
  take(length: number): Buffer | null {
    const first = this.#waiting[0];
    if (first === undefined || first.length < length) return null;
    this.#drop(length);
    return first.subarray(0, length);
  }

  /** The next bytes; fewer at the end. */
  async read(length: number): Promise<Buffer> {
    const bytes = await this.peek(length);
    this.#drop(bytes.length);
    return bytes;
  }

  /** The next bytes, as many as come at once; null at the end. */
  async chunk(most = CHUNK): Promise<Buffer | null> {
    if (this.#held === 0 && !(await this.#pull())) return null;
    const bytes = this.#waiting[0]!.subarray(0, most);
    this.#drop(bytes.length);
    return bytes;
  }

  /**
   * Puts the next bytes somewhere, as many as come at once. Those of a file are read to there.
   * @returns how many; 0 at the end.
   */
  async readInto(room: Buffer): Promise<number> {
    if (this.#held === 0) {
      this.#place.room = room;
      const isRead = await this.#pull();
      this.#place.room = null;
      if (!isRead) return 0;
    }
    const first = this.#waiting[0]!;
    const length = Math.min(first.length, room.length);
    if (first.buffer !== room.buffer || first.byteOffset !== room.byteOffset)
      first.copy(room, 0, 0, length);
    this.#drop(length);
    return length;
  }

  /** Takes back the last bytes that were read, because a decoder did not use them. */
  unread(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.#waiting.unshift(bytes);
    this.#held += bytes.length;
    this.#consumed -= bytes.length;
  }

  /** Closes the file, also before its end. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#waiting = [];
    this.#held = 0;
    for (const call of this.#closing.splice(0)) call();
    await this.#chunks.return?.();
  }

  /** Reads on; false at the end. */
  async #pull(): Promise<boolean> {
    while (!this.#ended) {
      const next = await this.#chunks.next();
      if (next.done === true) this.#ended = true;
      else if (next.value.length > 0) {
        this.#waiting.push(next.value);
        this.#held += next.value.length;
        return true;
      }
    }
    return false;
  }

  /** All these bytes are in the first buffer that waits. */
  #drop(length: number): void {
    const first = this.#waiting[0];
    if (first === undefined) return;
    if (length === first.length) this.#waiting.shift();
    else this.#waiting[0] = first.subarray(length);
    this.#held -= length;
    this.#consumed += length;
  }
}

async function* nothing(): AsyncGenerator<Buffer, void> {}

async function* standardInput(): AsyncGenerator<Buffer, void> {
  try {
    for await (const chunk of process.stdin)
      yield typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer);
  } catch (error) {
    throw unreadable('standard input', error);
  }
}

async function* fileChunks(path: string | Buffer, place: Place): AsyncGenerator<Buffer, void> {
  let file;
  try {
    file = await open(path, 'r');
    for (;;) {
      // A new buffer each time, because the caller may keep it, unless he has one.
      const room = place.room ?? Buffer.allocUnsafeSlow(CHUNK);
      // To wait for another thread takes longer than to copy what is in memory.
      const bytesRead =
        place.room === null
          ? (await file.read(room, 0, room.length, null)).bytesRead
          : readSync(file.fd, room, 0, room.length, null);
      if (bytesRead === 0) return;
      yield room.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(path.toString(), error);
  } finally {
    await file?.close();
  }
}

const readInto = promisify(read);

async function* listedChunks(file: ListedFile): AsyncGenerator<Buffer, void> {
  let fd = -1;
  try {
    fd = file.open();
    for (;;) {
      const { bytesRead, buffer } = await readInto(
        fd,
        Buffer.allocUnsafeSlow(CHUNK),
        0,
        CHUNK,
        null,
      );
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } catch (error) {
    throw unreadable(file.path, error);
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

/** Node's error as ours. */
function unreadable(path: string, error: unknown): unknown {
  const { errno } = error as NodeJS.ErrnoException;
  return errno === undefined
    ? error
    : new SystemError({
        what: `read ${path}`,
        syscall: 'read',
        errno: errnoName(Math.abs(errno)),
        path,
      });
}
