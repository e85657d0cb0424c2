import type { FullStatus, Pending } from './full-status.js';
import { healthWords } from './health-words.js';
import { rootEvidence, rootWords } from '../root/root-words.js';
import type { RootMaker } from '../root/todays-root.js';
import { spaceWords } from './space-words.js';
import { outcomeWords } from '../journal/run-words.js';
import { scriptWords } from '../../text/script-words.js';
import type { Status, StatusStep } from './root-status.js';
import { listed } from '../../text/listed.js';
import { duration, moment, size, stamp } from '../../text/units.js';
import { oneLine, wrap } from '../../text/columns.js';
import { printableData } from '../../text/printable.js';

/** A serial console shows 24 lines; the prompt takes one of them. */
const LINES = 23;
const LABEL = 10;

interface StatusRow {
  label: string;
  lines: string[];
}

const row = (label: string, text: string): StatusRow => ({
  label,
  lines: wrap(oneLine(text), LABEL)
    .split('\n')
    .map((line) => line.slice(LABEL)),
});
const shown = ({ label, lines }: StatusRow): string[] =>
  lines.map((line, index) => `${(index === 0 ? label : '').padEnd(LABEL)}${line}`.trimEnd());

/** Cuts the longest row, the lower one of two, until all rows fit. */
function fitted(rows: StatusRow[], most: number): { rows: StatusRow[]; cut: boolean } {
  const out = rows.map(({ label, lines }) => ({ label, lines: [...lines] }));
  const total = (): number => out.reduce((sum, { lines }) => sum + lines.length, 0);
  if (total() <= most) return { rows: out, cut: false };
  while (total() > most - 1) {
    const longest = out.reduce((a, b) => (b.lines.length >= a.lines.length ? b : a));
    if (longest.lines.length === 1) {
      out.pop();
      continue;
    }
    longest.lines.pop();
    const last = longest.lines.length - 1;
    longest.lines[last] = `${longest.lines[last]!.replace(/ ?…$/, '').slice(0, 80 - LABEL - 2)} …`;
  }
  return { rows: out, cut: true };
}

function sinceWords(since: FullStatus['since']): string {
  if (since === null) return '';
  const when =
    since.when === null
      ? `${moment(since.at)} after the kernel started`
      : `${stamp(Date.parse(since.when))} UTC`;
  return `, since ${when} (${duration(since.ago)} ago)`;
}

function rungText({ rung, since, degraded, recordTrouble, start }: FullStatus): string {
  if (rung !== null) return `${rung.rung}${degraded ? ' (degraded)' : ''}${sinceWords(since)}`;
  if (recordTrouble !== null) return `not known: ${recordTrouble}`;
  return start === null
    ? 'none: no start of mountroot is recorded in this boot'
    : 'none: the start of this boot recorded none';
}

/** Roots that nobody made: the kernel mounted them, and the row above says all about them. */
const UNMADE: readonly RootMaker[] = ['image', 'writable', 'memory', 'initramfs', 'unknown'];

/** Who made the root, if mountroot did not. */
function madeByText({ madeBy }: FullStatus): string | null {
  if (madeBy === null || UNMADE.includes(madeBy.maker)) return null;
  return `${rootWords(madeBy)} (${rootEvidence(madeBy)})`;
}

function reasonText({ rung }: FullStatus): string | null {
  if (rung === null || rung.reason === null) return null;
  return rung.because === null ? rung.reason : `${rung.reason}: ${rung.because}`;
}

function spaceText({ space, data }: FullStatus): string | null {
  if (space !== null) return spaceWords(space);
  if (data === null) return null;
  if (data.space === null) return `${data.mountpoint}: its space is not known`;
  return `${data.mountpoint}: ${size(data.space.free)} free of ${size(data.space.total)}`;
}

function confirmedWords({ boot }: FullStatus): string {
  const done = boot?.done;
  if (!done) return 'done was not called yet';
  if (boot.confirmed) return `confirmed by done at ${moment(done.at + (done.ms ?? 0))}`;
  return done.ok === null ? 'done has not ended yet' : `done ended with status ${done.exit}`;
}

function startText(status: FullStatus): string {
  const { start } = status;
  if (start === null)
    return status.recordTrouble === null
      ? 'no journal of a start in this boot'
      : `not known: ${status.recordTrouble}`;
  const outcome = outcomeWords(start.ok, start.ms);
  const made = start.script === undefined ? '' : `, ${scriptWords(start.script)}`;
  const head = `${outcome}${made}, ${moment(start.at)} after the kernel started`;
  return start.ok === true
    ? `${head}; ${confirmedWords(status)}`
    : `${head}: ${start.error ?? start.summary}`;
}

