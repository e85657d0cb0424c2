/**
 * Runs in a separate Node with --expose-gc: makes calls that the real kernel must refuse, and
 * prints the errors.
 */
import { system } from '../../../src/system/ffi.js';
import type { SystemError } from '../../../src/system/system-error.js';

declare const gc: () => void;

const errnoOf = (call: () => void): string => {
  try {
    call();
    return 'no error';
  } catch (error) {
    return (error as SystemError).errno ?? String(error);
  }
};

/**
 * Every call is refused before it could mount anything: the paths do not exist, or the call is not
 * made at all.
 */
const CALLS: Record<string, () => void> = {
  mount: () => system.mount('none', '/nonexistent/mountpoint', 'tmpfs', [], null),
  move: () => system.mount('/nonexistent/from', '/', null, ['MS_MOVE'], null),
  umount: () => system.umount('/nonexistent/mountpoint'),
  pivotRoot: () => system.pivotRoot('/nonexistent/root', '/nonexistent/root/old'),
  nul: () => system.mount('none', '/\0', 'tmpfs', [], null),
  lazy: () => system.umount('/nonexistent/mountpoint', true),
  syncfs: () => system.syncfs('/nonexistent'),
  whiteout: () => system.renameLeavingWhiteout('/nonexistent/from', '/nonexistent/to'),
  makeNode: () => system.makeNode('/nonexistent/fifo', 'fifo', 0o600, ''),
  setModified: () => system.setModified('/nonexistent/file', 1n),
  attributes: () => void system.attributes('/nonexistent/file'),
  setAttribute: () => system.setAttribute('/nonexistent/file', 'user.x', Buffer.from('x')),
  eraseNothing: () => void system.eraseBlock('/nonexistent/mtd', 0, 0x40000),
  eraseNoFlash: () => void system.eraseBlock(process.argv[1]!, 2 ** 33, 0x40000),
  lock: () => void system.lock('/nonexistent/lock'),
  watchdog: () => system.watchdog('/nonexistent/watchdog'),
  nulInName: () => void system.attributes('/\0'),
  longData: () => system.mount('none', '/nonexistent', 'overlay', [], 'x'.repeat(4096)),
};

const seen: Record<string, Record<string, number>> = {};
for (const [name, call] of Object.entries(CALLS)) {
  const counts: Record<string, number> = (seen[name] = {});
  for (let round = 0; round < 300; round++) {
    const errno = errnoOf(call);
    counts[errno] = (counts[errno] ?? 0) + 1;
    if (round % 10 === 0) gc();
  }
}
process.stdout.write(JSON.stringify(seen));
