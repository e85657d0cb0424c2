import {
  HEADER_BYTES,
  PATH_MAX,
  TRAILER,
  afterName,
  decodeHeader,
  type CpioHeader,
} from './cpio.js';
import { S_IFMT, TYPES } from './member.js';
import { kernelMessage, type LeftOut, type RamdiskFault } from './ramdisk-problem.js';

/** Receives the content of an archive while it is read. */
export interface Sink {
  /**
   * A member whose name (and, for a symlink, target) has been read. Returns false if it cannot be
   * made. Its data are then skipped, as in the kernel.
   */
  member(header: CpioHeader, name: Buffer, target: Buffer | null): boolean;
  /** Data of the last member, in pieces. */
  data(bytes: Buffer): void;
  /** The last member has all its data. */
  complete(): void;
  /** The archive ends. Hard links do not reach into the next archive. */
  trailer(): void;
  /** A member that the kernel leaves out without a message, and the reason. */
  passedOver(header: CpioHeader, why: LeftOut): void;
}

/** The states of init/initramfs.c (6.1), under their names there. */
type State =
  'start' | 'collect' | 'gotHeader' | 'skipIt' | 'gotName' | 'copyFile' | 'gotSymlink' | 'reset';

/**
 * The fault and the kernel's message. It is the kernel's first complaint and ends the unpacking.
 */
export interface CpioComplaint {
  fault: RamdiskFault;
  says: string;
  /** The offset in the current part. */
  at: number;
}

/**
 * The rules for members that the kernel leaves out, in its order. The first that matches counts.
 */
const LEAVES_OUT: readonly {
  when: (header: CpioHeader) => boolean;
  why: (header: CpioHeader) => LeftOut;
}[] = [
  { when: ({ nameLength }) => nameLength <= 0, why: () => ({ code: 'no-name' }) },
  {
    when: ({ nameLength }) => nameLength > PATH_MAX,
    why: ({ nameLength }) => ({ code: 'long-name', bytes: nameLength }),
  },
  {
    when: (header) => isOf('symlink', header) && header.size > PATH_MAX,
    why: ({ size }) => ({ code: 'long-target', bytes: size }),
  },
  {
    when: (header) => !isOf('symlink', header) && !isOf('file', header) && header.size > 0,
    why: ({ size }) => ({ code: 'data-of-no-file', bytes: size }),
  },
];

const isOf = (kind: keyof typeof TYPES, { mode }: CpioHeader): boolean =>
  (mode & S_IFMT) === TYPES[kind];

/**
 * The state machine with which the kernel reads a cpio (init/initramfs.c: write_buffer and its
 * actions), with its messages. It shows which members the kernel would take, and where it would
 * stop. The caller pushes bytes as they come.
 */
export class CpioMachine {
  complaint: CpioComplaint | null = null;
  /** Bytes of the current part so far. Headers are aligned to them. */
  at = 0;
  /** The offset of the last member in the part. */
  began = 0;
  state: State = 'start';

  /**
   * The item that is being read, the bytes that the machine has of it, and the bytes that are
   * missing.
   */
  #input: Buffer = EMPTY;
  #used = 0;
  #left = 0;

  #collected: Buffer[] = [];
  #afterCollect: State = 'start';
  #afterSkip: State = 'start';
  /** The offset of the next member. */
  #next = 0;
  #header: CpioHeader = decodeHeader(Buffer.alloc(HEADER_BYTES));
  /** The sum of the data so far; null for the form without checksums. */
  #sum: number | null = null;

  constructor(private readonly sink: Sink) {}

