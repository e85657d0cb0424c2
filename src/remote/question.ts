import type { Log } from '../log/log.js';
import { checkReport, REPORTS } from './reports.js';

/** Words that cannot be used: one sentence. */
class QuestionError extends Error {
  override name = 'QuestionError';
}

export interface Wanted {
  /** What stands behind `--`; null where nothing does. */
  report: readonly string[] | null;
  hosts: readonly string[];
  bundle: boolean;
  /** Answers are shown as data. */
  asData: boolean;
}

/**
 * The report that is asked for, in the words that go over the line; `data`: they ask for JSON.
 * `table`: it is shown as one row a board.
 */
export function reportWanted({ report, hosts, bundle, asData }: Wanted): {
  words: string[];
  table: boolean;
  data: boolean;
} {
  if (bundle) {
    if (report !== null)
      throw new QuestionError(
        '--bundle asks for everything at once; leave out what stands behind --',
      );
    return { words: ['bundle'], table: false, data: false };
  }
  const verb =
    report === null
      ? hosts.slice(1).find((host) => REPORTS.some((each) => each.verb[0] === host))
      : undefined;
  if (verb !== undefined)
    throw new QuestionError(
      `${verb} is taken for a host here; write \`-- ${verb}\` for the report`,
    );
  const checked = checkReport(report ?? ['status']);
  if ('refused' in checked) throw new QuestionError(checked.refused);
  if (checked.report.verb[0] === 'bundle')
    throw new QuestionError('a bundle is a file; ask for it with --bundle');
  const { words } = checked;
  const form = words.find((word) => /^--(?:json|ndjson|format=.*)$/.test(word));
  const table = !asData && words.length === 1 && words[0] === 'status';
  if (form === undefined && (table || (asData && checked.report.json !== undefined)))
    return { words: [...words, checked.report.json!], table, data: true };
  return { words, table: false, data: asData && (form === '--json' || form === '--format=json') };
}

/** A message of a board's mountroot, at its own level. */
export function passOn(log: Log, message: string): void {
  const [, level, text] = /^(?:(info|warn|debug): )?(.*)$/s.exec(message)!;
  if (level === 'info') log.info(text!);
  else if (level === 'warn') log.warn(text!);
  else if (level === 'debug') log.debug(text!);
  else log.error(text!);
}
