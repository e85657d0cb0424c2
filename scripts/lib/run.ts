import { spawn } from 'node:child_process';
import { Failure, lastLines, say } from './report.js';

export interface RunOptions {
  cwd?: string;
  /** Variables to add to this process's environment. undefined removes a name. */
  env?: Record<string, string | undefined>;
  /** The program's standard input; empty by default. */
  input?: string;
  /** The name of this step in progress lines. Without it the step is silent unless it fails. */
  label?: string;
}

/** The number of last lines to show of a failed program: enough for a compiler's error. */
const TAIL = 15;

/**
 * Runs a program without a shell and returns its standard output. With a label, it reports every
 * five seconds how many lines the program has printed so far (make prints one for each file).
 * @throws {Failure} when the program is missing or does not exit with 0. In the latter case the
 *   message has the program's last lines.
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
    // A program that fails early may not read its input. We ignore the pipe's error, because the
    // exit status reports the failure.
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
