import { scriptWords } from '../../text/script-words.js';
import { duration, moment, plural, stamp } from '../../text/units.js';
import { epochOf, type Boot, type JournalRun } from './boot-runs.js';
import type { Damage } from './parse-journal.js';
import type { BootSummary, RunSummary, Summaries } from './journal-report.js';
import { wrap, clipped } from '../../text/columns.js';

const INDENT = 6;
const note = (text: string): string =>
  wrap(text, INDENT + 2).replace(/^ {8}/, `${' '.repeat(INDENT)}- `);

/** How a run ended, in ten columns. */
const took = (run: RunSummary | null): string =>
  run === null ? '-' : run.ok === null ? 'cut off' : run.ok ? duration(run.ms ?? 0) : 'failed';
const columns = (
  number: string,
  when: string,
  rung: string,
  start: string,
  done: string,
  reason: string,
): string =>
  clipped(
    `${number.padStart(4)}  ${when.padEnd(19)}  ${rung.padEnd(14)}  ${start.padStart(9)}  ${done.padStart(9)}  ${reason}`.trimEnd(),
    80,
  );

const damageWords = ({ line, what }: Damage): string =>
  line === 0 ? what : `line ${line}: ${what}`;
/** Flash that is worn may give hundreds of bad lines, and the first ones tell enough. */
function damageLines(damage: readonly Damage[], file: string): string[] {
  if (damage.length === 0) return [];
  const shown = damage.slice(0, 3).map(damageWords);
  return [
    `damaged: ${file}: ${shown.join('; ')}${damage.length > shown.length ? `; and ${damage.length - shown.length} more` : ''}`,
  ];
}

/** What is worth a line of its own. */
function remarks(summary: BootSummary): string[] {
  const { start, done, others, reason, because, confirmed, current, crash, damage, file } = summary;
  const out: string[] = [];
  const runs = [start, done, ...others].filter((run) => run !== null);
  if (reason !== null) out.push(`${reason}${because === null ? '' : `: ${because}`}`);
  if (start?.script !== undefined) out.push(`the root was made ${scriptWords(start.script)}`);
  if (start !== null && start.verb !== 'start')
    out.push(
      start.verb === 'unknown'
        ? 'what ran first is not known'
        : `the root was made by ${start.verb}`,
    );
  for (const { verb, interrupted, ok, error, failed, warnings } of runs) {
    if (interrupted && !current) out.push(`${verb} was interrupted: it has no end`);
    if (ok === false) out.push(`${verb} failed${error === null ? '' : `: ${error}`}`);
    for (const each of failed) out.push(`${verb}, step ${each.id} failed: ${each.error}`);
    const told = new Set(failed.map(({ error: text }) => text));
    for (const warning of new Set(warnings))
      if (!told.has(warning)) out.push(`${verb} warned: ${warning}`);
  }
  for (const { verb, at, ms, ok } of others)
    if (ok === true)
      out.push(
        `${verb} ran too, ${moment(at)} after the kernel started${ms === null ? '' : `, for ${duration(ms)}`}`,
      );
  if (!confirmed && start?.ok === true && start.rung === 'persistent')
    out.push(
      current
        ? 'not confirmed by done so far'
        : 'never confirmed by done: the power went before, or done was not called',
    );
  if (crash.length > 0) out.push(`the boot before it crashed: ${crash[0]}`);
  return [...out, ...damageLines(damage, file)];
}

/** The boots as a table, the newest last. */
export function renderBoots({ boots, problems }: Summaries): string {
  if (boots.length === 0)
    return wrapped([
      ...problems,
      'There is no journal: mountroot made no root in this boot, and no data volume with the journals of boots before is mounted.',
    ]);
  const out = [columns('boot', 'when (UTC)', 'rung', 'start', 'done', '')];
  for (const summary of boots) {
    const when =
      summary.when === null
        ? summary.current
          ? 'this boot'
          : 'no clock'
        : stamp(Date.parse(summary.when));
    out.push(
      columns(
        summary.boot === null ? (summary.current ? 'now' : '-') : String(summary.boot),
        when,
        summary.rung ?? 'none',
        took(summary.start),
        took(summary.done),
        summary.current ? '<- now' : '',
      ),
    );
    out.push(...remarks(summary).map(note));
  }
  return `${out.join('\n')}\n${problems.length > 0 ? `\n${wrapped(problems)}` : ''}`;
}

const wrapped = (texts: readonly string[]): string =>
  texts.map((text) => `${wrap(text, 0)}\n`).join('');

const stepLine = (step: JournalRun['steps'][number]): string => {
  const line = `${String(step.number).padStart(4)}  ${clipped(step.id, 24).padEnd(24)}  ${moment(step.at).padStart(10)}  ${duration(step.ms).padStart(9)}  ${step.result}`;
  return step.error === undefined ? line : `${line}\n${wrap(step.error, 6)}`;
};

function runLines(run: JournalRun, epoch: number | null): string[] {
  const {
    verb,
    version,
    at,
    summary,
    ok,
    error,
    ms,
    steps,
    warnings,
    rung,
    reason,
    failed,
    exit,
    planned,
  } = run;
  const date = epoch === null ? '' : ` (${stamp(epoch + at)} UTC)`;
  const outcome =
    ok === null
      ? 'it was cut off'
      : `${ok ? 'took' : 'failed after'} ${duration(ms ?? 0)}, exit status ${exit}`;
  const out = [
    '',
    wrap(
      `${verb}${version === null ? '' : ` (mountroot ${version})`}, ${moment(at)} after the kernel started${date}: ${error ?? summary ?? 'cut off before it was planned'}`,
      0,
    ),
  ];
  out.push(
    wrap(
      `${outcome}${rung === null ? '' : `; rung ${rung}${reason === null ? '' : `, because of ${reason}${run.because === null ? '' : `: ${run.because}`}`}`}`,
      2,
    ),
  );
  if (run.script !== undefined) out.push(wrap(`the root was made ${scriptWords(run.script)}`, 2));
  if (planned !== null && planned - at >= 1)
    out.push(wrap(`${duration(planned - at)} went by before the first plan`, 2));
  if (steps.length > 0)
    out.push(`   #  ${'step'.padEnd(24)}  ${'at'.padStart(10)}  ${'took'.padStart(9)}  result`);
  out.push(...steps.map(stepLine));
  const told = new Set(failed.map(({ error: text }) => text));
  out.push(
    ...warnings
      .filter((warning) => !told.has(warning))
      .map((warning) => wrap(`warning: ${warning}`, 2)),
  );
  return out;
}

/** One boot step by step. */
export function renderBoot(boot: Boot): string {
  const epoch = epochOf(boot);
  const name =
    boot.number === null
      ? boot.current
        ? 'This boot'
        : 'A boot'
      : `Boot ${boot.number}${boot.current ? ', this one' : ''}`;
  const { crash, damage, file, runs } = boot;
  const out = [
    wrap(
      `${name}: ${epoch === null ? 'the clock was not known' : `its kernel started at ${stamp(epoch)} UTC`}, ${plural(runs.length, 'verb')} ran`,
      0,
    ),
  ];
  if (crash.length > 0)
    out.push('', 'The boot before it crashed:', ...crash.map((line) => wrap(line, 2)));
  for (const run of runs) out.push(...runLines(run, epoch));
  const broken = damageLines(damage, file);
  if (broken.length > 0) out.push('', ...broken.map((line) => wrap(line, 0)));
  return `${out.join('\n')}\n`;
}
