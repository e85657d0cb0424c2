import type { FullStatus, Pending } from './full-status.js';
import { healthWords } from './health.js';
import { spaceWords } from './space.js';
import { scriptWords } from '../../text/script-words.js';
import type { Status } from './root-status.js';
import { duration, moment, size, stamp } from '../../text/units.js';
import { oneLine, wrap } from '../../text/columns.js';

/** A serial console shows 24 lines, and one of them is the prompt. */
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

/** Cuts the longest rows until all fit; of two, the lower one. */
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

function rungRow({ rung, since, degraded, persistent }: FullStatus): StatusRow {
  if (rung === null)
    return row(
      'rung',
      `none: mountroot made no root in this boot; changes on / are ${persistent ? 'kept' : 'not kept'}`,
    );
  const when =
    since === null
      ? ''
      : `, since ${since.when === null ? `${moment(since.at)} after the kernel started` : `${stamp(Date.parse(since.when))} UTC`} (${duration(since.ago)} ago)`;
  return row('rung', `${rung.rung}${degraded ? ' (degraded)' : ''}${when}`);
}

function startText({ start, boot }: FullStatus): string {
  if (start === null) return 'no journal of a start in this boot';
  const outcome =
    start.ok === null
      ? 'was cut off'
      : start.ok
        ? `took ${duration(start.ms ?? 0)}`
        : `failed after ${duration(start.ms ?? 0)}`;
  const done = boot?.done;
  const confirmed =
    done?.at === undefined
      ? '; done was not called so far'
      : boot!.confirmed
        ? `; confirmed by done at ${moment(done.at + (done.ms ?? 0))}`
        : `; done ${done.ok === null ? 'has no end so far' : `ended with status ${done.exit}`}`;
  const made = start.script === undefined ? '' : `, ${scriptWords(start.script)}`;
  return `${outcome}${made}, ${moment(start.at)} after the kernel started${start.ok === true ? confirmed : `: ${start.error ?? start.summary}`}`;
}

function changedText({ before, differences, boot }: FullStatus): string | null {
  if (before === null || boot === null) return null;
  const name = before.boot === null ? 'the boot before' : `boot ${before.boot}`;
  if (differences.length === 0) return `nothing since ${name}`;
  return `since ${name}: ${differences.map(({ says }) => says).join('; ')}`;
}

function pendingText({
  reset,
  erase,
  import: importing,
  switch: switching,
}: Pending): string | null {
  const out: string[] = [];
  if (reset !== null && typeof reset === 'object')
    out.push(
      `a reset at the next start${reset.keep.length === 0 ? ', which keeps nothing' : `, which keeps ${reset.keep.join(', ')}`}`,
    );
  if (importing)
    out.push('an import at the next start (`mountroot import --cancel` takes it back)');
  if (erase)
    out.push('the data volume is erased when `mountroot done` runs, as it is marked to be');
  if (switching)
    out.push('a switch to flash was cut off; the next `mountroot done` takes it up again');
  return out.length === 0 ? null : out.join('; ');
}

function rowsOf(status: FullStatus): StatusRow[] {
  const { rung, summary, todo, image, data, space, health, boot, pending, notice, attention } =
    status;
  const rows = [rungRow(status)];
  if (rung !== null && rung.reason !== null)
    rows.push(row('reason', `${rung.reason}${rung.because === null ? '' : `: ${rung.because}`}`));
  if (todo !== null) rows.push(row('to do', todo));
  rows.push(row('root', summary));
  if (image) rows.push(row('image', `${image.mountpoint}: ${image.fstype} ${image.source}`));
  if (space !== null) rows.push(row('space', spaceWords(space)));
  else if (data)
    rows.push(
      row(
        'space',
        data.space
          ? `${data.mountpoint}: ${size(data.space.free)} free of ${size(data.space.total)}`
          : `${data.mountpoint}: its space cannot be told`,
      ),
    );
  if (health !== null) rows.push(row('flash', `${healthWords(health)}`));
  rows.push(row('start', startText(status)));
  if (boot !== null) {
    const attempts =
      boot.attempts !== null && boot.attempts > 0
        ? `; ${boot.attempts === 1 ? 'this start is' : `${boot.attempts} starts are`} not confirmed by done`
        : '';
    rows.push(
      row(
        'boot',
        `${boot.number === null ? 'not kept on the data volume' : `number ${boot.number} on this volume`}; ${boot.kept === 0 ? 'no boots' : boot.kept === 1 ? 'one boot' : `${boot.kept} boots`} in \`mountroot journal\`${attempts}`,
      ),
    );
  }
  const changed = changedText(status);
  if (changed !== null) rows.push(row('changed', changed));
  const waiting = pendingText(pending);
  if (waiting !== null) rows.push(row('pending', waiting));
  for (const [index, each] of attention.entries())
    rows.push(row(index === 0 ? 'look at' : '', each));
  if (notice !== null) rows.push(row('notice', 'whoever logs in is shown /tmp/mountroot/notice'));
  return rows;
}

/** One screen for a person. */
export function renderStatus(status: FullStatus): string {
  const { rows, cut } = fitted(rowsOf(status), LINES);
  return `${[...rows.flatMap(shown), ...(cut ? ['(cut to one screen; `mountroot status --json` has all of it)'] : [])].join('\n')}\n`;
}

/** The steps of the last start, for those who look closer. */
export function renderSteps({ start }: Status): string {
  if (start === null || start.steps.length === 0) return '';
  const lines = start.steps.map((step) => {
    const line = `${' '.repeat(LABEL)}${String(step.number).padStart(2)}  ${step.id.padEnd(16)}${step.ms.toFixed(1).padStart(8)} ms  ${step.result}`;
    return step.error === undefined ? line : `${line}\n${wrap(step.error, LABEL + 4)}`;
  });
  return `${lines.join('\n').replace(/^ {10}/, 'steps'.padEnd(LABEL))}\n`;
}
