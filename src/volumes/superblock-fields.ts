/** A UUID of 16 bytes as text; '' if it is all zero or cut off. */
export function uuidAt(bytes: Buffer, at: number): string {
  const hex = bytes.subarray(at, at + 16).toString('hex');
  return hex.length < 32 || /^0*$/.test(hex)
    ? ''
    : hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

export const upToNul = (text: string): string => text.split('\0', 1)[0]!;
