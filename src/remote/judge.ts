/** Judges the result of asking one board, and of asking all of them. */
import { EXIT } from '../plan/plan.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import { JsonRefused, readJson, readObject } from '../text/read-json.js';
import type { SshResult } from './ssh.js';
import { agentSaid, boardCause, sshCause, type SshCause } from './ssh-says.js';

export const REMOTE_SCHEMA = 'mountroot.remote/1';

/**
 * `problems`: the board reported problems (exit status 4). `failed`: we reached the board, but it
 * could not report. `unreachable`: no complete answer arrived.
 */
type Fate = 'well' | 'degraded' | 'problems' | 'failed' | 'unreachable';

export interface Answer {
  schema: typeof REMOTE_SCHEMA;
  host: string;
  status: Fate;
  /** The exit status of the board's mountroot; null without a complete answer. */
  exit: number | null;
  seconds: number;
  /** A report as data, or as text if it has no data form. */
  output?: unknown;
  /** The reason why the output is missing or incomplete. */
  error?: string;
  /** The same in a few stable words, unless the board's mountroot itself reported it. */
  cause?: string;
  /** The other messages of the board's mountroot. */
  messages?: string[];
}

/** The part of a status that this code reads. It comes from another machine. */
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

/**
 * Older agents do not report whether a root is degraded. A root that has no rung and keeps nothing
 * is degraded: the agent did not run on that board.
 */
function isDegraded(status: Record<string, unknown>, rung: string | null): boolean {
  if (typeof status['degraded'] === 'boolean') return status['degraded'];
  return rung === null ? status['persistent'] !== true : rung !== 'persistent';
}

/** A report's data as a status; null for any other report. */
export function readStatus(value: unknown): RemoteStatus | null {
  const status = object(value);
  if (status === null || text(status['schema'])?.startsWith('mountroot.status/') !== true)
    return null;
  const recorded = object(status['rung']);
  const rung = text(recorded?.['rung']);
  return {
    rung,
    reason: text(recorded?.['reason']),
    because: text(recorded?.['because']),
    todo: text(status['todo']),
    summary: text(status['summary']) ?? '',
    degraded: isDegraded(status, rung),
  };
}

export interface Question {
  /** The path of mountroot on the boards. */
  command: string;
  /** True if the answer must be JSON. */
  data: boolean;
  limits: { time: number; output: number };
}

type CutShort = Exclude<SshResult['end'], 'exit'>;
type SayCutShort = (result: SshResult, limits: Question['limits'], had: string) => string;

/** The sentence about an ssh that did not end by itself. */
const CUT_SHORT: Readonly<Record<CutShort, { short: string; say: SayCutShort }>> = {
  'timed-out': {
    short: 'timed out',
    say: ({ host }, { time }, had) =>
      `${host} did not answer within ${time / 1000} s${had}: it hangs or is slow, ` +
      'or the network is; look at its console, or give it more with --timeout',
  },
  'too-much': {
    short: 'too much',
    say: ({ host }, { output }) =>
      `${host} sent more than ${output >> 20} MiB, which no report is; ` +
      'what answers there may not be mountroot',
  },
  interrupted: {
    short: 'interrupted',
    say: ({ host }, _, had) => `${host} was not waited for${had}, because this was interrupted`,
  },
  'no-program': {
    short: 'no ssh',
    say: ({ stderr }) => `ssh cannot be run here (${stderr}); install openssh-client`,
  },
};

/** The reason why no complete answer arrived; null if one did. */
function unreachableCause(result: SshResult, { limits }: Question): SshCause | null {
  const { host, end, exit, signal, stdout, stderr } = result;
  const { length } = stdout;
  if (end !== 'exit') {
    const had = length === 0 ? '' : ` (${length} bytes had come)`;
    const { short, say } = CUT_SHORT[end];
    return { short, sentence: say(result, limits, had) };
  }
  if (exit === null)
    return {
      short: 'ssh failed',
      sentence: `ssh to ${host} was ended by ${signal ?? 'something'}`,
    };
  if (exit !== 255) return null;
  const cause = sshCause(host, stderr, length);
  if (length === 0) return cause;
  return {
    short: 'cut off',
    sentence: `${cause.sentence} (${length} bytes of its answer had come)`,
  };
}

const head = ({ host, seconds }: SshResult) =>
  ({ schema: REMOTE_SCHEMA, host, seconds: Math.round(seconds * 100) / 100 }) as const;

/** The output of the board's mountroot: data, text, nothing, or something that is no report. */
type Printed = { output?: unknown; degraded: boolean } | { noReport: string };

function printedData(stdout: Buffer, hasMessages: boolean): Printed {
  try {
    const output = readJson(stdout.toString('utf8'), JSON_LIMITS.answer);
    return { output, degraded: readStatus(output)?.degraded ?? false };
  } catch (error) {
    if (error instanceof JsonRefused && error.code !== 'no-json')
      return { noReport: `${stdout.length} bytes of JSON that ${error.message}` };
    // A verb that is refused or has nothing to report prints messages and no output.
    if (stdout.length === 0 && hasMessages) return { degraded: false };
    return {
      noReport: stdout.length === 0 ? 'nothing' : `${stdout.length} bytes that are no JSON`,
    };
  }
}

