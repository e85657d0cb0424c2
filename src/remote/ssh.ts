/** One board is asked through the user's own ssh. */
import { spawn, type ChildProcess } from 'node:child_process';
import { quoteWords } from './shell-words.js';

export interface Way {
  /** ssh's -F. */
  configFile?: string;
  /** KEY=VALUE, as ssh's -o. */
  options: readonly string[];
  /** Seconds until a connection must stand. */
  connect: number;
}

export interface Limits {
  /** Milliseconds for the whole of it. */
  time: number;
  /** Bytes of output. */
  output: number;
  /** Milliseconds that ssh has to end once it is told to. */
  grace?: number;
}

/** How it ended: by itself, or by what we had to do. */
type SshEnd = 'exit' | 'no-program' | 'timed-out' | 'too-much' | 'interrupted';

export interface SshResult {
  host: string;
  end: SshEnd;
  /** What ssh exited with, which is what the board's program exited with, or 255. */
  exit: number | null;
  signal: string | null;
  stdout: Buffer;
  /** Of ssh and of the board's program; the last of it. */
  stderr: string;
  seconds: number;
}

/**
 * The words that ssh is called with. Of an option that is given twice ssh takes the first, so what
 * must hold comes before what the user chooses: nobody is there to answer a question, no output but
 * the report's may come, and a board that is looked at is given nothing of this machine (agent,
 * X11, forwardings). `--` ends the options.
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

/** How long what ssh left behind may keep its output open. */
const LINGER = 500;
/** Of messages. */
const MESSAGES = 65_536;
const GRACE = 2000;

/** Those that run now, for whoever has to end them all. */
const running = new Map<ChildProcess, (end: SshEnd) => void>();

/** Ends every ssh that runs: in groups of their own they do not hear of ^C. */
export function interruptAll(): void {
  for (const stop of running.values()) stop('interrupted');
}

/** At the end of this process there is no time to be polite. */
export function killAll(): void {
  for (const child of running.keys()) signal(child, 'SIGKILL');
}

/** ssh with what it started itself (a ProxyCommand, a jump host's ssh), which are one group. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/** Asks one host. It never rejects: how it ended is what it is for. */
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
    // A connection that ssh keeps for the next one (ControlPersist) may hold these pipes open for
    // long.
    child.on('exit', (exit, by) => void timers.push(setTimeout(() => settle(exit, by), LINGER)));
  });
}
