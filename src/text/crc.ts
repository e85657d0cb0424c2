/** CRC-32 as in gzip (RFC 1952, 8). */

/** The polynomial, with the lowest bit first. */
const POLYNOMIAL = 0xedb88320;

const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/**
 * Bytes for which this process needs no zlib. On the emulated board loading zlib takes 85 ms, which
 * was 40 % of `done`, and the loop below 0.4 ms for each KiB.
 */
let bytesWithoutZlib = 131_072;

function crcInLoop(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** The CRC-32 of some bytes, as eight hexadecimal digits. */
export function crcOf(bytes: Uint8Array): string {
  bytesWithoutZlib -= bytes.length;
  const crc =
    bytesWithoutZlib >= 0 ? crcInLoop(bytes) : process.getBuiltinModule('node:zlib').crc32(bytes);
  return crc.toString(16).padStart(8, '0');
}
