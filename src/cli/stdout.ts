import { writeSync } from 'node:fs';
import { EXIT } from '../plan/plan.js';
import { isTerminal } from '../log/is-terminal.js';
import { UsageError } from './usage-error.js';

/**
 * Where output goes. Reports write to the descriptor themselves: Node's stream for stdout costs 60
 * ms on a board, and it waits for the reader just the same.
 */
export const stdout = { fd: 1 };

/** The option value `-` and a missing value mean the standard output. */
export const isStdout = (output: string | undefined): output is undefined | '-' =>
  output === undefined || output === '-';

/** @param what "a bundle", say. @throws {UsageError} where bytes would go to a terminal. */
export function checkNotTerminal(what: string, output: string | undefined): void {
  if (isStdout(output) && isTerminal(stdout.fd))
    throw new UsageError(
      `${what} is not for a terminal; name a file with -o, or send it to another program`,
    );
}

/** Waits a moment for the reader of a pipe that somebody made non-blocking. */
const AGAIN_MS = 5;

/** Writes some of the bytes. Returns how many. @throws {Error} one sentence */
function writeSome(bytes: Buffer, from: number): number {
  try {
    return writeSync(stdout.fd, bytes, from);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    // A reader that stops (`| head`) is no failure.
    if (code === 'EPIPE') process.exit(EXIT.done);
    if (code !== 'EAGAIN') throw new Error(`cannot write to stdout: ${message}`, { cause: error });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
    return 0;
  }
}

/** Writes to stdout, no faster than it is read. @throws {Error} one sentence */
export function writeOut(text: string | Buffer): void {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length;) at += writeSome(bytes, at);
}

/** Writes to stdout, no faster than it is read. */
export async function writeAllOut(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of bytes) writeOut(chunk);
}
