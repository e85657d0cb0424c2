/**
 * Reads a ramdisk as the kernel does (init/initramfs.c: unpack_to_rootfs): a series of archives
 * with zeros between them, each compressed separately or not at all.
 */
import type { CodecProblem } from './codec-problem.js';
import { CompressionError, decompress } from './compression.js';
import { CpioMachine, type Sink } from './cpio-machine.js';
import { KernelTree, type MemberPlace } from './kernel-tree.js';
import { FOREIGN_BYTES, foreignFormat } from './foreign.js';
import { methodOf, type Method } from './method.js';
import type { RamdiskFault, RamdiskProblem } from './ramdisk-problem.js';
import type { ByteSource } from './source.js';
import { RAMDISK_LIMITS } from '../text/input-limits.js';

/**
 * A stretch of a ramdisk: an archive by itself, or a compressed stream with one or more archives in
 * it.
 */
export interface Part {
  /** Its offset in the file, and its length there in bytes. */
  offset: number;
  bytes: number;
  method: Method | 'none';
  /** Bytes of cpio in it. */
  unpacked: number;
  members: number;
}

export interface RamdiskReading {
  /** False for a method that the kernel was built without. */
  configured?: (method: Method) => boolean;
  onPart?: (part: Part) => void;
  onProblem?: (problem: RamdiskProblem) => void;
  /** Is called at the end if there are too many names to find all that the kernel leaves out. */
  onUnchecked?: () => void;
  /** Is called between two pieces. Reading stops when it returns true. */
  enough?: () => boolean;
}

/** A limit, because a hostile archive may have any number of members that are left out. */
const LEFT_OUT_TOLD = 20;

/** The digit with which a cpio header begins. */
const DIGIT_0 = 0x30;

/**
 * Classifies a stretch by its first byte and its place; the first row that matches counts. The
 * kernel does this after it has read the previous stretch.
 */
const STRETCHES: readonly {
  when: (first: number, at: number) => boolean;
  read: (reader: RamdiskReader) => Promise<void>;
}[] = [
  { when: (first, at) => first === DIGIT_0 && at % 4 === 0, read: (reader) => reader.archive() },
  { when: (first) => first === 0, read: (reader) => reader.zeros() },
  { when: () => true, read: (reader) => reader.compressed() },
];

/**
 * The bytes that may follow an archive within a compressed part (flush_buffer); the first row that
 * matches counts.
 */
const BEHIND_ARCHIVE: readonly {
  when: (first: number) => boolean;
  then: (machine: CpioMachine) => void;
}[] = [
  { when: (first) => first === DIGIT_0, then: (machine) => void (machine.state = 'start') },
  { when: (first) => first === 0, then: (machine) => void (machine.state = 'reset') },
  { when: () => true, then: (machine) => void machine.complain({ code: 'junk-within' }) },
];

/** The faults at a ramdisk's end, which the kernel does not check. */
const ENDS: readonly { when: (reader: RamdiskReader) => boolean; fault: RamdiskFault }[] = [
  { when: ({ machine }) => machine.inside, fault: { code: 'ends-in-member' } },
  { when: ({ unended }) => unended, fault: { code: 'ends-without-trailer' } },
  { when: ({ found, length }) => !found && length > 0, fault: { code: 'nothing-but-zeros' } },
  { when: ({ found }) => !found, fault: { code: 'empty' } },
];

/**
 * Gives all members to the sink. The sink gets the members before a problem first, because they
 * stay unpacked in the kernel too.
 * @returns the kernel's complaint, or null.
 */
export async function readRamdisk(
  source: ByteSource,
  sink: Sink,
  reading: RamdiskReading = {},
): Promise<string | null> {
  return new RamdiskReader(source, sink, reading).run();
}

class RamdiskReader {
  readonly machine: CpioMachine;
  /** True if members came after the last trailer. */
  unended = false;
  /** True if an archive was read to its trailer, and none began after it. */
  get complete(): boolean {
    return this.trailers > 0 && !this.unended;
  }
  private trailers = 0;
  /** True if there was anything except zeros. */
  found = false;

