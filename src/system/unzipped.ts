/** A gzip header without a name, a comment or other fields (RFC 1952). */
const HEADER_BYTES = 10;

/**
 * What a gzip archive holds that has something else behind it. gunzip would take that for a second
 * archive, so only the compressed part is given to it.
 * @param most the longest content in bytes.
 * @returns null for an archive that is damaged, not whole, or too long.
 */
export function unzipped(bytes: Uint8Array, most: number): Buffer | null {
  const { inflateRawSync, crc32 } = process.getBuiltinModule('node:zlib');
  try {
    // The types do not know what `info` makes of the result.
    const { buffer, engine } = inflateRawSync(bytes.subarray(HEADER_BYTES), {
      maxOutputLength: most,
      info: true,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    const end = HEADER_BYTES + engine.bytesWritten;
    const trailer = Buffer.from(bytes.subarray(end, end + 8));
    const isWhole =
      trailer.length === 8 &&
      trailer.readUInt32LE(0) === crc32(buffer) &&
      trailer.readUInt32LE(4) === buffer.length;
    return isWhole ? buffer : null;
  } catch {
    return null;
  }
}
