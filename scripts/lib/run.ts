import { spawn } from 'node:child_process';
import { Failure, say } from './report.js';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment; undefined takes a name out of it. */
  env?: Record<string, string | undefined>;
  /** What the program reads on its standard input; without it nothing. */
  input?: string;
  /** What the line of progress calls this step; without it the step is silent until it fails. */
  label?: string;
}

/**
 * How many of a failed program's last lines are shown: enough for a compiler's error with its
 * context.
 */
const TAIL = 15;

/**
 * Runs a program without a shell and returns what it printed on stdout. With a label, says every
 * five seconds how many lines the program has printed so far (a compiler's are files).
 * @throws {Failure} when the program is missing or exits with another status than 0, with its last
 *   lines.
 */
export function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    // A program that fails early need not read what it is given; its status tells.
    child.stdin?.on('error', () => {}).end(options.input);
    const output: string[] = [];
    const everything: string[] = [];
    let lines = 0;
    const take = (sink: string[]) => (chunk: string) => {
      sink.push(chunk);
      if (sink !== everything) everything.push(chunk);
      lines += chunk.split('\n').length - 1;
    };
    child.stdout!.setEncoding('utf8').on('data', take(output));
    child.stderr!.setEncoding('utf8').on('data', take(everything));
    const timer = options.label
      ? setInterval(() => say(`${options.label} … ${lines} lines of output`), 5000)
      : undefined;
    child.on('error', (error: NodeJS.ErrnoException) => {
      clearInterval(timer);
      reject(
        new Failure(
          `cannot run ${program}: ${error.code === 'ENOENT' ? 'it is not installed; scripts/setup.sh installs what is needed' : error.message}`,
        ),
      );
    });
    child.on('close', (status, signal) => {
      clearInterval(timer);
      if (status === 0) return resolve(output.join(''));
      const tail = everything
        .join('')
        .trimEnd()
        .split('\n')
        .slice(-TAIL)
        .map((line) => `  ${line}`)
        .join('\n');
      reject(
        new Failure(
          `${[program, ...args].join(' ')} ${signal ? `was ended by ${signal}` : `exited with ${status}`}; its last lines were:\n${tail}`,
        ),
      );
    });
  });
}
