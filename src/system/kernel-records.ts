import * as fs from 'node:fs';
import { errnoName } from './errno.js';
import { SystemError } from './system-error.js';

/**
 * The kernel's own limit of a record (kernel/printk: CONSOLE_EXT_LOG_MAX, PRINTKRB_RECORD_MAX); a
 * smaller buffer is EINVAL.
 */
const LONGEST = 8192;
/**
 * More than any log buffer holds: one that is written to faster than it is read would have no end.
 */
const MOST = 100_000;

/**
 * The records of /dev/kmsg from the oldest that is still there
 * (Documentation/ABI/testing/dev-kmsg). Each read(2) gives one record, EAGAIN says that there is no
 * further one (without O_NONBLOCK it would wait for the next), and EPIPE that the oldest was
 * overwritten meanwhile: the next read goes on behind the gap.
 * @throws {SystemError} as open(2); EPERM where kernel.dmesg_restrict keeps it from whoever asks.
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
