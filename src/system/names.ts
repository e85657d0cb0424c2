/**
 * Names of files as strings. To the kernel a name is bytes, and whoever copied it from an old disk
 * or a camera may have written them in no UTF-8: a byte that is part of no character is the lone
 * surrogate U+DC80…U+DCFF here, as Python has it (PEP 383), so that the name that is given back to
 * the kernel is the one that came from it.
 */

/**
 * One character of well-formed UTF-8 (RFC 3629), or one byte of none, in bytes that are read as
 * Latin-1.
 */
const CHARACTER =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

/** Only lone ones: with /u the halves of a pair are no characters of their own. */
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
 * What Node puts where it could not decode a name; a name that has it needs a second look, and
 * others cost nothing.
 */
export const isDoubtful = (name: string): boolean => name.includes('\ufffd');

/** A path as the kernel is to get it: nearly always the string itself. */
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
