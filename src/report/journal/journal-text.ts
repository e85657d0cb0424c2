/** The journals of boots for a person: a table of boots, or one boot step by step. */
import { clipped, wrap, wrapBehind } from '../../text/columns.js';
import { scriptWords } from '../../text/script-words.js';
import { duration, moment, plural, stamp } from '../../text/units.js';
import { epochOf, type Boot, type JournalRun } from './boot-runs.js';
import type { BootSummary, RunSummary, Summaries } from './journal-report.js';
import type { Damage } from './parse-journal.js';
import { outcomeWords, untoldWarnings } from './run-words.js';
import { printableData } from '../../text/printable.js';

const WIDTH = 80;
const note = (text: string): string => wrapBehind('      - ', text, 8);
const paragraphs = (texts: readonly string[]): string =>
  texts.map((text) => `${wrap(text, 0)}\n`).join('');

interface BootRow {
  number: string;
  when: string;
  rung: string;
  start: string;
  done: string;
  mark: string;
}

const rowText = ({ number, when, rung, start, done, mark }: BootRow): string =>
  clipped(
    [
      number.padStart(4),
      when.padEnd(19),
      rung.padEnd(14),
      start.padStart(9),
      done.padStart(9),
      mark,
    ]
      .join('  ')
      .trimEnd(),
    WIDTH,
  );

const HEAD: BootRow = {
  number: 'boot',
  when: 'when (UTC)',
  rung: 'rung',
  start: 'start',
  done: 'done',
  mark: '',
};

/** How a run ended, in nine columns. */
function endColumn(run: RunSummary | null): string {
  if (run === null) return '-';
  if (run.ok === null) return 'cut off';
  return run.ok ? duration(run.ms ?? 0) : 'failed';
}

function whenColumn({ when, current }: BootSummary): string {
  if (when !== null) return stamp(Date.parse(when));
  return current ? 'this boot' : 'no clock';
}

function numberColumn({ boot, current }: BootSummary): string {
  if (boot !== null) return String(boot);
  return current ? 'now' : '-';
}

const rowOf = (summary: BootSummary): BootRow => ({
  number: numberColumn(summary),
  when: whenColumn(summary),
  rung: summary.rung ?? 'none',
  start: endColumn(summary.start),
  done: endColumn(summary.done),
  mark: summary.current ? '<- now' : '',
});

const damageWords = ({ line, what }: Damage): string =>
  line === 0 ? what : `line ${line}: ${what}`;

/** Worn flash can damage hundreds of lines; the first three tell enough. */
const DAMAGE_SHOWN = 3;

function damageLines(damage: readonly Damage[], file: string): string[] {
  if (damage.length === 0) return [];
  const shown = damage.slice(0, DAMAGE_SHOWN).map(damageWords);
  const more = damage.length - shown.length;
  return [`damaged: ${file}: ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`];
}

/** A start is the usual way to a root; another way, or a script, is worth a line. */
function howMade({ start }: BootSummary): string[] {
  if (start === null) return [];
  const out: string[] = [];
  if (start.script !== undefined) out.push(`the root was made ${scriptWords(start.script)}`);
  if (start.verb === 'unknown') out.push('what ran first is not known');
  else if (start.verb !== 'start') out.push(`the root was made by ${start.verb}`);
  return out;
}

function runRemarks(run: RunSummary, current: boolean): string[] {
  const { verb, interrupted, ok, error, failed } = run;
  const out: string[] = [];
  if (interrupted && !current) out.push(`${verb} was interrupted: it has no end`);
  if (ok === false) out.push(`${verb} failed${error === null ? '' : `: ${error}`}`);
  for (const each of failed) out.push(`${verb}, step ${each.id} failed: ${each.error}`);
  for (const warning of untoldWarnings(run)) out.push(`${verb} warned: ${warning}`);
  return out;
}

const alsoRan = ({ verb, at, ms }: RunSummary): string =>
  `${verb} ran too, ${moment(at)} after the kernel started` +
  (ms === null ? '' : `, for ${duration(ms)}`);

function confirmation({ confirmed, start, current }: BootSummary): string[] {
  if (confirmed || start?.ok !== true || start.rung !== 'persistent') return [];
  return [
    current
      ? 'not confirmed by done yet'
      : 'never confirmed by done: the power failed before, or done was not called',
  ];
}

function reasonRemark({ reason, because }: BootSummary): string[] {
  if (reason === null) return [];
  return [because === null ? reason : `${reason}: ${because}`];
}

