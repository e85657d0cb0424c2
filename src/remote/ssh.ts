/** Asks one board through the user's own ssh. */
import { spawn, type ChildProcess } from 'node:child_process';
import { quoteWords } from './shell-words.js';

export interface Way {
  /** ssh's -F. */
  configFile?: string;
  /** KEY=VALUE, as ssh's -o. */
  options: readonly string[];
  /** Seconds to wait for a connection. */
  connect: number;
}

export interface Limits {
  /** Milliseconds for the whole call. */
  time: number;
  /** Bytes of output. */
  output: number;
  /** Milliseconds that ssh has to end after a signal. */
  grace?: number;
}

/** The end of an ssh: by itself (`exit`), or by us. */
type SshEnd = 'exit' | 'no-program' | 'timed-out' | 'too-much' | 'interrupted';

export interface SshResult {
  host: string;
  end: SshEnd;
  /** The exit status of ssh, which is that of the board's program, or 255. */
  exit: number | null;
  signal: string | null;
  stdout: Buffer;
  /** The last messages of ssh and of the board's program. */
  stderr: string;
  seconds: number;
}

/**
 * The arguments of ssh. ssh uses the first of repeated options, so our required options precede the
 * user's. They make sure that ssh asks no question, that only the report is printed, and that the
 * board gets no access to this machine (agent, X11, forwardings). `--` ends the options.
 */
export const sshWords = (
  host: string,
  words: readonly string[],
  { configFile, options, connect }: Way,
): string[] => [
  ...(configFile === undefined ? [] : ['-F', configFile]),
  ...[
    'BatchMode=yes',
    `ConnectTimeout=${connect}`,
    'ForwardAgent=no',
    'ForwardX11=no',
    'ClearAllForwardings=yes',
    'PermitLocalCommand=no',
    'RemoteCommand=none',
    'RequestTTY=no',
    'LogLevel=ERROR',
    ...options,
  ].map((option) => `-o${option}`),
  '--',
  host,
  quoteWords(words),
];

/** Milliseconds for which a child of ssh may keep its output open after ssh has ended. */
const LINGER = 500;
/** The number of characters of messages to keep. */
const MESSAGES = 65_536;
const GRACE = 2000;
/** The number of pieces of output to keep apart. */
const MOST_CHUNKS = 1024;

/** Each ssh that runs now, with the function that ends it. */
const running = new Map<ChildProcess, (end: SshEnd) => void>();

/** Ends every ssh that runs. Each is in a process group of its own, which ^C does not reach. */
export function interruptAll(): void {
  for (const stop of running.values()) stop('interrupted');
}

/** Kills every ssh that runs, because this process ends now. */
export function killAll(): void {
  for (const child of running.keys()) signal(child, 'SIGKILL');
}

/** Signals the group of ssh and its children (a ProxyCommand, the ssh to a jump host). */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // The group has ended meanwhile.
  }
}

/** Asks one host. The promise never rejects; the result says how ssh ended. */
export function ask(
  host: string,
  words: readonly string[],
  way: Way,
  { time, output, grace = GRACE }: Limits,
): Promise<SshResult> {
  const began = performance.now();
  return new Promise((resolve) => {
    const child = spawn('ssh', sshWords(host, words, way), {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const chunks: Buffer[] = [];
    const timers: NodeJS.Timeout[] = [];
    let [length, stderr, end, settled] = [0, '', 'exit' as SshEnd, false];
    const settle = (exit: number | null, by: string | null): void => {
      if (settled) return;
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      running.delete(child);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({
        host,
        end,
        exit,
        signal: by,
        stdout: Buffer.concat(chunks),
        stderr,
        seconds: (performance.now() - began) / 1000,
      });
    };
    const stop = (why: SshEnd): void => {
      if (settled || end !== 'exit') return;
      end = why;
      signal(child, 'SIGTERM');
      timers.push(setTimeout(() => signal(child, 'SIGKILL'), grace));
    };
    running.set(child, stop);
    timers.push(setTimeout(() => stop('timed-out'), time));
    child.stdout.on('data', (chunk: Buffer) => {
      if (length >= output) return;
      chunks.push(chunk.subarray(0, output - length));
      length += chunk.length;
      // A board may send single bytes, and each buffer costs more than its byte.
      if (chunks.length >= MOST_CHUNKS) chunks.splice(0, MOST_CHUNKS, Buffer.concat(chunks));
      if (length > output) stop('too-much');
    });
    child.stderr.on(
      'data',
      (chunk: Buffer) => void (stderr = (stderr + chunk.toString('latin1')).slice(-MESSAGES)),
    );
    child.on('error', (error: NodeJS.ErrnoException) => {
      end = 'no-program';
      stderr = error.code ?? error.message;
      settle(null, null);
    });
    child.on('close', settle);
    // A connection that ssh keeps for later (ControlPersist) may hold these pipes open for long.
    child.on('exit', (exit, by) => void timers.push(setTimeout(() => settle(exit, by), LINGER)));
  });
}
