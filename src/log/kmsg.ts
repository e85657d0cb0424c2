import * as fs from 'node:fs';
import { oneLine } from '../text/columns.js';
import type { Log } from './log.js';
import { writeErr } from './stderr.js';

/**
 * Kernel log levels (include/linux/kern_levels.h). The console shows those below `loglevel=`, whose
 * default is 7.
 */
const LEVEL = { error: 3, warn: 4, info: 6, debug: 7 } as const;

/**
 * The kernel log, the only log in early boot. One write(2) is one record (kernel/printk/printk.c:
 * devkmsg_write). The file is opened again for each record, because the kernel takes only ten
 * records in five seconds through one open file (printk.devkmsg=ratelimit). The last one stays
 * open, because after the pivot /dev is not yet in the new root. Where the log cannot be written,
 * the text goes to stderr.
 */
export function kmsg(device = '/dev/kmsg'): Log {
  let last = -1;
  const write = (level: number, text: string): void => {
    // A newline would start another record with its own level. The kernel refuses a record of more
    // than about 1000 bytes (EINVAL).
    const line = `mountroot: ${oneLine(text)}`;
    try {
      const next = openIfThere(device);
      if (next >= 0 && last >= 0) fs.closeSync(last);
      if (next >= 0) last = next;
      fs.writeSync(
        last,
        Buffer.concat([Buffer.from(`<${level}>${line}`).subarray(0, 900), Buffer.from('\n')]),
      );
    } catch {
      // stderr has no filter for levels.
      if (level < LEVEL.debug) writeErr(`${line}\n`);
    }
  };
  return leveled(write);
}

/** The same lines on stderr, for a person who calls the agent; without the debug lines. */
export function terminal(): Log {
  return leveled((level, text) => {
    if (level < LEVEL.debug) writeErr(`mountroot: ${oneLine(text)}\n`);
  });
}

function openIfThere(device: string): number {
  try {
    return fs.openSync(device, fs.constants.O_WRONLY | fs.constants.O_NOFOLLOW);
  } catch {
    return -1;
  }
}

function leveled(write: (level: number, text: string) => void): Log {
  return {
    error: (text) => write(LEVEL.error, text),
    warn: (text) => write(LEVEL.warn, text),
    info: (text) => write(LEVEL.info, text),
    debug: (text) => write(LEVEL.debug, text),
  };
}
