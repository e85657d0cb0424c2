/** What a look finds, or something else where it fails: for what may be missing without harm. */
export function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
