/** What became of asking one board, and what of all of them. */
import { EXIT } from '../plan/plan.js';
import type { SshResult } from './ssh.js';
import { agentSaid, boardCause, sshCause, type SshCause } from './ssh-says.js';

export const REMOTE_SCHEMA = 'mountroot.remote/1';

/**
 * `problems`: it reported them (exit status 4); `failed`: it was reached, and could not report;
 * `unreachable`: no whole answer came.
 */
type Fate = 'well' | 'degraded' | 'problems' | 'failed' | 'unreachable';

export interface Answer {
  schema: typeof REMOTE_SCHEMA;
  host: string;
  status: Fate;
  /** What the board's mountroot exited with; null where no whole answer came. */
  exit: number | null;
  seconds: number;
  /** A report as data, or the text of one that has no such form. */
  output?: unknown;
  /** Why there is no output, or none that is whole. */
  error?: string;
  /**
   * The same in a few words that do not change; only where it is not the board's mountroot that
   * said it.
   */
  cause?: string;
  /** What the board's mountroot said besides. */
  messages?: string[];
}

/** The part of a status that is looked at here; it comes from another machine. */
export interface RemoteStatus {
  rung: string | null;
  reason: string | null;
  because: string | null;
  todo: string | null;
  summary: string;
  degraded: boolean;
}

const text = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : null;
const object = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;

/** A root that nobody made and that keeps nothing is a board whose agent did not run. */
export function readStatus(value: unknown): RemoteStatus | null {
  const status = object(value);
  if (status === null || !String(status['schema']).startsWith('mountroot.status/')) return null;
  const recorded = object(status['rung']);
  const rung = text(recorded?.['rung']);
  const degraded =
    typeof status['degraded'] === 'boolean'
      ? status['degraded']
      : rung === null
        ? status['persistent'] !== true
        : rung !== 'persistent';
  return {
    rung,
    reason: text(recorded?.['reason']),
    because: text(recorded?.['because']),
    todo: text(status['todo']),
    summary: text(status['summary']) ?? '',
    degraded,
  };
}

export interface Question {
  /** Where mountroot is on the boards. */
  command: string;
  /** The answer is to be JSON. */
  data: boolean;
  limits: { time: number; output: number };
}

function cutShort({ host, end, stdout, stderr }: SshResult, { limits }: Question): SshCause | null {
  const had = stdout.length === 0 ? '' : ` (${stdout.length} bytes had come)`;
  if (end === 'timed-out')
    return {
      short: 'timed out',
      sentence: `${host} did not answer within ${limits.time / 1000} s${had}: it hangs or is slow, or the network is; look at its console, or give it more with --timeout`,
    };
  if (end === 'too-much')
    return {
      short: 'too much',
      sentence: `${host} sent more than ${limits.output >> 20} MiB, which no report is; what answers there may not be mountroot`,
    };
  if (end === 'interrupted')
    return {
      short: 'interrupted',
      sentence: `${host} was not waited for${had}, because this was interrupted`,
    };
  if (end === 'no-program')
    return {
      short: 'no ssh',
      sentence: `ssh cannot be run here (${stderr}); install openssh-client`,
    };
  return null;
}

const unreachable = (ended: SshResult, { short, sentence }: SshCause): Answer => ({
  ...head(ended),
  status: 'unreachable',
  exit: null,
  error: sentence,
  cause: short,
});
const head = ({ host, seconds }: SshResult) =>
  ({ schema: REMOTE_SCHEMA, host, seconds: Math.round(seconds * 100) / 100 }) as const;

