/** The number of a kernel's release, as in `6.1.192-x`. */
type KernelNumber = readonly [major: number, minor: number];

/** Null if it has none. */
export function numberOfRelease(release: string | null): KernelNumber | null {
  const [, major, minor] = /^(\d{1,3})\.(\d{1,4})/.exec(release ?? '') ?? [];
  return major === undefined ? null : [Number(major), Number(minor)];
}

/** Whether a kernel is older than a version. An unknown kernel counts as new. */
export function isOlder(release: string | null, [major, minor]: KernelNumber): boolean {
  const number = numberOfRelease(release);
  return number !== null && (number[0] < major || (number[0] === major && number[1] < minor));
}

/** Whether a kernel is of this version or newer. An unknown kernel is not. */
export const isSince = (release: string | null, version: KernelNumber): boolean =>
  numberOfRelease(release) !== null && !isOlder(release, version);
