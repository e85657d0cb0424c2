/**
 * Reads and writes ICU's data, and removes names from its index of locales, for icu.ts. The data is
 * one file with a table of contents and named items. Debian's libicudata has it as one symbol.
 *
 * Source: ICU's source/common/udata.h (UDataInfo), source/common/ucmndata.h (table of contents,
 * format "CmnD") and source/common/uresdata.h (resource bundles, "ResB"). This reads only
 * little-endian data, because the boards are little-endian.
 */
import { Failure } from '../lib/report.js';

export interface Item {
  /** `icudt78l/zone/en.res`: the name of the package, then a path in its tree. */
  name: string;
  bytes: Buffer;
}

export interface IcuData {
  /** Everything before the table of contents. */
  header: Buffer;
  /** Sorted by name, as the table requires. */
  items: Item[];
}

/** Items begin at multiples of this. */
const ALIGN = 16;

/**
 * Returns the offset of the body from a UDataInfo. It has the size of the header, two magic bytes,
 * the sizes and byte order of the data, and the name of ICU's format.
 */
function bodyOf(bytes: Buffer, format: string, name: string): number {
  if (
    bytes.length < 24 ||
    bytes[2] !== 0xda ||
    bytes[3] !== 0x27 ||
    bytes.toString('latin1', 12, 16) !== format ||
    bytes[8] !== 0
  )
    throw new Failure(`${name} is not ICU's little-endian data of the format ${format}`);
  return bytes.readUInt16LE(0);
}

/** @throws {Failure} with one sentence when the bytes are no such data or are cut short. */
export function readIcuData(bytes: Buffer, name: string): IcuData {
  const start = bodyOf(bytes, 'CmnD', name);
  try {
    const count = bytes.readUInt32LE(start);
    const entries = Array.from({ length: count }, (_, index) => {
      const [label, data] = [
        bytes.readUInt32LE(start + 4 + index * 8),
        bytes.readUInt32LE(start + 8 + index * 8),
      ];
      return {
        name: bytes.toString('latin1', start + label, bytes.indexOf(0, start + label)),
        at: start + data,
      };
    });
    const places = entries.map(({ at }) => at).sort((a, b) => a - b);
    const end = new Map(places.map((at, index) => [at, places[index + 1] ?? bytes.length]));
    return {
      header: bytes.subarray(0, start),
      items: entries.map(({ name: label, at }) => ({
        name: label,
        bytes: bytes.subarray(at, end.get(at)),
      })),
    };
  } catch (error) {
    if (error instanceof RangeError)
      throw new Failure(`${name} is ICU's data, and cut short or damaged: ${error.message}`);
    throw error;
  }
}

/** Writes the header, a table of contents and the items. */
export function writeIcuData({ header, items }: IcuData): Buffer {
  const padded = (size: number): number => Math.ceil(size / ALIGN) * ALIGN;
  const names = items.map(({ name }) => Buffer.from(`${name}\0`, 'latin1'));
  const labels = 4 + items.length * 8;
  const table = Buffer.alloc(
    padded(header.length + labels + names.reduce((sum, { length }) => sum + length, 0)) -
      header.length,
  );
  table.writeUInt32LE(items.length, 0);
  let [label, data] = [labels, table.length];
  const parts: Buffer[] = [header, table];
  for (const [index, { bytes }] of items.entries()) {
    table.writeUInt32LE(label, 4 + index * 8);
    table.writeUInt32LE(data, 8 + index * 8);
    label += names[index]!.copy(table, label);
    parts.push(bytes, Buffer.alloc(padded(bytes.length) - bytes.length));
    data += padded(bytes.length);
  }
  return Buffer.concat(parts);
}

/**
 * The first four bits of a resource give its type. Tables have 16-bit keys, and items of 32 bits
 * (TABLE) or 16 bits (TABLE16).
 */
const TABLE = 2;
const TABLE16 = 5;

/**
 * Removes locales from a copy of an index of locales (res_index.res). In each of its tables the
 * kept names move to the front, and the count is reduced. Otherwise a program would find languages
 * in the index that have no data.
 */
export function keepInIndex(index: Buffer, kept: (locale: string) => boolean): Buffer {
  const bytes = Buffer.from(index);
  const body = bodyOf(bytes, 'ResB', 'res_index.res');
  const word = (at: number): number => bytes.readUInt32LE(body + at * 4);
  const top = word(0);
  if (top >>> 28 !== TABLE)
    throw new Failure(
      `res_index.res has at its top a resource of type ${top >>> 28} where a table was ` +
        `expected; see whether ICU's format has changed`,
    );
  for (const each of tableAt(bytes, body + (top & 0xfff_ffff) * 4, true).entries) {
    const [type, offset] = [each.item >>> 28, each.item & 0xfff_ffff];
    // Offset 0 stands for an empty table.
    if ((type !== TABLE && type !== TABLE16) || offset === 0) continue;
    // The 16-bit units begin after the keys.
    const table = tableAt(
      bytes,
      type === TABLE ? body + offset * 4 : body + word(2) * 4 + offset * 2,
      type === TABLE,
    );
    table.replace(
      table.entries.filter(({ key }) =>
        kept(bytes.toString('latin1', body + key, bytes.indexOf(0, body + key))),
      ),
    );
  }
  return bytes;
}

interface Entry {
  /** The offset of the name, in bytes from the beginning of the body. */
  key: number;
  item: number;
}

/** Reads a table of resources: a count, the keys, and then the items, aligned to their size. */
function tableAt(
  bytes: Buffer,
  at: number,
  wide: boolean,
): { entries: Entry[]; replace(entries: readonly Entry[]): void } {
  const key = (place: number): number => at + 2 + place * 2;
  const item = (place: number, count: number): number =>
    wide ? key(count) + (count % 2 === 0 ? 2 : 0) + place * 4 : key(count + place);
  const count = bytes.readUInt16LE(at);
  return {
    entries: Array.from({ length: count }, (_, place) => ({
      key: bytes.readUInt16LE(key(place)),
      item: wide ? bytes.readUInt32LE(item(place, count)) : bytes.readUInt16LE(item(place, count)),
    })),
    replace(entries) {
      bytes.writeUInt16LE(entries.length, at);
      for (const [place, entry] of entries.entries()) {
        bytes.writeUInt16LE(entry.key, key(place));
        if (wide) bytes.writeUInt32LE(entry.item, item(place, entries.length));
        else bytes.writeUInt16LE(entry.item, item(place, entries.length));
      }
    },
  };
}
