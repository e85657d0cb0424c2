import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The checkout's top folder. */
export const checkout = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/**
 * An expected failure. Its message is the one sentence that the user reads, so main() prints it
 * without a stack.
 */
export class Failure extends Error {
  override name = 'Failure';
}

const started = performance.now();

/** Prints one line of progress on stderr, with the seconds since this script began. */
export function say(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
  process.stderr.write(`[${seconds} s] ${text}\n`);
}

/**
 * Runs a script's main function, which may return an exit status. A Failure becomes one sentence
 * and exit status 1, and so does a wrong option; any other error is a bug and keeps its stack.
 */
export async function main(body: () => Promise<number | void> | number | void): Promise<void> {
  try {
    process.exitCode = (await body()) ?? 0;
  } catch (error) {
    if (!(error instanceof Failure) && !isWrongOption(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/**
 * Returns the path.
 * @throws {Failure} when nothing is there, with the command that makes it.
 */
export function need(path: string, madeBy: string): string {
  if (!existsSync(path)) throw new Failure(`${path} is missing; \`${madeBy}\` makes it`);
  return path;
}

/** Whether node:util's parseArgs refused the user's words; its message is a sentence. */
const isWrongOption = (error: unknown): error is Error =>
  (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS_') === true;

/** Reads a JSON file of a known shape, because this project or its tools wrote it. */
export const readJson = <Shape>(path: string): Shape =>
  JSON.parse(readFileSync(path, 'utf8')) as Shape;

/** Returns the last lines of a program's output or of a console, for a failure's message. */
export const lastLines = (text: string, most: number): string =>
  text.trimEnd().split('\n').slice(-most).join('\n');
