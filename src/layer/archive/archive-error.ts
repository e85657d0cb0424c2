/**
 * An archive that cannot be used, or a layer that cannot be put into one: one sentence, which names
 * the entry.
 */
export class ArchiveError extends Error {
  override name = 'ArchiveError';
}
