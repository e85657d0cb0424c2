import { parseKernelRecords } from '../../facts/kernel-log.js';

/** init/main.c: run_init_process says so since Linux 3.x; the level is KERN_INFO. */
const RUN = /^Run (\S+) as init process/;

/**
 * When the kernel ran the first program, in milliseconds since it started; of several tries the
 * last. null where its log does not say.
 */
export function initAt(records: readonly string[]): number | null {
  const time =
    parseKernelRecords(records).lines.findLast(({ text }) => RUN.test(text))?.time ?? null;
  return time === null ? null : time * 1000;
}
