/** The parts of an ELF file that the dynamic linker reads first. Source: elf(5). */

/** A program's or a library's requests to the dynamic linker. */
export interface Elf {
  /** PT_INTERP: the program's dynamic linker, an absolute path. */
  interpreter: string | null;
  soname: string | null;
  needed: string[];
}

interface Segment {
  type: number;
  /** Offset in the file. */
  offset: number;
  /** Address in memory. */
  address: number;
  size: number;
}

/** An entry of the dynamic section. `at` is its offset in the file. */
interface DynamicEntry {
  tag: number;
  value: number;
  at: number;
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;

/** The layout of fields: offsets in the ELF header, and in an entry of the program header. */
const LAYOUTS = {
  32: { word: 4, table: 28, size: 42, count: 44, offset: 4, address: 8, bytes: 16 },
  64: { word: 8, table: 32, size: 54, count: 56, offset: 8, address: 16, bytes: 32 },
} as const;

/** The program header and the dynamic section of a little-endian ELF file. */
export class ElfFile {
  readonly bits: 32 | 64;
  readonly segments: readonly Segment[];
  readonly entries: readonly DynamicEntry[];

  /** @throws {Error} with one sentence when the bytes are no such file or are cut short. */
  constructor(
    readonly bytes: Buffer,
    readonly name: string,
    only: 32 | null = null,
  ) {
    this.bits = bytes[4] === 2 ? 64 : 32;
    const isElf = bytes.length >= 52 && bytes.readUInt32BE(0) === 0x7f454c46 && bytes[5] === 1;
    if (!isElf || (only !== null && this.bits !== only))
      throw new Error(`${name} is not a ${only === null ? '' : '32-bit '}little-endian ELF file`);
    this.segments = this.whole(() => this.readSegments());
    this.entries = this.whole(() => this.readEntries());
  }

  /** Runs a reader of the file. @throws {Error} with one sentence when the file is cut short. */
  whole<Result>(read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Error(
        `${this.name} is an ELF file that is cut short or damaged: ${error.message}`,
        { cause: error },
      );
    }
  }

  /** The value of the first entry with this tag; 0 without one. */
  value(tag: number): number {
    return this.entries.find((entry) => entry.tag === tag)?.value ?? 0;
  }

  /**
   * Converts an address in memory, as the dynamic section has them, to an offset in the file.
   * @throws {RangeError} when the file does not hold the address.
   */
  offsetOf(address: number): number {
    const segment = this.segments.find(
      (each) =>
        each.type === PT_LOAD && address >= each.address && address < each.address + each.size,
    );
    if (segment === undefined)
      throw new RangeError(`address 0x${address.toString(16)} lies in no segment`);
    return address - segment.address + segment.offset;
  }

  /** The string at an offset in the file. */
  text(offset: number): string {
    const end = this.bytes.indexOf(0, offset);
    return this.bytes.toString('utf8', offset, end < 0 ? this.bytes.length : end);
  }

  segment(type: number): Segment | undefined {
    return this.segments.find((each) => each.type === type);
  }

  private word(offset: number): number {
    return this.bits === 64
      ? Number(this.bytes.readBigUInt64LE(offset))
      : this.bytes.readUInt32LE(offset);
  }

  private readSegments(): Segment[] {
    const layout = LAYOUTS[this.bits];
    const table = this.word(layout.table);
    const size = this.bytes.readUInt16LE(layout.size);
    return Array.from({ length: this.bytes.readUInt16LE(layout.count) }, (_, index): Segment => {
      const at = table + index * size;
      return {
        type: this.bytes.readUInt32LE(at),
        offset: this.word(at + layout.offset),
        address: this.word(at + layout.address),
        size: this.word(at + layout.bytes),
      };
    });
  }

  private readEntries(): DynamicEntry[] {
    const dynamic = this.segment(PT_DYNAMIC);
    if (dynamic === undefined) return [];
    const { word } = LAYOUTS[this.bits];
    return Array.from({ length: Math.floor(dynamic.size / (2 * word)) }, (_, index) => {
      const at = dynamic.offset + index * 2 * word;
      return { tag: this.word(at), value: this.word(at + word), at };
    });
  }
}

/**
 * @throws {Error} with one sentence when the bytes are no little-endian ELF file or are cut short.
 */
export function parseElf(bytes: Buffer, name: string): Elf {
  const file = new ElfFile(bytes, name);
  return file.whole(() => {
    const interpreter = file.segment(PT_INTERP);
    const names = (wanted: number): string[] =>
      file.entries
        .filter(({ tag }) => tag === wanted)
        .map(({ value }) => file.text(file.offsetOf(file.value(DT_STRTAB)) + value));
    return {
      interpreter: interpreter ? file.text(interpreter.offset) : null,
      soname: names(DT_SONAME)[0] ?? null,
      needed: names(DT_NEEDED),
    };
  });
}