function bootText({ boot }: FullStatus): string | null {
  if (boot === null) return null;
  const { number, kept, attempts } = boot;
  const out = [
    number === null ? 'not kept on the data volume' : `number ${number} on this volume`,
    `${KEPT[kept] ?? `${kept} boots`} in \`mountroot journal\``,
  ];
  if (attempts !== null && attempts > 0)
    out.push(
      `${attempts === 1 ? 'this start is' : `${attempts} starts are`} not confirmed by done`,
    );
  return out.join('; ');
}

const KEPT = ['no boots', 'one boot'];

function changedText({ before, differences, boot }: FullStatus): string | null {
  if (before === null || boot === null) return null;
  const name = before.boot === null ? 'the boot before' : `boot ${before.boot}`;
  if (differences.length === 0) return `nothing since ${name}`;
  return `since ${name}: ${differences.map(({ says }) => says).join('; ')}`;
}

function resetWords(reset: Pending['reset']): string | null {
  if (reset === null || typeof reset !== 'object') return null;
  const keeps = reset.keep.length === 0 ? 'nothing' : reset.keep.join(', ');
  return `a reset at the next start, which keeps ${keeps}`;
}

function pendingText({ pending }: FullStatus): string | null {
  const out = [
    resetWords(pending.reset),
    pending.import && 'an import at the next start (`mountroot import --cancel` takes it back)',
    pending.erase && 'the data volume is erased when `mountroot done` runs, as it is marked to be',
    pending.switch && 'a switch to flash was cut off; the next `mountroot done` takes it up again',
  ].filter((each) => typeof each === 'string');
  return out.length === 0 ? null : out.join('; ');
}

function lastingText({ lasting = [] }: FullStatus): string | null {
  const [kept, lost] = [lasting.filter((each) => each.kept), lasting.filter((each) => !each.kept)];
  const paths = (some: typeof lasting): string => listed(some.map(({ path }) => path));
  const out = [
    ...(kept.length > 0 ? [`${paths(kept)}: what is changed there is kept`] : []),
    ...(lost.length > 0 ? [`${paths(lost)}: as it was saved, and changes are lost`] : []),
  ];
  return out.length === 0 ? null : out.join('; ');
}

/** The rows of the screen, from top to bottom; a row without a text is left out. */
const ROWS: readonly { label: string; text: (status: FullStatus) => string | null }[] = [
  { label: 'rung', text: rungText },
  { label: 'reason', text: reasonText },
  { label: 'to do', text: ({ todo }) => todo },
  { label: 'root', text: ({ summary }) => summary },
  { label: 'lasting', text: lastingText },
  { label: 'maker', text: madeByText },
  {
    label: 'image',
    text: ({ image }) => image && `${image.mountpoint}: ${image.fstype} ${image.source}`,
  },
  { label: 'space', text: spaceText },
  { label: 'flash', text: ({ health }) => health && healthWords(health) },
  { label: 'start', text: startText },
  { label: 'boot', text: bootText },
  { label: 'changed', text: changedText },
  { label: 'pending', text: pendingText },
];

const rowsOf = (status: FullStatus): StatusRow[] => [
  ...ROWS.flatMap(({ label, text }) => {
    const words = text(status);
    return words === null ? [] : [row(label, words)];
  }),
  ...status.attention.map((each, index) => row(index === 0 ? 'look at' : '', each)),
  ...(status.notice === null ? [] : [row('notice', 'there is one, and each login shows it')]),
];

const CUT = '(cut to one screen; `mountroot status --json` has all of it)';

/** One screen for a person. */
export function renderStatus(status: FullStatus): string {
  const { rows, cut } = fitted(rowsOf(printableData(status)), LINES);
  return `${[...rows.flatMap(shown), ...(cut ? [CUT] : [])].join('\n')}\n`;
}

function stepLine({ number, id, ms, result, error }: StatusStep): string {
  const columns = `${String(number).padStart(2)}  ${id.padEnd(16)}${ms.toFixed(1).padStart(8)} ms`;
  const line = `${' '.repeat(LABEL)}${columns}  ${result}`;
  return error === undefined ? line : `${line}\n${wrap(error, LABEL + 4)}`;
}

/** The steps of the last start, one per line. */
export function renderSteps(status: Status): string {
  const { start } = printableData(status);
  if (start === null || start.steps.length === 0) return '';
  const lines = start.steps.map(stepLine).join('\n');
  return `${'steps'.padEnd(LABEL)}${lines.slice(LABEL)}\n`;
}