  private readonly base: number;
  private readonly reading: Required<RamdiskReading>;
  /** null if nobody asks for problems. */
  private readonly tree: KernelTree | null;
  private members = 0;
  private parts = 0;
  private leftOut = 0;
  /** The offset of the compressed part that is being read. */
  private compressedAt: number | null = null;
  /** The archive that is being read uncompressed, until its trailer or something else comes. */
  private open: { offset: number; unpacked: number; members: number; ended: boolean } | null = null;

  constructor(
    private readonly source: ByteSource,
    sink: Sink,
    reading: RamdiskReading,
  ) {
    this.base = source.offset;
    this.reading = {
      configured: () => true,
      onPart: () => {},
      onProblem: () => {},
      onUnchecked: () => {},
      enough: () => false,
      ...reading,
    };
    this.tree = reading.onProblem === undefined ? null : new KernelTree();
    this.machine = new CpioMachine(this.watching(sink));
  }

  get length(): number {
    return this.source.offset - this.base;
  }

  async run(): Promise<string | null> {
    const { machine, source } = this;
    while (machine.complaint === null && !this.reading.enough()) {
      const [first] = await source.peek(1);
      if (first === undefined) break;
      this.found ||= first !== 0;
      await STRETCHES.find(({ when }) => when(first, machine.at))!.read(this);
    }
    this.close();
    this.judge();
    if (machine.complaint !== null) return machine.complaint.says;
    const end = this.reading.enough() ? undefined : ENDS.find(({ when }) => when(this));
    if (end !== undefined) this.unnoticed(source.offset, end.fault);
    return null;
  }

  /** An archive that is not compressed. */
  async archive(): Promise<void> {
    const { machine, source } = this;
    machine.state = 'start';
    const [before, counted] = [machine.at, this.members];
    // The kernel classifies the stretch again after each member, and so do we. An open archive
    // continues.
    const open = (this.open ??= { offset: source.offset, unpacked: 0, members: 0, ended: false });
    const beginsMember = (byte: number | undefined): boolean =>
      !open.ended && machine.complaint === null && byte === DIGIT_0 && machine.at % 4 === 0;
    for (let chunk; !this.reading.enough() && (chunk = await source.chunk()) !== null;) {
      let used = machine.write(chunk);
      for (; beginsMember(chunk[used]); used += machine.write(chunk.subarray(used)))
        machine.state = 'start';
      if (used === chunk.length && machine.complaint === null) continue;
      source.unread(chunk.subarray(used));
      break;
    }
    open.unpacked += machine.at - before;
    open.members += this.members - counted;
    if (open.ended) this.close();
    if (machine.complaint !== null) this.noticed(this.base + machine.complaint.at, null);
  }

  /** Reads many zeros at once, because they may fill the rest of a flash partition. */
  async zeros(): Promise<void> {
    const chunk = (await this.source.chunk())!;
    const end = chunk.findIndex((byte) => byte !== 0);
    if (end >= 0) this.source.unread(chunk.subarray(end));
    this.machine.at += end < 0 ? chunk.length : end;
  }

  /** A compressed part, or unknown data, which the kernel treats as one. */
  async compressed(): Promise<void> {
    this.close();
    const { machine, source } = this;
    if (++this.parts > RAMDISK_LIMITS.parts)
      throw new Error(
        `the ramdisk has more than ${RAMDISK_LIMITS.parts} compressed parts, which is the limit; ` +
          'no ramdisk has so many that is not made to take long',
      );
    const begin = source.offset;
    const [before, counted] = [machine.at, this.members];
    [machine.at, this.compressedAt] = [0, begin];
    const [first, second] = await source.peek(2);
    const method = methodOf(Buffer.from([first!, second ?? 0]));
    let [failed, entered]: [CompressionError | null, boolean] = [null, false];
    if (method === null)
      machine.complain(first === DIGIT_0 ? { code: 'unaligned' } : await this.unknown());
    else if (!this.reading.configured(method)) machine.complain({ code: 'not-configured', method });
    else [failed, entered] = [await this.unpack(method), true];
    if (method !== null)
      this.reading.onPart({
        offset: begin,
        bytes: source.offset - begin,
        method,
        unpacked: machine.at,
        members: this.members - counted,
      });
    if (machine.complaint !== null)
      this.noticed(
        failed?.offset ?? begin,
        entered && failed === null ? machine.complaint.at : null,
      );
    [machine.at, this.compressedAt] = [before + (source.offset - begin), null];
  }

