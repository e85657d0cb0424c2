import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout's top folder. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * A foreseeable failure: its message is the one sentence the user reads, so it is printed without a
 * stack.
 */
export class Failure extends Error {
  override name = 'Failure';
}

const started = performance.now();

/**
 * One line of progress on stderr, with the seconds since this script began: long steps call it
 * again and again.
 */
export function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`[${seconds} s] ${text}\n`);
}

/**
 * Runs a script's main function; a Failure becomes one sentence and exit status 1, anything else is
 * a bug and keeps its stack.
 */
export async function main(body: () => Promise<number | void>): Promise<void> {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Fails with one sentence when a file that an earlier step makes is not there. */
export function need(path: string, madeBy: string): string {
  if (!existsSync(path)) throw new Failure(`${path} is missing; \`${madeBy}\` makes it`);
  return path;
}
