import type { Reader } from '../system/port.js';

const SECTOR = 512;
/** The highest number of partition entries that we read. No tool makes more. */
const MOST_ENTRIES = 128;

/**
 * Formats the bytes of a GUID as text. Its first three fields are little-endian (UEFI
 * specification, appendix A).
 */
function guid(bytes: Buffer, at: number): string {
  const hex = (from: number, to: number): string => bytes.toString('hex', at + from, at + to);
  const swapped = (from: number, to: number): string =>
    Buffer.from(bytes.subarray(at + from, at + to))
      .reverse()
      .toString('hex');
  return [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)].join('-');
}

/**
 * Returns the unique id of a disk's n-th partition in the form of PARTUUID=: from a GPT, or from an
 * MBR's signature and the number. null when the disk has neither.
 */
export function partitionUuid(reader: Reader, disk: string, number: number): string | null {
  const [boot, header] = [0, 1].map((sector) =>
    Buffer.from(reader.readBytes(disk, sector * SECTOR, SECTOR)),
  ) as [Buffer, Buffer];
  if (header.length === SECTOR && header.toString('latin1', 0, 8) === 'EFI PART') {
    const [start, count, size] = [
      Number(header.readBigUInt64LE(72)),
      header.readUInt32LE(80),
      header.readUInt32LE(84),
    ];
    if (
      number < 1 ||
      number > Math.min(count, MOST_ENTRIES) ||
      size < 128 ||
      size > 4096 ||
      start > 2 ** 32
    )
      return null;
    const entry = Buffer.from(reader.readBytes(disk, start * SECTOR + (number - 1) * size, size));
    return entry.length < 32 || entry.subarray(0, 16).every((byte) => byte === 0)
      ? null
      : guid(entry, 16);
  }
  if (boot.length < SECTOR || boot.readUInt16LE(510) !== 0xaa55) return null;
  const signature = boot.readUInt32LE(0x1b8);
  return signature === 0
    ? null
    : `${signature.toString(16).padStart(8, '0')}-${number.toString(16).padStart(2, '0')}`;
}
