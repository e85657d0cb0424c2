/** Android's boot images, of all versions (system/tools/mkbootimg: bootimg.h). */
import type { BytesAt } from './bytes-at.js';
import {
  PIECES_AT_MOST,
  nameIn,
  piece,
  type Container,
  type ContainerFormat,
  type Piece,
} from './container.js';
import { ContainerError } from './container-error.js';

const KIND = 'Android boot image';
const KIND_VENDOR = 'Android vendor_boot image';

/** From version 3 on. */
const PAGE = 4096;
const PAGES = { least: 512, most: 1 << 20 };
const LENGTHS = { old: 1632, 1: 1648, 2: 1660, 3: 1580, 4: 1584, vendor: { 3: 2112, 4: 2128 } };

/** The header's bytes. @throws {ContainerError} */
function headerOf(bytes: BytesAt, length: number, kind: string): Buffer {
  const header = bytes.read(0, length);
  if (header.length === length) return header;
  throw new ContainerError(
    `the header of this ${kind} ends after ${header.length} of its ${length} bytes; the file is ` +
      'cut short: copy it again, and check its size',
  );
}

/** Lays pieces on pages one after another. */
class Pages {
  readonly pieces: Piece[] = [];

  constructor(
    readonly page: number,
    private at: number,
    private readonly base: number,
    kind: string,
  ) {
    const isPage = Number.isInteger(Math.log2(page)) && page >= PAGES.least && page <= PAGES.most;
    if (!isPage)
      throw new ContainerError(
        `the header of this ${kind} says that a page has ${page} bytes, which no board has; the ` +
          'file is damaged, or of a kind that is not known',
      );
    this.at = this.up(at);
  }

  private up = (bytes: number): number => Math.ceil(bytes / this.page) * this.page;

  /** @returns where the bytes begin. */
  skip(size: number): number {
    const from = this.at;
    this.at = this.up(from + size);
    return from;
  }

  add(name: string, role: Piece['role'], size: number, load: number | null = null): void {
    const offset = this.skip(size);
    if (size > 0) this.pieces.push(piece(name, role, [this.base + offset, size], { load }));
  }
}

const image = (kind: string, name: string, pieces: Piece[], note = ''): Container => ({
  ...{ kind, name, pieces, note, problems: [] },
  verify: () => [],
});

/** Versions 0 to 2. In version 0 some vendors keep the size of a device tree in the version. */
function readOld(bytes: BytesAt, head: Buffer, version: number): Container {
  const known = version === 1 || version === 2;
  const header = headerOf(bytes, known ? LENGTHS[version] : LENGTHS.old, KIND);
  const word = (at: number): number => header.readUInt32LE(at);
  const pages = new Pages(word(36), LENGTHS.old, bytes.offset, KIND);
  pages.add('kernel', 'kernel', word(8), word(12));
  pages.add('ramdisk', 'ramdisk', word(16), word(20));
  pages.add('second', 'other', word(24), word(28));
  if (!known) pages.add('dtb', 'device tree', word(40));
  if (known) pages.add('recovery_dtbo', 'device tree', word(1632));
  if (version === 2)
    pages.add('dtb', 'device tree', word(1648), Number(header.readBigUInt64LE(1652)));
  const kind = `${KIND}, version ${known ? version : 0}`;
  return image(kind, nameIn(head.subarray(48, 64)), pages.pieces);
}

/** Versions 3 and 4, of boot and of init_boot, which has no kernel. */
function readNew(bytes: BytesAt, version: 3 | 4): Container {
  const header = headerOf(bytes, LENGTHS[version], KIND);
  const pages = new Pages(PAGE, LENGTHS[version], bytes.offset, KIND);
  pages.add('kernel', 'kernel', header.readUInt32LE(8));
  pages.add('ramdisk', 'ramdisk', header.readUInt32LE(12));
  if (version === 4) pages.add('signature', 'other', header.readUInt32LE(1580));
  return image(
    `${KIND}, version ${version}`,
    '',
    pages.pieces,
    'the boot loader puts the ramdisks of vendor_boot before it',
  );
}

