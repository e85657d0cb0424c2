import { once } from 'node:events';
import { UsageError } from './usage-error.js';

/** The option value `-` and a missing value mean the standard output. */
export const isStdout = (output: string | undefined): output is undefined | '-' =>
  output === undefined || output === '-';

/** @param what "a bundle", say. @throws {UsageError} where bytes would go to a terminal. */
export function checkNotTerminal(what: string, output: string | undefined): void {
  if (isStdout(output) && process.stdout.isTTY)
    throw new UsageError(
      `${what} is not for a terminal; name a file with -o, or send it to another program`,
    );
}

/** Waits until the reader of stdout has taken the output, so that it does not fill memory. */
export async function drained(): Promise<void> {
  if (process.stdout.writableNeedDrain) await once(process.stdout, 'drain');
}

/** Writes to stdout, no faster than it is read. */
export async function writeOut(text: string | Buffer): Promise<void> {
  if (text.length > 0 && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

/** Writes to stdout, no faster than it is read. */
export async function writeAllOut(bytes: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of bytes) await writeOut(chunk);
}