  /**
   * Each action returns true if the machine stops, because its input is used up or because it
   * complains.
   */
  readonly #actions: Record<State, () => boolean> = {
    start: () => {
      this.began = this.at;
      return this.#collect(HEADER_BYTES, 'gotHeader');
    },
    collect: () => {
      const part = this.#take(this.#left);
      this.#collected.push(Buffer.from(part));
      this.#left -= part.length;
      if (this.#left > 0) return true;
      this.state = this.#afterCollect;
      return false;
    },
    gotHeader: () => this.#gotHeader(Buffer.concat(this.#collected)),
    skipIt: () => {
      this.#take(this.#next - this.at);
      if (this.at < this.#next) return true;
      this.state = this.#afterSkip;
      return false;
    },
    gotName: () => this.#gotName(Buffer.concat(this.#collected)),
    copyFile: () => this.#copyFile(this.#take(this.#left)),
    gotSymlink: () => this.#gotSymlink(Buffer.concat(this.#collected)),
    reset: () => {
      while (this.#input[this.#used] === 0) this.#take(1);
      if (this.#used < this.#input.length && (this.at & 3) !== 0)
        this.complain({ code: 'broken-padding' });
      return true;
    },
  };

  /** @param says for a fault of the compression: the message of the kernel's decompressor. */
  complain(fault: RamdiskFault, at = this.at, says = kernelMessage(fault)): true {
    this.complaint ??= { fault, says: says!, at };
    return true;
  }

  /**
   * Whether a member has begun and not ended. The kernel does not notice when the archive ends
   * there.
   */
  get inside(): boolean {
    return (
      this.state === 'copyFile' ||
      this.state === 'collect' ||
      (this.state === 'skipIt' && this.at < this.#next)
    );
  }

  /**
   * Takes bytes and returns their number. It takes fewer at the end of an archive or at a fault.
   */
  write(bytes: Buffer): number {
    [this.#input, this.#used] = [bytes, 0];
    while (!this.#actions[this.state]());
    this.#input = EMPTY;
    return this.#used;
  }

  /** Up to `count` bytes of the input. */
  #take(count: number): Buffer {
    const taken = this.#input.subarray(this.#used, this.#used + count);
    this.#used += taken.length;
    this.at += taken.length;
    return taken;
  }

  #collect(length: number, after: State): false {
    [this.#collected, this.#left, this.#afterCollect, this.state] = [[], length, after, 'collect'];
    return false;
  }

  /** Goes to what follows the member, and from there to `after`. */
  #skip(after: State): void {
    [this.state, this.#afterSkip] = ['skipIt', after];
  }

  #gotHeader(bytes: Buffer): boolean {
    const magic = bytes.toString('latin1', 0, 6);
    if (magic === '070707') return this.complain({ code: 'old-portable-format' }, this.began);
    if (magic !== '070701' && magic !== '070702')
      return this.complain({ code: 'no-magic' }, this.began);
    const header = decodeHeader(bytes);
    const { nameLength, size } = header;
    this.#header = header;
    this.#sum = magic === '070702' ? 0 : null;
    // Sizes go up to 4 GiB, so we use no bit operations.
    this.#next = Math.ceil((this.at + afterName(nameLength) + size) / 4) * 4;
    this.#skip('start');
    const out = LEAVES_OUT.find(({ when }) => when(header));
    if (out !== undefined) this.sink.passedOver(header, out.why(header));
    else if (isOf('symlink', header)) this.#collect(afterName(nameLength) + size, 'gotSymlink');
    else this.#collect(afterName(nameLength), 'gotName');
    return false;
  }

  #gotSymlink(body: Buffer): boolean {
    const { nameLength, size } = this.#header;
    if (body[nameLength - 1] !== 0) return this.complain({ code: 'name-without-end' }, this.began);
    const from = afterName(nameLength);
    // The kernel reads both as C strings, which end at the first NUL.
    const name = upToNul(body.subarray(0, nameLength));
    this.sink.member(this.#header, name, upToNul(body.subarray(from, from + size)));
    this.#skip('reset');
    return false;
  }

  #gotName(collected: Buffer): boolean {
    const { nameLength, size } = this.#header;
    if (collected[nameLength - 1] !== 0)
      return this.complain({ code: 'name-without-end' }, this.began);
    this.#skip('reset');
    const name = upToNul(collected.subarray(0, nameLength));
    if (name.toString('latin1') === TRAILER) this.sink.trailer();
    else if (this.sink.member(this.#header, name, null) && isOf('file', this.#header))
      [this.#left, this.state] = [size, 'copyFile'];
    return false;
  }

  #copyFile(bytes: Buffer): boolean {
    if (bytes.length > 0) this.sink.data(bytes);
    if (this.#sum !== null) for (const byte of bytes) this.#sum = (this.#sum + byte) >>> 0;
    this.#left -= bytes.length;
    if (this.#left > 0) return true;
    this.sink.complete();
    this.#skip('reset');
    return this.#sum === null || this.#sum === this.#header.checksum
      ? false
      : this.complain({ code: 'wrong-checksum' }, this.began);
  }
}

const EMPTY = Buffer.alloc(0);

function upToNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