/** The text of a report. A status in the board's own words also shows the board's condition. */
function printedText(stdout: Buffer): Printed {
  if (stdout.length === 0) return { degraded: false };
  return { output: stdout.toString('utf8'), degraded: degradedIn(stdout) };
}

function degradedIn(stdout: Buffer): boolean {
  if (!stdout.subarray(0, 200).toString('latin1').includes('"mountroot.status/')) return false;
  return readStatus(readObject(stdout.toString('utf8'), JSON_LIMITS.answer))?.degraded ?? false;
}

/** With these exit statuses a verb has reported, regardless of its messages. */
const REPORTED: readonly number[] = [EXIT.done, EXIT.degraded, EXIT.problems];

function answerOf(result: SshResult, exit: number, question: Question): Answer {
  const { host, stdout, stderr } = result;
  const messages = agentSaid(stderr);
  const printed = question.data ? printedData(stdout, messages.length > 0) : printedText(stdout);
  if ('noReport' in printed)
    return {
      ...head(result),
      status: 'failed',
      exit,
      cause: 'no report',
      error:
        `${host} answered with ${printed.noReport}: what a login prints there ` +
        "(its shell's profile) may be in the way, " +
        `or another program is called ${question.command}`,
    };
  const { degraded, ...output } = printed;
  const error = REPORTED.includes(exit) ? undefined : messages.at(-1);
  return {
    ...head(result),
    exit,
    ...(error !== undefined && { error }),
    ...(messages.length > 0 && { messages }),
    status: fateOf(exit, degraded),
    ...output,
  };
}

/** An answer that could not be judged or shown, because of a fault of this program. */
export const notJudged = (result: SshResult, error: unknown): Answer => ({
  ...head(result),
  status: 'failed',
  exit: result.exit,
  cause: 'no report',
  error:
    `what ${result.host} answered could not be understood (${String(error).slice(0, 200)}); ` +
    'ask it alone, and report this with what it prints',
});

/** The part of an answer that the end of the table needs. The rest may be large. */
export const inShort = ({ schema, host, status, exit, seconds }: Answer): Answer => ({
  schema,
  host,
  status,
  exit,
  seconds,
});

/** The answer of one board. */
export function judge(result: SshResult, question: Question): Answer {
  const unreachable = unreachableCause(result, question);
  if (unreachable !== null)
    return {
      ...head(result),
      status: 'unreachable',
      exit: null,
      error: unreachable.sentence,
      cause: unreachable.short,
    };
  const { host, stderr } = result;
  const exit = result.exit!;
  const cause = boardCause({ host, exit, command: question.command }, stderr);
  if (cause !== null)
    return { ...head(result), status: 'failed', exit, error: cause.sentence, cause: cause.short };
  return answerOf(result, exit, question);
}

function fateOf(exit: number, degraded: boolean): Fate {
  if (exit === EXIT.done) return degraded ? 'degraded' : 'well';
  if (exit === EXIT.degraded) return 'degraded';
  return exit === EXIT.problems ? 'problems' : 'failed';
}

/** The exit status for all answers. The first row that matches one of them counts. */
const WORST_FIRST: readonly { when: (answer: Answer) => boolean; exit: number }[] = [
  { when: ({ status }) => status === 'unreachable', exit: EXIT.unreachable },
  { when: ({ status }) => status === 'degraded', exit: EXIT.degraded },
  {
    when: ({ status, exit }) => status === 'failed' && exit !== EXIT.refused && exit !== EXIT.usage,
    exit: EXIT.failed,
  },
  { when: ({ status, exit }) => status === 'failed' && exit === EXIT.refused, exit: EXIT.refused },
  { when: ({ status }) => status === 'failed', exit: EXIT.usage },
  { when: ({ status }) => status === 'problems', exit: EXIT.problems },
];

/** The exit status of `remote`: the worst result of the boards. */
export const exitOf = (answers: readonly Answer[]): number =>
  WORST_FIRST.find(({ when }) => answers.some(when))?.exit ?? EXIT.done;

/** The hosts with this result. */
export const hostsWith = (answers: readonly Answer[], fate: Fate): string[] =>
  answers.filter(({ status }) => status === fate).map(({ host }) => host);

/** The number of boards that we reached. */
export const answeredCount = (answers: readonly Answer[]): number =>
  answers.length - hostsWith(answers, 'unreachable').length;

/** `2 of 4 answered; unreachable: c, d; degraded: b` */
export function closingLine(answers: readonly Answer[]): string {
  const fates = (['unreachable', 'degraded', 'failed', 'problems'] as const).flatMap((fate) => {
    const hosts = hostsWith(answers, fate);
    return hosts.length === 0 ? [] : [`${fate}: ${hosts.join(', ')}`];
  });
  return [`${answeredCount(answers)} of ${answers.length} answered`, ...fates].join('; ');
}
