/** What the dynamic linker looks at in an ELF file (elf(5)). */
export interface Elf {
  /** PT_INTERP: the program's dynamic linker, an absolute path. */
  interpreter: string | null;
  soname: string | null;
  needed: string[];
}

const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_INTERP = 3;
const DT_NEEDED = 1;
const DT_STRTAB = 5;
const DT_SONAME = 14;

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
}

function text(bytes: Buffer, offset: number): string {
  const end = bytes.indexOf(0, offset);
  return bytes.toString('utf8', offset, end < 0 ? bytes.length : end);
}

/**
 * @throws {Error} with one sentence when the bytes are no little-endian ELF file, or are cut short.
 */
export function parseElf(bytes: Buffer, name: string): Elf {
  if (bytes.length < 52 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[5] !== 1)
    throw new Error(`${name} is not a little-endian ELF file`);
  try {
    return parse(bytes, bytes[4] === 2);
  } catch (error) {
    if (error instanceof RangeError)
      throw new Error(`${name} is an ELF file that is cut short or damaged: ${error.message}`);
    throw error;
  }
}

function parse(bytes: Buffer, wide: boolean): Elf {
  const word = (offset: number): number =>
    wide ? Number(bytes.readBigUInt64LE(offset)) : bytes.readUInt32LE(offset);
  const table = word(wide ? 32 : 28);
  const size = bytes.readUInt16LE(wide ? 54 : 42);
  const count = bytes.readUInt16LE(wide ? 56 : 44);
  const segments = Array.from({ length: count }, (_, index): Segment => {
    const at = table + index * size;
    return wide
      ? {
          type: bytes.readUInt32LE(at),
          offset: word(at + 8),
          address: word(at + 16),
          size: word(at + 32),
        }
      : {
          type: bytes.readUInt32LE(at),
          offset: word(at + 4),
          address: word(at + 8),
          size: word(at + 16),
        };
  });
  const interpreter = segments.find(({ type }) => type === PT_INTERP);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  const entries: [tag: number, value: number][] = [];
  const step = wide ? 8 : 4;
  if (dynamic)
    for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 2 * step)
      entries.push([word(at), word(at + step)]);
  const strings = fileOffset(segments, entries.find(([tag]) => tag === DT_STRTAB)?.[1] ?? 0);
  const names = (wanted: number): string[] =>
    entries.filter(([tag]) => tag === wanted).map(([, value]) => text(bytes, strings + value));
  return {
    interpreter: interpreter ? text(bytes, interpreter.offset) : null,
    soname: names(DT_SONAME)[0] ?? null,
    needed: names(DT_NEEDED),
  };
}

/** Addresses in the dynamic section are those in memory. */
function fileOffset(segments: readonly Segment[], address: number): number {
  const segment = segments.find(
    (each) =>
      each.type === PT_LOAD && address >= each.address && address < each.address + each.size,
  );
  return segment ? address - segment.address + segment.offset : address;
}
