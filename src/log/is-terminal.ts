import { fstatSync } from 'node:fs';

/** Majors of terminals: virtual, serial and pseudo (Linux, admin-guide/devices.txt). */
const TERMINALS = [4, 5, 136, 137, 138, 139, 140, 141, 142, 143, 204];

/** As isatty(3), without the streams that come with Node's own. */
export function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    if (!stat.isCharacterDevice()) return false;
    // MAJOR() of glibc for a device number as Node gives it.
    const major = (stat.rdev >> 8) & 0xfff;
    if (TERMINALS.includes(major)) return true;
    // Memory devices: /dev/null and /dev/full.
    return major !== 1 && process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    return false;
  }
}
