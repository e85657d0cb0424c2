/** Runs in a Node of its own with --expose-gc: asks the real kernel for what it must refuse, and prints what it said. */
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

/** Everything is refused before anything could be mounted: the paths do not exist, or the call is not made at all. */
const CALLS: Record<string, () => void> = {
  mount: () => system.mount('none', '/nonexistent/mountpoint', 'tmpfs', [], null),
  move: () => system.mount('/nonexistent/from', '/', null, ['MS_MOVE'], null),
  umount: () => system.umount('/nonexistent/mountpoint'),
  pivotRoot: () => system.pivotRoot('/nonexistent/root', '/nonexistent/root/old'),
  nul: () => system.mount('none', '/\0', 'tmpfs', [], null),
  longData: () => system.mount('none', '/nonexistent', 'overlay', [], 'x'.repeat(4096)),
};

const seen: Record<string, Record<string, number>> = {};
for (const [name, call] of Object.entries(CALLS)) {
  const counts: Record<string, number> = (seen[name] = {});
  for (let round = 0; round < 300; round++) {
    const errno = errnoOf(call);
    counts[errno] = (counts[errno] ?? 0) + 1;
    if (round % 3 === 0) gc();
  }
}
process.stdout.write(JSON.stringify(seen));
