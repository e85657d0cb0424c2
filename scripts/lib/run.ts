import { spawn } from 'node:child_process';
import { Failure, lastLines, say } from './report.js';

export interface RunOptions {
  cwd?: string;
  /** Added to this process's environment; undefined takes a name out of it. */
  env?: Record<string, string | undefined>;
  /** The program's standard input; empty by default. */
  input?: string;
  /** The name of this step in lines of progress; without it the step is silent until it fails. */
  label?: string;
}

/** How many last lines of a failed program we show: enough for a compiler's error. */
const TAIL = 15;

/**
 * Runs a program without a shell and returns its standard output. With a label, prints every five
 * seconds how many lines the program has printed so far (make prints one for each file).
 * @throws {Failure} when the program is missing, and when it does not exit with 0: with its last
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
    // A program that fails early may not read its input: its status tells, not this pipe.
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
      const reason =
        error.code === 'ENOENT'
          ? 'it is not installed; scripts/setup.sh installs what is needed'
          : error.message;
      reject(new Failure(`cannot run ${program}: ${reason}`));
    });
    child.on('close', (status, signal) => {
      clearInterval(timer);
      if (status === 0) return resolve(output.join(''));
      const ended = signal ? `was ended by ${signal}` : `exited with ${status}`;
      const tail = lastLines(everything.join(''), TAIL).replace(/^/gm, '  ');
      reject(
        new Failure(`${[program, ...args].join(' ')} ${ended}; its last lines were:\n${tail}`),
      );
    });
  });
}
