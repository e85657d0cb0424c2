/** `a`, `a and b`, `a, b and c`; `none` for an empty list. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
