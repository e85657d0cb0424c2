/**
 * The dynamic section of a 32-bit little-endian ELF file: its symbols and its relocations, to be
 * read and rewritten in place. Source: elf(5).
 */
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT = {
  HASH: 4,
  STRTAB: 5,
  SYMTAB: 6,
  REL: 17,
  RELSZ: 18,
  JMPREL: 23,
  PLTRELSZ: 2,
  FLAGS: 30,
  FLAGS_1: 0x6ffffffb,
  BIND_NOW: 24,
  RELCOUNT: 0x6ffffffa,
  GNU_HASH: 0x6ffffef5,
} as const;
const DF_BIND_NOW = 8;
const DF_1_NOW = 1;
const SYM_BYTES = 16;
const REL_BYTES = 8;
const STT = { TLS: 6, GNU_IFUNC: 10 } as const;
const SHN_ABS = 0xfff1;

export interface DynamicSymbol {
  name: string;
  value: number;
  defined: boolean;
  /**
   * Its address is where the file is loaded plus its value, and nothing decides otherwise while
   * loading.
   */
  plain: boolean;
}

export interface Relocations {
  /** Offset in the file. */
  at: number;
  count: number;
}

export interface Relocation {
  /** Address of the word that is relocated. */
  place: number;
  type: number;
  symbol: number;
}

export class DynamicFile {
  readonly symbols: DynamicSymbol[];
  readonly relocations: Relocations | null;
  readonly pltRelocations: Relocations | null;
  readonly bindsNow: boolean;
  private readonly segments: { type: number; offset: number; address: number; size: number }[];
  private readonly entries: { tag: number; value: number; at: number }[] = [];

  /** @throws {Error} with one sentence for what is no such file, or is cut short. */
  constructor(
    private readonly bytes: Buffer,
    name: string,
  ) {
    if (
      bytes.length < 52 ||
      bytes.readUInt32BE(0) !== 0x7f454c46 ||
      bytes[4] !== 1 ||
      bytes[5] !== 1
    )
      throw new Error(`${name} is not a 32-bit little-endian ELF file`);
    try {
      const [table, size, count] = [
        bytes.readUInt32LE(28),
        bytes.readUInt16LE(42),
        bytes.readUInt16LE(44),
      ];
      this.segments = Array.from({ length: count }, (_, index) => {
        const at = table + index * size;
        return {
          type: bytes.readUInt32LE(at),
          offset: bytes.readUInt32LE(at + 4),
          address: bytes.readUInt32LE(at + 8),
          size: bytes.readUInt32LE(at + 16),
        };
      });
      const dynamic = this.segments.find(({ type }) => type === PT_DYNAMIC);
      for (
        let at = dynamic?.offset ?? 0;
        dynamic !== undefined && at < dynamic.offset + dynamic.size;
        at += 8
      )
        this.entries.push({ tag: bytes.readUInt32LE(at), value: bytes.readUInt32LE(at + 4), at });
      this.symbols = this.readSymbols();
      this.relocations = this.table(DT.REL, DT.RELSZ);
      this.pltRelocations = this.table(DT.JMPREL, DT.PLTRELSZ);
      this.bindsNow =
        (this.value(DT.FLAGS) & DF_BIND_NOW) !== 0 ||
        (this.value(DT.FLAGS_1) & DF_1_NOW) !== 0 ||
        this.entries.some(({ tag }) => tag === DT.BIND_NOW);
    } catch (error) {
      if (error instanceof RangeError)
        throw new Error(`${name} is an ELF file that is cut short or damaged: ${error.message}`);
      throw error;
    }
  }

  relocation({ at, count }: Relocations, index: number): Relocation {
    if (index >= count) throw new RangeError('no such relocation');
    const info = this.bytes.readUInt32LE(at + index * REL_BYTES + 4);
    return {
      place: this.bytes.readUInt32LE(at + index * REL_BYTES),
      type: info & 0xff,
      symbol: info >>> 8,
    };
  }

  setRelocation({ at }: Relocations, index: number, { place, type, symbol }: Relocation): void {
    this.bytes.writeUInt32LE(place, at + index * REL_BYTES);
    this.bytes.writeUInt32LE(((symbol << 8) | type) >>> 0, at + index * REL_BYTES + 4);
  }

  /** The word at an address. */
  read = (address: number): number => this.bytes.readUInt32LE(this.offsetOf(address));
  write = (address: number, value: number): void =>
    void this.bytes.writeUInt32LE(value, this.offsetOf(address));

  /**
   * The dynamic linker goes through relative relocations in a tight loop, where they come first and
   * are counted (DT_RELCOUNT).
   */
  relativeFirst(type: number): void {
    const counted = this.entries.find(({ tag }) => tag === DT.RELCOUNT);
    if (this.relocations === null || counted === undefined) return;
    const table = this.relocations;
    const all = Array.from({ length: table.count }, (_, index) => this.relocation(table, index));
    // By address, for one page after the other.
    const relative = all.filter((each) => each.type === type).sort((a, b) => a.place - b.place);
    [...relative, ...all.filter((each) => each.type !== type)].forEach((each, index) =>
      this.setRelocation(table, index, each),
    );
    this.bytes.writeUInt32LE(relative.length, counted.at + 4);
  }

  private value(tag: number): number {
    return this.entries.find((entry) => entry.tag === tag)?.value ?? 0;
  }

  private table(start: number, bytes: number): Relocations | null {
    const address = this.value(start);
    return address === 0
      ? null
      : { at: this.offsetOf(address), count: this.value(bytes) / REL_BYTES };
  }

  /**
   * Addresses in the dynamic section are those in memory. @throws {RangeError} for one that is not
   * in the file.
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

  private readSymbols(): DynamicSymbol[] {
    const [table, strings] = [this.value(DT.SYMTAB), this.value(DT.STRTAB)];
    if (table === 0 || strings === 0) return [];
    const [at, names] = [this.offsetOf(table), this.offsetOf(strings)];
    return Array.from({ length: this.symbolCount() }, (_, index) => {
      const symbol = at + index * SYM_BYTES;
      const [name, value, info, section] = [
        this.bytes.readUInt32LE(symbol),
        this.bytes.readUInt32LE(symbol + 4),
        this.bytes[symbol + 12]!,
        this.bytes.readUInt16LE(symbol + 14),
      ];
      const end = this.bytes.indexOf(0, names + name);
      const kind = info & 0xf;
      const defined = section !== 0;
      return {
        name: this.bytes.toString('latin1', names + name, end),
        value,
        defined,
        plain: defined && section !== SHN_ABS && kind !== STT.TLS && kind !== STT.GNU_IFUNC,
      };
    });
  }

  /** No entry tells how many there are; the hash tables do. */
  private symbolCount(): number {
    const old = this.value(DT.HASH);
    if (old !== 0) return this.read(old + 4);
    const gnu = this.value(DT.GNU_HASH);
    if (gnu === 0) return 0;
    const [buckets, first, bloom] = [this.read(gnu), this.read(gnu + 4), this.read(gnu + 8)];
    const table = gnu + 16 + bloom * 4;
    let last = 0;
    for (let bucket = 0; bucket < buckets; bucket++)
      last = Math.max(last, this.read(table + bucket * 4));
    if (last < first) return first;
    // A chain ends with an odd hash.
    while ((this.read(table + buckets * 4 + (last - first) * 4) & 1) === 0) last++;
    return last + 1;
  }
}
