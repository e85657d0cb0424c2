import type { KernelLog } from '../../facts/kernel-log.js';
import { BOOT_MESSAGES } from './boot-messages.js';
import { INIT_MESSAGES } from './init-messages.js';
import type { KernelMessages, MessageRow } from './message-row.js';
import { RAMDISK_MESSAGES } from './ramdisk-messages.js';
import { ROOT_MESSAGES } from './root-messages.js';

/**
 * Every message that explain understands, from Linux 2.6 to 6.x. The first row whose pattern
 * matches a line counts, and no other row gets that line.
 */
export const MESSAGES: readonly MessageRow[] = [
  ...BOOT_MESSAGES,
  ...RAMDISK_MESSAGES,
  ...ROOT_MESSAGES,
  ...INIT_MESSAGES,
];

/** Finds the kernel's decisions in its messages. */
export function readKernelMessages(log: KernelLog | null): KernelMessages {
  const seen: KernelMessages = {
    mounted: [],
    devices: [],
    runs: [],
    failures: [],
    whole: log !== null && log.fromStart && log.allLevels,
    last: null,
  };
  let continued: MessageRow['continues'];
  for (const { text } of log?.lines ?? []) {
    seen.last = text;
    const further = continued?.pattern.exec(text) ?? null;
    if (further !== null) {
      continued!.tells(seen, further, text);
      continue;
    }
    continued = readLine(seen, text)?.continues;
  }
  return seen;
}

/** Returns the row that the line belongs to. */
function readLine(seen: KernelMessages, text: string): MessageRow | undefined {
  for (const row of MESSAGES) {
    const match = row.pattern.exec(text);
    if (match === null || row.when?.(seen) === false) continue;
    row.tells(seen, match, text);
    return row;
  }
  return undefined;
}

/** The message that shows that the kernel began to mount a root itself; null if none does. */
export function mountsItself(seen: KernelMessages): string | null {
  const sights = [
    ...seen.mounted,
    seen.cannotOpen,
    seen.noneCould,
    seen.image,
    seen.linuxrc,
    seen.waiting,
    seen.delay,
    seen.panic?.value.kind === 'no-root' ? seen.panic : undefined,
  ];
  return sights.find((sight) => sight !== undefined)?.said ?? null;
}
