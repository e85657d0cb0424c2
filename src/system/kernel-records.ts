import * as fs from 'node:fs';
import { errnoName } from './errno.js';
import { SystemError } from './system-error.js';

/**
 * The kernel's limit of a record (kernel/printk: CONSOLE_EXT_LOG_MAX, PRINTKRB_RECORD_MAX). read(2)
 * with a smaller buffer gives EINVAL.
 */
const LONGEST = 8192;
/**
 * More records than any log buffer holds. Without a limit, a log that is written faster than it is
 * read would never end.
 */
const MOST = 100_000;

/**
 * The records of /dev/kmsg, from the oldest that the kernel still has
 * (Documentation/ABI/testing/dev-kmsg). Each read(2) gives one record. EAGAIN means that there are
 * no more (without O_NONBLOCK it would wait for the next one). EPIPE means that the oldest record
 * was overwritten meanwhile; the next read goes on behind the gap.
 * @throws {SystemError} as open(2); EPERM if kernel.dmesg_restrict is set and the caller is not
 *   privileged.
 */
export function readKernelRecords(device = '/dev/kmsg'): string[] {
  const fail = (error: unknown): never => {
    const { errno, code } = error as NodeJS.ErrnoException;
    throw new SystemError({
      what: `read the kernel log from ${device}`,
      syscall: 'read',
      errno: errno === undefined ? (code ?? 'EIO') : errnoName(Math.abs(errno)),
      path: device,
    });
  };
  let fd: number;
  try {
    fd = fs.openSync(device, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    return fail(error);
  }
  const room = Buffer.alloc(LONGEST);
  const records: string[] = [];
  try {
    while (records.length < MOST) {
      try {
        const length = fs.readSync(fd, room, 0, LONGEST, null);
        if (length === 0) break;
        records.push(room.toString('utf8', 0, length));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EAGAIN') break;
        if (code !== 'EPIPE' && code !== 'EINTR') fail(error);
      }
    }
    return records;
  } finally {
    fs.closeSync(fd);
  }
}