/** Everything about a boot that deserves a line of its own. */
function remarks(summary: BootSummary): string[] {
  const { start, done, others, current, crash, damage, file } = summary;
  const runs = [start, done, ...others].filter((run) => run !== null);
  return [
    ...reasonRemark(summary),
    ...howMade(summary),
    ...runs.flatMap((run) => runRemarks(run, current)),
    ...others.filter(({ ok }) => ok === true).map(alsoRan),
    ...confirmation(summary),
    ...crash.slice(0, 1).map((line) => `the boot before it crashed: ${line}`),
    ...damageLines(damage, file),
  ];
}

const NO_JOURNAL =
  'There is no journal that could be read: none of this boot in /run/mountroot or ' +
  '/tmp/mountroot, and none of boots before on /overlay or /tmp/overlay. ' +
  'It does not tell who made the root.';

/** The boots as a table, the newest last. */
export function renderBoots(summaries: Summaries): string {
  const { boots, problems } = printableData(summaries);
  if (boots.length === 0) return paragraphs([...problems, NO_JOURNAL]);
  const lines = boots.flatMap((summary) => [
    rowText(rowOf(summary)),
    ...remarks(summary).map(note),
  ]);
  const table = [rowText(HEAD), ...lines].join('\n');
  return `${table}\n${problems.length > 0 ? `\n${paragraphs(problems)}` : ''}`;
}

interface StepRow {
  number: string;
  step: string;
  at: string;
  took: string;
  result: string;
}

const ID = 24;
const stepRowText = ({ number, step, at, took, result }: StepRow): string =>
  [number.padStart(4), step.padEnd(ID), at.padStart(10), took.padStart(9), result].join('  ');

function stepLines({ number, id, at, ms, result, error }: JournalRun['steps'][number]): string[] {
  const row = stepRowText({
    number: String(number),
    step: clipped(id, ID),
    at: moment(at),
    took: duration(ms),
    result,
  });
  return error === undefined ? [row] : [row, wrap(error, 6)];
}

const STEP_HEAD = stepRowText({
  number: '#',
  step: 'step',
  at: 'at',
  took: 'took',
  result: 'result',
});

function runHead(run: JournalRun, epoch: number | null): string {
  const { verb, version, at, error, summary } = run;
  const program = version === null ? '' : ` (mountroot ${version})`;
  const date = epoch === null ? '' : ` (${stamp(epoch + at)} UTC)`;
  const what = error ?? summary ?? 'cut off before it was planned';
  return `${verb}${program}, ${moment(at)} after the kernel started${date}: ${what}`;
}

function runOutcome({ ok, ms, exit, rung, reason, because }: JournalRun): string {
  const outcome = ok === null ? 'it was cut off' : `${outcomeWords(ok, ms)}, exit status ${exit}`;
  if (rung === null) return outcome;
  const why = because === null ? '' : `: ${because}`;
  return `${outcome}; rung ${rung}${reason === null ? '' : `, because of ${reason}${why}`}`;
}

function runLines(run: JournalRun, epoch: number | null): string[] {
  const { at, steps, script, planned } = run;
  const out = ['', wrap(runHead(run, epoch), 0), wrap(runOutcome(run), 2)];
  if (script !== undefined) out.push(wrap(`the root was made ${scriptWords(script)}`, 2));
  if (planned !== null && planned - at >= 1)
    out.push(wrap(`${duration(planned - at)} went by before the first plan`, 2));
  if (steps.length > 0) out.push(STEP_HEAD, ...steps.flatMap(stepLines));
  return [...out, ...untoldWarnings(run).map((warning) => wrap(`warning: ${warning}`, 2))];
}

/** `Boot 7`, or what takes the place of a number that is not known. */
export function bootName({ number, current }: Pick<Boot, 'number' | 'current'>): string {
  if (number !== null) return `Boot ${number}`;
  return current ? 'This boot' : 'A boot';
}

function bootHead(boot: Boot, epoch: number | null): string {
  const mark = boot.number !== null && boot.current ? ', this one' : '';
  const clock =
    epoch === null ? 'the clock was not known' : `its kernel started at ${stamp(epoch)} UTC`;
  return `${bootName(boot)}${mark}: ${clock}, ${plural(boot.runs.length, 'verb')} ran`;
}

/** One boot step by step. */
export function renderBoot(asKept: Boot): string {
  const boot = printableData(asKept);
  const { crash, damage, file, runs } = boot;
  const epoch = epochOf(boot);
  const out = [wrap(bootHead(boot, epoch), 0)];
  if (crash.length > 0)
    out.push('', 'The boot before it crashed:', ...crash.map((line) => wrap(line, 2)));
  for (const run of runs) out.push(...runLines(run, epoch));
  const broken = damageLines(damage, file);
  if (broken.length > 0) out.push('', ...broken.map((line) => wrap(line, 0)));
  return `${out.join('\n')}\n`;
}
