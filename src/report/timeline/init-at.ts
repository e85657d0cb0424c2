import { parseKernelRecords } from '../../facts/kernel-log.js';

/** run_init_process (init/main.c) logs this since Linux 3.x, at level KERN_INFO. */
const RUN = /^Run (\S+) as init process/;

/**
 * When the kernel ran the first program, in milliseconds since it started. The last try counts;
 * null if the log has none.
 */
export function initAt(records: readonly string[]): number | null {
  const time =
    parseKernelRecords(records).lines.findLast(({ text }) => RUN.test(text))?.time ?? null;
  return time === null ? null : time * 1000;
}
