import {
  HEADER_BYTES,
  PATH_MAX,
  TRAILER,
  afterName,
  decodeHeader,
  type CpioHeader,
} from './cpio.js';
import { S_IFMT, TYPES } from './member.js';

/** Who is told of what an archive holds, as it comes. */
export interface Sink {
  /**
   * A member whose name (and, for a symlink, target) has been read. Returns false for one that
   * cannot be made, whose data are then passed over, as the kernel does.
   */
  member(header: CpioHeader, name: Buffer, target: Buffer | null): boolean;
  /** Data of the last member, in pieces. */
  data(bytes: Buffer): void;
  /** All of them have come. */
  complete(): void;
  /** The archive's end: names of hard links do not reach over it. */
  trailer(): void;
  /** A member that the kernel leaves out without a word, and why. */
  passedOver(header: CpioHeader, why: string): void;
}

/**
 * The state machine with which the kernel reads a cpio (init/initramfs.c of 6.1: write_buffer and
 * its actions), with its messages: what it would take, and where it would stop. Bytes are pushed as
 * they come.
 */
export class CpioMachine {
  /** The kernel's first complaint, which ends it. */
  message: string | null = null;
  /** Bytes of the current part so far, by which headers are aligned. */
  at = 0;
  /** Where in it the last member began, and where the fault is. */
  began = 0;
  faultAt = 0;
  state: 'start' | 'collect' | 'skip' | 'copy' | 'reset' = 'start';
  #parts: Buffer[] = [];
  #left = 0;
  #then: (collected: Buffer) => void = () => {};
  #next = 0;
  #afterSkip: 'start' | 'reset' = 'start';
  #sum = 0;
  #expected: number | null = null;

  constructor(private readonly sink: Sink) {}

  complain(message: string, at = this.at): void {
    if (this.message !== null) return;
    [this.message, this.faultAt] = [message, at];
  }

  /**
   * Whether a member has begun and not ended. The kernel does not notice when the archive ends
   * there.
   */
  get inside(): boolean {
    return (
      this.state === 'copy' ||
      this.state === 'collect' ||
      (this.state === 'skip' && this.at < this.#next)
    );
  }

  /**
   * Takes bytes and returns how many: fewer than there are where an archive ends, or something is
   * wrong.
   */
  write(bytes: Buffer): number {
    let used = 0;
    const take = (count: number): Buffer => {
      const taken = bytes.subarray(used, used + count);
      used += taken.length;
      this.at += taken.length;
      return taken;
    };
    for (;;) {
      const there = bytes.length - used;
      if (this.state === 'start') {
        this.began = this.at;
        this.#collect(HEADER_BYTES, (header) => this.#header(header));
      } else if (this.state === 'collect') {
        const part = take(Math.min(there, this.#left));
        this.#parts.push(Buffer.from(part));
        this.#left -= part.length;
        if (this.#left > 0) return used;
        this.#then(Buffer.concat(this.#parts));
        if (this.message !== null) return used;
      } else if (this.state === 'skip') {
        take(Math.min(there, this.#next - this.at));
        if (this.at < this.#next) return used;
        this.state = this.#afterSkip;
      } else if (this.state === 'copy') {
        this.#copy(take(Math.min(there, this.#left)));
        if (this.#left > 0 || this.message !== null) return used;
      } else {
        while (used < bytes.length && bytes[used] === 0) take(1);
        if (used < bytes.length && (this.at & 3) !== 0) this.complain('broken padding');
        return used;
      }
    }
  }

  #collect(length: number, then: (collected: Buffer) => void): void {
    [this.#parts, this.#left, this.#then, this.state] = [[], length, then, 'collect'];
  }

  #header(bytes: Buffer): void {
    const magic = bytes.toString('latin1', 0, 6);
    if (magic !== '070701' && magic !== '070702')
      return this.complain(
        magic === '070707' ? 'incorrect cpio method used: use -H newc option' : 'no cpio magic',
        this.began,
      );
    const header = decodeHeader(bytes);
    const { nameLength, size, mode } = header;
    this.#expected = magic === '070702' ? header.checksum : null;
    // No bit operations: sizes go up to 4 GiB.
    this.#next = Math.ceil((this.at + afterName(nameLength) + size) / 4) * 4;
    [this.state, this.#afterSkip] = ['skip', 'start'];
    const type = mode & S_IFMT;
    if (nameLength <= 0 || nameLength > PATH_MAX)
      this.sink.passedOver(
        header,
        nameLength <= 0
          ? 'it has no name'
          : `its name has ${nameLength} bytes, more than ${PATH_MAX}`,
      );
    else if (type === TYPES.symlink && size > PATH_MAX)
      this.sink.passedOver(header, `its target has ${size} bytes, more than ${PATH_MAX}`);
    else if (type === TYPES.symlink)
      this.#collect(afterName(nameLength) + size, (body) => this.#symlink(header, body));
    else if (type === TYPES.file || size === 0)
      this.#collect(afterName(nameLength), (name) => this.#name(header, name));
    else this.sink.passedOver(header, `it has ${size} bytes of data, and is no file`);
  }

  #symlink(header: CpioHeader, body: Buffer): void {
    const { nameLength, size } = header;
    if (body[nameLength - 1] !== 0) return this.complain('malformed archive', this.began);
    const from = afterName(nameLength);
    // To the kernel both are C strings, which end at the first NUL.
    this.sink.member(
      header,
      upToNul(body.subarray(0, nameLength)),
      upToNul(body.subarray(from, from + size)),
    );
    [this.state, this.#afterSkip] = ['skip', 'reset'];
  }

  #name(header: CpioHeader, collected: Buffer): void {
    [this.state, this.#afterSkip] = ['skip', 'reset'];
    const { nameLength, size, mode } = header;
    if (collected[nameLength - 1] !== 0) return this.complain('malformed archive', this.began);
    const name = upToNul(collected.subarray(0, nameLength));
    if (name.toString('latin1') === TRAILER) return this.sink.trailer();
    if (!this.sink.member(header, name, null) || (mode & S_IFMT) !== TYPES.file) return;
    [this.#left, this.state, this.#sum] = [size, 'copy', 0];
    if (size === 0) this.#copy(Buffer.alloc(0));
  }

  #copy(bytes: Buffer): void {
    if (bytes.length > 0) this.sink.data(bytes);
    if (this.#expected !== null) for (const byte of bytes) this.#sum = (this.#sum + byte) >>> 0;
    this.#left -= bytes.length;
    if (this.#left > 0) return;
    this.sink.complete();
    if (this.#expected !== null && this.#sum !== this.#expected)
      this.complain('bad data checksum', this.began);
    this.state = 'skip';
  }
}

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
