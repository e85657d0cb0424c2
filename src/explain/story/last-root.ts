import type { KernelMessages } from '../messages/message-row.js';
import type { LastRoot, RootPlace } from '../sentences/words.js';

/** Whether process 1 changed to another root before its end. */
const changedRoot = ({ handovers, complaints }: KernelMessages, since: number): boolean =>
  handovers.some(({ at }) => at > since) ||
  complaints.some(({ value, at }) => at > since && value.cause.code === 'switch-no-init');

/**
 * The root on which process 1 was at its end. `place` is where it began. An initramfs that mounted
 * a file system may have changed to it without a word.
 */
export function lastRoot(seen: KernelMessages, place: RootPlace): LastRoot {
  const since = seen.runs.at(-1)?.at ?? -1;
  if (changedRoot(seen, since)) return { on: 'next', place };
  const own = seen.fileSystems.findLast(({ at }) => at > since)?.value;
  return place === 'rootfs' && own !== undefined
    ? { on: 'either', place, other: { fstype: own.fstype, where: own.device } }
    : { on: 'first', place };
}
