/**
 * The symbols and relocations of a 32-bit little-endian ELF file, which bind.ts rewrites in place.
 * Source: elf(5).
 */
import { ElfFile } from './elf.js';

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
  /** True when the symbol's address is always the file's load address plus its value. */
  plain: boolean;
}

export interface Relocations {
  /** Offset in the file. */
  at: number;
  count: number;
}

export interface Relocation {
  /** The address of the word to relocate. */
  place: number;
  type: number;
  symbol: number;
}

export class DynamicFile {
  readonly symbols: readonly DynamicSymbol[];
  readonly relocations: Relocations | null;
  readonly pltRelocations: Relocations | null;
  readonly bindsNow: boolean;
  private readonly elf: ElfFile;

  /** @throws {Error} with one sentence when the bytes are no such file or are cut short. */
  constructor(
    private readonly bytes: Buffer,
    name: string,
  ) {
    this.elf = new ElfFile(bytes, name, 32);
    this.symbols = this.elf.whole(() => this.readSymbols());
    this.relocations = this.elf.whole(() => this.table(DT.REL, DT.RELSZ));
    this.pltRelocations = this.elf.whole(() => this.table(DT.JMPREL, DT.PLTRELSZ));
    this.bindsNow =
      (this.elf.value(DT.FLAGS) & DF_BIND_NOW) !== 0 ||
      (this.elf.value(DT.FLAGS_1) & DF_1_NOW) !== 0 ||
      this.elf.entries.some(({ tag }) => tag === DT.BIND_NOW);
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
  read = (address: number): number => this.bytes.readUInt32LE(this.elf.offsetOf(address));
  write = (address: number, value: number): void =>
    void this.bytes.writeUInt32LE(value, this.elf.offsetOf(address));

  /**
   * Moves relative relocations to the front and counts them (DT_RELCOUNT), so that the dynamic
   * linker can process them in a tight loop.
   */
  relativeFirst(type: number): void {
    const counted = this.elf.entries.find(({ tag }) => tag === DT.RELCOUNT);
    if (this.relocations === null || counted === undefined) return;
    const table = this.relocations;
    const all = Array.from({ length: table.count }, (_, index) => this.relocation(table, index));
    // They are sorted by address, so that the linker touches one page after the other.
    const relative = all.filter((each) => each.type === type).sort((a, b) => a.place - b.place);
    [...relative, ...all.filter((each) => each.type !== type)].forEach((each, index) =>
      this.setRelocation(table, index, each),
    );
    this.bytes.writeUInt32LE(relative.length, counted.at + 4);
  }

  private table(start: number, bytes: number): Relocations | null {
    const address = this.elf.value(start);
    return address === 0
      ? null
      : { at: this.elf.offsetOf(address), count: this.elf.value(bytes) / REL_BYTES };
  }

  /** The offset of a symbol's value in the file. */
  offsetOf({ value }: DynamicSymbol): number {
    return this.elf.offsetOf(value);
  }

  private readSymbols(): DynamicSymbol[] {
    const [table, strings] = [this.elf.value(DT.SYMTAB), this.elf.value(DT.STRTAB)];
    if (table === 0 || strings === 0) return [];
    const [at, names] = [this.elf.offsetOf(table), this.elf.offsetOf(strings)];
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

  /**
   * The dynamic section does not give the number of symbols, so we derive it from the hash tables.
   */
  private symbolCount(): number {
    const old = this.elf.value(DT.HASH);
    if (old !== 0) return this.read(old + 4);
    const gnu = this.elf.value(DT.GNU_HASH);
    if (gnu === 0) return 0;
    const [buckets, first, bloom] = [this.read(gnu), this.read(gnu + 4), this.read(gnu + 8)];
    const table = gnu + 16 + bloom * 4;
    let last = 0;
    for (let bucket = 0; bucket < buckets; bucket++)
      last = Math.max(last, this.read(table + bucket * 4));
    if (last < first) return first;
    // An odd hash ends a chain.
    while ((this.read(table + buckets * 4 + (last - first) * 4) & 1) === 0) last++;
    return last + 1;
  }
}
