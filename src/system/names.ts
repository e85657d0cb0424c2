/**
 * Names of files as strings. The kernel treats a name as bytes, which may not be UTF-8 on an old
 * disk or a camera. A byte that belongs to no character becomes a lone surrogate U+DC80…U+DCFF, as
 * in Python (PEP 383), so that the kernel gets exactly the same name back.
 */

/** One character of well-formed UTF-8 (RFC 3629), or one byte that belongs to none; as Latin-1. */
const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** Only lone surrogates: with /u the halves of a pair do not match. */
const LONE = /([\udc80-\udcff]+)/u;

export const nameOf = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(CHARACTER, (found) =>
      found.length === 1
        ? String.fromCharCode(0xdc00 + found.charCodeAt(0))
        : Buffer.from(found, 'latin1').toString('utf8'),
    );

/**
 * Whether a name has Node's replacement character for bytes that it could not decode. Only such a
 * name must be read again as bytes.
 */
export const isDoubtful = (name: string): boolean => name.includes('\ufffd');

/** A path for the kernel, which is nearly always the string itself. */
export function pathOf(path: string): string | Buffer {
  if (!LONE.test(path)) return path;
  return Buffer.concat(
    path
      .split(LONE)
      .map((part, index) =>
        index % 2 === 0
          ? Buffer.from(part)
          : Buffer.from(Array.from(part, (each) => each.charCodeAt(0) - 0xdc00)),
      ),
  );
}
