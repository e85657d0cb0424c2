import type { Log } from '../log/log.js';
import { checkReport, type RemoteReport } from './reports.js';

/** Invalid words. The message is one sentence. */
class QuestionError extends Error {
  override name = 'QuestionError';
}

interface Wanted {
  /** The words after `--`; null without them. */
  report: readonly string[] | null;
  hosts: readonly string[];
  bundle: boolean;
  /** Answers are shown as data. */
  asData: boolean;
}

/** The report to ask for. */
export interface ReportWanted {
  /** The words to send. */
  words: string[];
  /** True if each board's answer is one row. */
  table: boolean;
  /** True if the words ask for JSON. */
  data: boolean;
}

/** A report's name among the hosts means that the user forgot `--`. */
function checkHosts(hosts: readonly string[], reports: readonly RemoteReport[]): void {
  const verb = hosts.slice(1).find((host) => reports.some((each) => each.verb[0] === host));
  if (verb !== undefined)
    throw new QuestionError(
      `${verb} is taken for a host here; write \`-- ${verb}\` for the report`,
    );
}

function bundleWanted(report: Wanted['report']): ReportWanted {
  if (report !== null)
    throw new QuestionError(
      '--bundle asks for everything at once; leave out what stands behind --',
    );
  return { words: ['bundle'], table: false, data: false };
}

/** An option for the form of the board's answer. */
const FORM = /^--(?:json|ndjson|format=.*)$/;

/** @throws one sentence for invalid words. */
export function reportWanted(
  { report, hosts, bundle, asData }: Wanted,
  reports: readonly RemoteReport[],
): ReportWanted {
  if (bundle) return bundleWanted(report);
  if (report === null) checkHosts(hosts, reports);
  const checked = checkReport(report ?? ['status'], reports);
  if ('refused' in checked) throw new QuestionError(checked.refused);
  const { words } = checked;
  const { verb, json } = checked.report;
  if (verb[0] === 'bundle') throw new QuestionError('a bundle is a file; ask for it with --bundle');
  const form = words.find((word) => FORM.test(word));
  if (form !== undefined)
    return { words, table: false, data: asData && ['--json', '--format=json'].includes(form) };
  const table = !asData && words.join(' ') === 'status';
  return (table || asData) && json !== undefined
    ? { words: [...words, json], table, data: true }
    : { words, table: false, data: false };
}

/** The levels that a board's mountroot writes before a message (src/log); an error has none. */
const LEVELS = ['info', 'warn', 'debug'] as const;

/** Passes on a message of a board's mountroot, at its own level. */
export function passOn(log: Log, message: string): void {
  const level = LEVELS.find((name) => message.startsWith(`${name}: `));
  if (level === undefined) log.error(message);
  else log[level](message.slice(`${level}: `.length));
}
