/** Small boot images byte by byte, independent of our readers. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const up = (size: number, to: number): number => Math.ceil(size / to) * to;
const padded = (bytes: Buffer, to: number): Buffer =>
  Buffer.concat([bytes, Buffer.alloc(up(bytes.length, to) - bytes.length)]);

function header(size: number, magic: string, words: Record<number, number>): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.write(magic, 'latin1');
  for (const [at, value] of Object.entries(words)) bytes.writeUInt32LE(value, Number(at));
  return bytes;
}

export interface Android {
  version: 0 | 1 | 2 | 3 | 4;
  kernel?: Buffer;
  ramdisk?: Buffer;
  dtb?: Buffer;
  page?: number;
}

export function android({ version, page = 2048, ...files }: Android): Buffer {
  const { kernel = Buffer.alloc(0), ramdisk = Buffer.alloc(0), dtb = Buffer.alloc(0) } = files;
  if (version >= 3) {
    const words = { 8: kernel.length, 12: ramdisk.length, 20: 1580, 40: version };
    const first = header(version === 3 ? 1580 : 1584, 'ANDROID!', words);
    return Buffer.concat([first, kernel, ramdisk].map((bytes) => padded(bytes, 4096)));
  }
  const first = header(1660, 'ANDROID!', {
    ...{ 8: kernel.length, 12: 0x8000, 16: ramdisk.length, 20: 0x1000000, 24: 0 },
    ...{ 36: page, 40: version, 1644: 1660, 1648: version === 2 ? dtb.length : 0 },
  });
  first.write('board', 48);
  const parts = version === 2 ? [first, kernel, ramdisk, dtb] : [first, kernel, ramdisk];
  return Buffer.concat(parts.map((bytes) => padded(bytes, page)));
}

export interface Fragment {
  name: string;
  type: number;
  data: Buffer;
}

export function vendorBoot(
  version: 3 | 4,
  fragments: Fragment[],
  dtb = Buffer.from('dtb'),
): Buffer {
  const page = 2048;
  const section = Buffer.concat(fragments.map(({ data }) => data));
  const length = version === 3 ? 2112 : 2128;
  const first = header(length, 'VNDRBOOT', {
    ...{ 8: version, 12: page, 20: 0x1000000, 24: section.length, 2096: length },
    2100: dtb.length,
  });
  first.write('vendor', 2080);
  let offset = 0;
  const rows = fragments.map(({ name, type, data }) => {
    const row = header(108, '', { 0: data.length, 4: offset, 8: type });
    row.write(name, 12);
    offset += data.length;
    return row;
  });
  const table = Buffer.concat(rows);
  if (version === 4) {
    first.writeUInt32LE(table.length, 2112);
    first.writeUInt32LE(rows.length, 2116);
    first.writeUInt32LE(108, 2120);
    first.writeUInt32LE(4, 2124);
  }
  const parts =
    version === 3 ? [first, section, dtb] : [first, section, dtb, table, Buffer.from('boot')];
  return Buffer.concat(parts.map((bytes) => padded(bytes, page)));
}

export function mediatek(name: string, data: Buffer): Buffer {
  const first = Buffer.alloc(512, 0xff);
  first.writeUInt32LE(0x58881688, 0);
  first.writeUInt32LE(data.length, 4);
  first.fill(0, 8, 40);
  first.write(name, 8);
  return Buffer.concat([first, data]);
}

export function uimage(type: number, data: Buffer, compression = 0): Buffer {
  const first = Buffer.alloc(64);
  first.writeUInt32BE(0x27051956, 0);
  first.writeUInt32BE(data.length, 12);
  first.writeUInt32BE(0x80008000, 16);
  first.writeUInt32BE(crc32(data), 24);
  first.set([5, 2, type, compression], 28);
  first.write('an image', 32);
  first.writeUInt32BE(crc32(first), 4);
  return Buffer.concat([first, data]);
}

export function multi(...files: Buffer[]): Buffer {
  const table = Buffer.alloc(4 * (files.length + 1));
  files.forEach(({ length }, index) => table.writeUInt32BE(length, 4 * index));
  return uimage(4, Buffer.concat([table, ...files.map((each) => padded(each, 4))]));
}

/** A node of a device tree: a property is text, a number, or bytes. */
export interface Tree {
  [name: string]: string | number | Buffer | Tree;
}

export function deviceTree(root: Tree): Buffer {
  const names: string[] = [];
  const at = new Map<string, number>();
  let end = 0;
  const nameAt = (name: string): number => {
    if (!at.has(name)) {
      at.set(name, end);
      names.push(`${name}\0`);
      end += name.length + 1;
    }
    return at.get(name)!;
  };
  const word = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return bytes;
  };
  const node = (name: string, tree: Tree): Buffer => {
    const properties: Buffer[] = [];
    const children: Buffer[] = [];
    for (const [key, value] of Object.entries(tree)) {
      if (typeof value === 'object' && !Buffer.isBuffer(value)) {
        children.push(node(key, value));
        continue;
      }
      const text = typeof value === 'string' ? Buffer.from(`${value}\0`) : value;
      const bytes = typeof text === 'number' ? word(text) : text;
      properties.push(word(3), word(bytes.length), word(nameAt(key)), padded(bytes, 4));
    }
    const begin = [word(1), padded(Buffer.from(`${name}\0`), 4)];
    return Buffer.concat([...begin, ...properties, ...children, word(2)]);
  };
  const structure = Buffer.concat([node('', root), word(9)]);
  const strings = Buffer.from(names.join(''));
  const from = 40 + 16;
  const total = from + structure.length + strings.length;
  const head = [0xd00dfeed, total, from, from + structure.length, 40, 17, 16, 0, strings.length];
  const first = Buffer.concat([...head, structure.length].map(word));
  return Buffer.concat([first, Buffer.alloc(16), structure, strings]);
}

const hashes = (data: Buffer): Tree => ({
  'hash-1': { algo: 'crc32', value: crc32(data) },
  'hash-2': { algo: 'sha1', value: createHash('sha1').update(data).digest() },
  'hash-3': { algo: 'sha256', value: createHash('sha256').update(data).digest() },
});

export interface FitFile {
  type: string;
  data: Buffer;
  compression?: string;
}

/** @param where the data are: in the tree, at an offset behind it, or at a position of the file. */
export function fit(
  files: Record<string, FitFile>,
  configurations: Tree,
  where: 'inside' | 'data-offset' | 'data-position' = 'inside',
): Buffer {
  const tree = (position: number): Buffer => {
    let offset = 0;
    const images: Tree = {};
    for (const [name, { type, data, compression = 'none' }] of Object.entries(files)) {
      const place: Tree =
        where === 'inside'
          ? { data }
          : {
              [where]: offset + (where === 'data-position' ? position : 0),
              'data-size': data.length,
            };
      offset += up(data.length, 4);
      images[name] = { type, compression, load: 0x44000000, ...place, ...hashes(data) };
    }
    return deviceTree({ description: 'a board', images, configurations });
  };
  if (where === 'inside') return tree(0);
  const first = padded(tree(0), 4);
  const data = Object.values(files).map((file) => padded(file.data, 4));
  return Buffer.concat([padded(tree(first.length), 4), ...data]);
}