/** The answer of one board. */
export function judge(ended: SshResult, question: Question): Answer {
  const { host, exit, signal, stdout, stderr } = ended;
  const cut = cutShort(ended, question);
  if (cut !== null) return unreachable(ended, cut);
  if (exit === 255) {
    const cause = sshCause(host, stderr, stdout.length);
    return unreachable(
      ended,
      stdout.length === 0
        ? cause
        : {
            short: 'cut off',
            sentence: `${cause.sentence} (${stdout.length} bytes of its answer had come)`,
          },
    );
  }
  if (exit === null)
    return unreachable(ended, {
      short: 'ssh failed',
      sentence: `ssh to ${host} was ended by ${signal ?? 'something'}`,
    });
  const cause = boardCause(host, exit, stderr, question.command);
  if (cause !== null)
    return { ...head(ended), status: 'failed', exit, error: cause.sentence, cause: cause.short };
  const messages = agentSaid(stderr);
  const error =
    exit === EXIT.done || exit === EXIT.degraded || exit === EXIT.problems
      ? undefined
      : messages.at(-1);
  const answered = {
    ...head(ended),
    exit,
    ...(error !== undefined && { error }),
    ...(messages.length > 0 && { messages }),
  };
  if (!question.data)
    return {
      ...answered,
      status: fateOf(exit, degradedIn(stdout)),
      ...(stdout.length > 0 && { output: stdout.toString('utf8') }),
    };
  let output: unknown;
  try {
    output = JSON.parse(stdout.toString('utf8'));
  } catch {
    // A verb that is refused, or has nothing to report, says so on stderr, and nothing else.
    if (stdout.length === 0 && messages.length > 0)
      return { ...answered, status: fateOf(exit, false) };
    const what = stdout.length === 0 ? 'nothing' : `${stdout.length} bytes that are no JSON`;
    return {
      ...head(ended),
      status: 'failed',
      exit,
      cause: 'no report',
      error: `${host} answered with ${what}: what a login prints there (its shell's profile) may be in the way, or another program is called ${question.command}`,
    };
  }
  return { ...answered, status: fateOf(exit, readStatus(output)?.degraded ?? false), output };
}

/** A status that somebody wants as the board writes it says nevertheless how the board is. */
function degradedIn(stdout: Buffer): boolean {
  if (!stdout.subarray(0, 200).toString('latin1').includes('"mountroot.status/')) return false;
  try {
    return readStatus(JSON.parse(stdout.toString('utf8')))?.degraded ?? false;
  } catch {
    return false;
  }
}

function fateOf(exit: number, degraded: boolean): Fate {
  if (exit === EXIT.done) return degraded ? 'degraded' : 'well';
  return exit === EXIT.degraded ? 'degraded' : exit === EXIT.problems ? 'problems' : 'failed';
}

/**
 * The worst of what the boards came to: 6 where one was not reached, else 3 where one is degraded,
 * else 1 (failed), 5 (refused), 2 (not understood), 4 (found problems), as one of them said.
 */
export function exitOf(answers: readonly Answer[]): number {
  if (answers.some(({ status }) => status === 'unreachable')) return EXIT.unreachable;
  if (answers.some(({ status }) => status === 'degraded')) return EXIT.degraded;
  const failed = answers.filter(({ status }) => status === 'failed').map(({ exit }) => exit);
  if (failed.some((exit) => exit !== EXIT.refused && exit !== EXIT.usage)) return EXIT.failed;
  if (failed.length > 0) return failed.includes(EXIT.refused) ? EXIT.refused : EXIT.usage;
  return answers.some(({ status }) => status === 'problems') ? EXIT.problems : EXIT.done;
}

/** `2 of 4 answered; unreachable: c, d; degraded: b` */
export function closingLine(answers: readonly Answer[]): string {
  const parts = [
    `${answers.filter(({ status }) => status !== 'unreachable').length} of ${answers.length} answered`,
  ];
  for (const fate of ['unreachable', 'degraded', 'failed', 'problems'] as const) {
    const hosts = answers.filter(({ status }) => status === fate).map(({ host }) => host);
    if (hosts.length > 0) parts.push(`${fate}: ${hosts.join(', ')}`);
  }
  return parts.join('; ');
}
