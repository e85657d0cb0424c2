/** Reads any part of a boot image. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errnoName } from '../../system/errno.js';
import { SystemError } from '../../system/system-error.js';
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import { unnamedFile } from '../anonymous-file.js';
import { CHUNK, type ByteSource } from '../source.js';
import { Effort } from './effort.js';

interface Opened {
  /** A descriptor, or all bytes. */
  from: number | Buffer;
  /** For errors. */
  name: string;
  /** What reading it has cost so far. */
  effort: Effort;
}

export class BytesAt {
  readonly effort: Effort;

  constructor(
    private readonly file: Opened,
    /** Where it begins in the file. */
    readonly offset: number,
    readonly size: number,
  ) {
    this.effort = file.effort;
  }

  /** Fewer at the end. */
  read(at: number, length: number): Buffer {
    const count = Math.max(0, Math.min(length, this.size - at));
    const first = this.offset + at;
    this.effort.reads(count);
    const { from } = this.file;
    return typeof from === 'number'
      ? this.readFrom(from, first, count)
      : Buffer.from(from.subarray(first, first + count));
  }

  private readFrom(fd: number, first: number, count: number): Buffer {
    const room = Buffer.alloc(count);
    let done = 0;
    try {
      for (let got; done < room.length; done += got) {
        got = readSync(fd, room, done, room.length - done, first + done);
        if (got === 0) break;
      }
    } catch (error) {
      const errno = errnoName(Math.abs((error as NodeJS.ErrnoException).errno ?? 0));
      const { name: path } = this.file;
      const what = `read ${path}`;
      throw new SystemError({ what, syscall: 'read', errno, path });
    }
    return room.subarray(0, done);
  }

  /** A part of it, as far as it goes. */
  part(at: number, size: number): BytesAt {
    const from = Math.min(at, this.size);
    const length = Math.min(size, this.size - from);
    return new BytesAt(this.file, this.offset + from, length);
  }

  *chunks(): Generator<Buffer, void> {
    for (let at = 0; at < this.size; at += CHUNK) yield this.read(at, CHUNK);
  }
}

const whole = (from: number | Buffer, size: number, name: string): BytesAt =>
  new BytesAt({ from, name, effort: new Effort(size) }, 0, size);

/** Bytes of a pipe that are kept in memory. */
const SMALL = 1 << 20;

async function* restOf(source: ByteSource): AsyncGenerator<Buffer, void> {
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}

/**
 * All bytes of a source, at any place. A long pipe is kept in a file without a name. The source
 * closes it.
 */
export async function bytesAtOf(source: ByteSource): Promise<BytesAt> {
  const name = source.file?.toString() ?? 'standard input';
  const base = source.offset;
  if (source.file !== null && base === 0) {
    const fd = openSync(source.file, 'r');
    source.onClose(() => closeSync(fd));
    const stat = fstatSync(fd);
    if (stat.isFile()) return whole(fd, stat.size, name);
  }
  const first = await source.peek(SMALL + 1);
  if (first.length <= SMALL) return whole(first, first.length, name);
  const fd = await unnamedFile(name, restOf(source), RAMDISK_LIMITS.bytes);
  source.onClose(() => closeSync(fd));
  return whole(fd, fstatSync(fd).size, name);
}
