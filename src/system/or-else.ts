/**
 * The result of `look`, or `otherwise` if it throws. For files that may be missing without harm.
 */
export function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