/** Versions 3 and 4 of vendor_boot, of which the later has a table of ramdisks. */
function readVendor(bytes: BytesAt): Container {
  const version = headerOf(bytes, 12, KIND_VENDOR).readUInt32LE(8);
  if (version !== 3 && version !== 4)
    throw new ContainerError(
      `this ${KIND_VENDOR} has version ${version}, and 3 and 4 are known; the file is damaged, ` +
        'or newer than this program',
    );
  const header = headerOf(bytes, LENGTHS.vendor[version], KIND_VENDOR);
  const word = (at: number): number => header.readUInt32LE(at);
  const pages = new Pages(word(12), LENGTHS.vendor[version], bytes.offset, KIND_VENDOR);
  const [size, load] = [word(24), word(20)];
  if (version === 3) pages.add('ramdisk', 'ramdisk', size, load);
  else {
    const begin = pages.skip(size);
    const [dtb, table] = [pages.skip(word(2100)), pages.skip(word(2112))];
    const ramdisks = fragments(bytes, header, { begin, size, table, load });
    pages.pieces.push(...ramdisks);
    if (word(2100) > 0)
      pages.pieces.push(piece('dtb', 'device tree', [bytes.offset + dtb, word(2100)]));
    pages.add('bootconfig', 'other', word(2124));
  }
  if (version === 3)
    pages.add('dtb', 'device tree', word(2100), Number(header.readBigUInt64LE(2104)));
  return image(
    `${KIND_VENDOR}, version ${version}`,
    nameIn(header.subarray(2080, 2096)),
    pages.pieces,
    'the boot loader puts the ramdisk of boot or init_boot behind it, and takes a recovery ' +
      'ramdisk only for recovery',
  );
}

const FRAGMENT = 108;
const TYPES = ['ramdisk', 'platform', 'recovery', 'dlkm'];
const RECOVERY = 2;

/** The table of ramdisks of version 4. */
function fragments(
  bytes: BytesAt,
  header: Buffer,
  at: { begin: number; size: number; table: number; load: number },
): Piece[] {
  const [length, count, each] = [2112, 2116, 2120].map((from) => header.readUInt32LE(from)) as [
    number,
    number,
    number,
  ];
  if (count > PIECES_AT_MOST || (count > 0 && (each < FRAGMENT || count * each > length)))
    throw new ContainerError(
      `the table of ramdisks of this ${KIND_VENDOR} has ${count} rows of ${each} bytes, which do ` +
        `not fit its ${length} bytes or are more than ${PIECES_AT_MOST}; the file is damaged`,
    );
  const names = new Set<string>();
  return Array.from({ length: count }, (_, index) => {
    const row = bytes.read(at.table + index * each, FRAGMENT);
    if (row.length < FRAGMENT)
      throw new ContainerError(
        `the table of ramdisks of this ${KIND_VENDOR} ends after ${index} of its ${count} rows; ` +
          'the file is cut short: copy it again, and check its size',
      );
    const [size, offset, type] = [row.readUInt32LE(0), row.readUInt32LE(4), row.readUInt32LE(8)];
    if (offset + size > at.size)
      throw new ContainerError(
        `ramdisk ${index} of this ${KIND_VENDOR} ends at byte ${offset + size} of its section, ` +
          `which has ${at.size}; the file is damaged`,
      );
    const said = nameIn(row.subarray(12, 44)) || TYPES[type] || 'ramdisk';
    const name = names.has(said) ? `${said}-${index}` : said;
    names.add(name);
    return piece(name, 'ramdisk', [bytes.offset + at.begin + offset, size], {
      load: at.load,
      handed: type !== RECOVERY && size > 0,
    });
  });
}

export const androidBoot: ContainerFormat = {
  when: (head) => head.toString('latin1', 0, 8) === 'ANDROID!',
  read: (bytes) => {
    const head = headerOf(bytes, 64, KIND);
    const version = head.readUInt32LE(40);
    return version === 3 || version === 4 ? readNew(bytes, version) : readOld(bytes, head, version);
  },
};

export const androidVendorBoot: ContainerFormat = {
  when: (head) => head.toString('latin1', 0, 8) === 'VNDRBOOT',
  read: readVendor,
};