  /** Data that the kernel does not know, behind an archive or not. */
  private async unknown(): Promise<RamdiskFault> {
    const at = this.source.offset;
    const foreign = foreignFormat(await this.source.peek(FOREIGN_BYTES));
    return this.complete
      ? { code: 'data-behind', foreign, at }
      : { code: 'unknown-magic', foreign };
  }

  /** Feeds the machine with a compressed part. @returns the fault of the compression. */
  private async unpack(method: Method): Promise<CompressionError | null> {
    const { machine, source } = this;
    let failed: CompressionError | null = null;
    const passes = (codec: CodecProblem): void =>
      this.unnoticed(source.offset, { code: 'stream-passed', codec });
    try {
      for await (const piece of decompress(method, source, passes)) {
        this.feed(piece);
        if (machine.complaint !== null || this.reading.enough()) return null;
      }
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error;
      failed = error;
      const { problem: codec, kernel, offset } = error;
      if (kernel === null) this.unnoticed(offset, { code: 'stream-cut', codec });
      else machine.complain({ code: 'stream-refused', codec }, machine.at, kernel);
    }
    if (machine.state !== 'reset')
      machine.complain({ code: 'junk-at-end', ...(failed && { codec: failed.problem }) });
    return failed;
  }

  private feed(piece: Buffer): void {
    const { machine } = this;
    for (let rest = piece; rest.length > 0 && machine.complaint === null;) {
      rest = rest.subarray(machine.write(rest));
      const [first] = rest;
      if (first === undefined || machine.complaint !== null) return;
      BEHIND_ARCHIVE.find(({ when }) => when(first))!.then(machine);
    }
  }

  /** Reports the archive that was read uncompressed. */
  private close(): void {
    if (this.open === null) return;
    const { offset, unpacked, members } = this.open;
    const bytes = this.source.offset - offset;
    this.reading.onPart({ offset, bytes, method: 'none', unpacked, members });
    this.open = null;
  }

  /** Reports what the kernel leaves out or puts together without a word. */
  private judge(): void {
    if (this.tree === null) return;
    for (const { offset, inside, fault } of this.tree.end()) this.unnoticed(offset, fault, inside);
    if (this.tree.unchecked) this.reading.onUnchecked();
  }

  /** Where the last member begins. */
  private get place(): MemberPlace {
    const { began } = this.machine;
    return this.compressedAt === null
      ? { offset: this.base + began, inside: null }
      : { offset: this.compressedAt, inside: began };
  }

  /** The machine's complaint, at which the kernel stops. */
  private noticed(offset: number, inside: number | null): void {
    const { fault, says } = this.machine.complaint!;
    this.reading.onProblem({ offset, inside, kernelSays: says, fault });
  }

  private unnoticed(offset: number, fault: RamdiskFault, inside: number | null = null): void {
    this.reading.onProblem({ offset, inside, kernelSays: null, fault });
  }

  /** Wraps the sink to record the facts about members that the reader needs. */
  private watching(sink: Sink): Sink {
    return {
      member: (...member) => {
        this.members++;
        this.unended = true;
        this.tree?.member(...member, this.place);
        return sink.member(...member);
      },
      data: (bytes) => {
        this.tree?.data(bytes);
        sink.data(bytes);
      },
      complete: () => {
        this.tree?.complete();
        sink.complete();
      },
      trailer: () => {
        if (this.open !== null) this.open.ended = true;
        this.unended = false;
        this.trailers++;
        this.tree?.trailer();
        sink.trailer();
      },
      passedOver: (header, why) => {
        const fault = { code: 'member-left-out', why } as const;
        const { offset, inside } = this.place;
        if (++this.leftOut <= LEFT_OUT_TOLD) this.unnoticed(offset, fault, inside);
        sink.passedOver(header, why);
      },
    };
  }
}
