/**
 * An archive that cannot be used, or a layer that cannot be put into one: one sentence, which names
 * the entry.
 */
export class ArchiveError extends Error {
  override name = 'ArchiveError';
}

/** A name for a person's terminal: it may hold orders to it, and bytes that are no text. */
export function printable(name: Uint8Array | string): string {
  const bytes = typeof name === 'string' ? Buffer.from(name) : Buffer.from(name);
  const text = utf8(bytes);
  if (text !== null && !/[\0-\x1f\x7f-\x9f\\\u200e\u200f\u202a-\u202e\u2066-\u2069]/.test(text))
    return text;
  return bytes
    .toString('latin1')
    .replace(
      /[\0-\x1f\x7f-\xff\\]/g,
      (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
    );
}

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes as text; null where they are no UTF-8, so that they would not come back as they were. */
export function utf8(bytes: Uint8Array): string | null {
  try {
    return STRICT.decode(bytes);
  } catch {
    return null;
  }
}
