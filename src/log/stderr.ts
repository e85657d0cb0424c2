import { writeSync } from 'node:fs';

/** Where messages for people go. Tests and the warm-up of a heap replace it. */
export const stderr = { fd: 2 };

/**
 * Writes to the descriptor. Node's stream for stderr does the same for files, pipes and terminals,
 * but first loads `net` and `tty`: 117 ms of a board's time.
 */
export function writeErr(text: string): void {
  try {
    writeSync(stderr.fd, text);
  } catch {
    // Nobody reads it.
  }
}
