import type { Region } from './device-tree.js';

/**
 * A tag list: how boot loaders hand over to an ARM kernel without a device tree
 * (arch/arm/include/uapi/asm/setup.h).
 */
export interface Atags {
  /** `rootdev` of ATAG_CORE, as `major:minor`; null where the tag does not have it or says 0. */
  root: string | null;
  /** The first flag of ATAG_CORE: mount the root read-only; null where the tag does not have it. */
  readonly: boolean | null;
  memory: Region[];
  /** ATAG_INITRD2; ATAG_INITRD tells a virtual address, and only old boot loaders use it. */
  initrd: (Region & { virtual: boolean }) | null;
  /** ATAG_RAMDISK: size in KiB, first block. */
  ramdisk: { size: number; start: number } | null;
  commandLine: string | null;
  /** All tags in their order. */
  tags: { tag: number; name: string; bytes: number }[];
}

/** These bytes are no tag list, or one that is cut off: one sentence. */
export class AtagsError extends Error {
  override name = 'AtagsError';
}

const NAMES: Record<number, string> = {
  0x54410001: 'ATAG_CORE',
  0x54410002: 'ATAG_MEM',
  0x54410003: 'ATAG_VIDEOTEXT',
  0x54410004: 'ATAG_RAMDISK',
  0x54410005: 'ATAG_INITRD',
  0x54420005: 'ATAG_INITRD2',
  0x54410006: 'ATAG_SERIAL',
  0x54410007: 'ATAG_REVISION',
  0x54410008: 'ATAG_VIDEOLFB',
  0x54410009: 'ATAG_CMDLINE',
};
const CORE = 0x54410001;

/** A list begins with ATAG_CORE, of 2 words or of 5. */
export const isAtags = (bytes: Uint8Array): boolean => orderOf(bytes) !== null;

function orderOf(bytes: Uint8Array): 'little' | 'big' | null {
  if (bytes.length < 8) return null;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, 8);
  if (head.readUInt32LE(4) === CORE && [2, 5].includes(head.readUInt32LE(0))) return 'little';
  return head.readUInt32BE(4) === CORE && [2, 5].includes(head.readUInt32BE(0)) ? 'big' : null;
}

/** 16 bits, eight for each (include/linux/kdev_t.h: old_decode_dev). */
const deviceOf = (number: number): string | null =>
  (number & 0xffff) === 0 ? null : `${(number >> 8) & 0xff}:${number & 0xff}`;

/**
 * /proc/atags or a file of a tag list.
 * @throws {AtagsError} for what is none.
 */
export function parseAtags(list: Uint8Array): Atags {
  const bytes = Buffer.from(list.buffer, list.byteOffset, list.byteLength);
  const order = orderOf(bytes);
  if (order === null)
    throw new AtagsError('these bytes are no tag list: they do not begin with ATAG_CORE');
  const word = (at: number): number =>
    order === 'little' ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at);
  const found: Atags = {
    root: null,
    readonly: null,
    memory: [],
    initrd: null,
    ramdisk: null,
    commandLine: null,
    tags: [],
  };
  for (let at = 0; ;) {
    // /proc/atags leaves the tag that ends the list out in some kernels: the end of the bytes
    // between two tags is an end too.
    if (at === bytes.length) return found;
    if (at + 8 > bytes.length) throw new AtagsError(`the tag list is cut off at byte ${at}`);
    const [size, tag] = [4 * word(at), word(at + 4)];
    if (size === 0) return found;
    if (size < 8 || at + size > bytes.length)
      throw new AtagsError(`the tag at byte ${at} says that it has ${size} bytes, which cannot be`);
    found.tags.push({
      tag,
      name: NAMES[tag] ?? `0x${tag.toString(16).padStart(8, '0')}`,
      bytes: size,
    });
    const has = (words: number): boolean => size >= 8 + 4 * words;
    const value = (index: number): number => word(at + 8 + 4 * index);
    const name = NAMES[tag];
    if (name === 'ATAG_CORE' && has(3))
      [found.readonly, found.root] = [(value(0) & 1) === 1, deviceOf(value(2))];
    if (name === 'ATAG_MEM' && has(2) && value(0) > 0)
      found.memory.push({ start: value(1), size: value(0) });
    if (name === 'ATAG_RAMDISK' && has(3)) found.ramdisk = { size: value(1), start: value(2) };
    if ((name === 'ATAG_INITRD' || name === 'ATAG_INITRD2') && has(2))
      found.initrd = { start: value(0), size: value(1), virtual: name === 'ATAG_INITRD' };
    if (name === 'ATAG_CMDLINE')
      found.commandLine = bytes.toString('utf8', at + 8, at + size).split('\0', 1)[0]!;
    at += size;
  }
}
