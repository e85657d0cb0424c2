import type { FolderEntry } from './tree-door.js';

/** A name in one of two directories, or in both. */
type Both = [one: FolderEntry | null, other: FolderEntry | null];

const order = (one: string, other: string): number => {
  if (one === other) return 0;
  // UTF-16 and bytes sort alike but for surrogates.
  return Buffer.compare(Buffer.from(one), Buffer.from(other)) || (one < other ? -1 : 1);
};

/** Which of two names comes first: negative for the first; 0 if they are the same. */
function side(one: FolderEntry | null, other: FolderEntry | null): number {
  if (one === null) return 1;
  return other === null ? -1 : order(one.name, other.name);
}

/** The entries of two directories, which are sorted by their names' bytes, in pairs. */
export function* joined(
  ones: Iterator<FolderEntry, void>,
  others: Iterator<FolderEntry, void>,
): Generator<Both, void> {
  const next = (list: Iterator<FolderEntry, void>): FolderEntry | null => {
    const result = list.next();
    return result.done === true ? null : result.value;
  };
  let [one, other] = [next(ones), next(others)];
  while (one !== null || other !== null) {
    const first = side(one, other);
    yield [first <= 0 ? one : null, first >= 0 ? other : null];
    if (first <= 0) one = next(ones);
    if (first >= 0) other = next(others);
  }
}
