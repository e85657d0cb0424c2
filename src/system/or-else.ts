/** The result of `look`, or `otherwise` where it throws; for what may be missing without harm. */
export function orElse<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    return otherwise;
  }
}
