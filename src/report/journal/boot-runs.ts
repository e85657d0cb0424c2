import type { ImageMark, JournalRecord, ScriptResult } from '../../execute/journal.js';
import { isMoment } from '../../text/units.js';
import { parseJournal, type Damage } from './parse-journal.js';

export interface Failure {
  id: string;
  error: string;
}

/**
 * A step of a verb, counted through all its stages; times in milliseconds since the kernel started.
 */
interface RunStep {
  number: number;
  stage: string | null;
  id: string;
  result: 'done' | 'kept' | 'failed' | 'undone';
  at: number;
  ms: number;
  error?: string;
}

/** One run of a verb, as the journal has it. */
export interface JournalRun {
  verb: string;
  version: string | null;
  node: string | null;
  kernel: string | null;
  image: ImageMark | null;
  /** When the process started; null where the journal does not say. */
  started: number | null;
  at: number;
  /** What the clock showed at `at`, in milliseconds since 1970; null where it was not known. */
  time: number | null;
  /** What was planned last; null where it was cut off before. */
  summary: string | null;
  rung: string | null;
  reason: string | null;
  because: string | null;
  /** null: it was cut off. */
  ok: boolean | null;
  exit: number | null;
  error: string | null;
  ms: number | null;
  /** When the first plan stood: before it, facts were gathered. */
  planned: number | null;
  warnings: string[];
  failed: Failure[];
  steps: RunStep[];
  /** A script went first. */
  script?: ScriptResult;
}

/** One boot with all that ran in it, oldest first. */
export interface Boot {
  /** Counted on the data volume since that was made; null where it is not kept there. */
  number: number | null;
  /** The beginning of the kernel's boot id. */
  id: string | null;
  /** The boot that is running now. */
  current: boolean;
  file: string;
  runs: JournalRun[];
  /** What the boot before it left in memory: the kernel's words of a crash. */
  crash: string[];
  damage: Damage[];
  records: JournalRecord[];
}

/**
 * The agent is younger than this: a clock that shows less was never set, and one that shows no
 * moment at all is damage.
 */
const CLOCK_SET = Date.UTC(2024, 0, 1);
export const knownTime = (time: number | undefined): number | null =>
  time !== undefined && time >= CLOCK_SET && isMoment(time) ? time : null;

/** A record of a script without its type and time. */
export const scriptOf = ({ result, why, differences }: ScriptResult): ScriptResult => ({
  result,
  why,
  ...(differences !== undefined && { differences }),
});

const newRun = (verb: string, at: number): JournalRun => ({
  verb,
  version: null,
  node: null,
  kernel: null,
  image: null,
  started: null,
  at,
  time: null,
  summary: null,
  rung: null,
  reason: null,
  because: null,
  ok: null,
  exit: null,
  error: null,
  ms: null,
  planned: null,
  warnings: [],
  failed: [],
  steps: [],
});

/** Puts a record into the run that it belongs to. */
function addTo(run: JournalRun, record: JournalRecord, stage: { now: string | null }): void {
  if (record.type === 'script') run.script = scriptOf(record);
  else if (record.type === 'decision') {
    stage.now = record.stage ?? null;
    run.planned ??= record.at;
    run.summary = record.summary;
    run.rung = record.rung ?? run.rung;
    run.reason = record.reason ?? (record.rung === undefined ? run.reason : null);
    run.because = record.because ?? (record.rung === undefined ? run.because : null);
  } else if (record.type === 'step') {
    const { id, result, at, ms, error } = record;
    run.steps.push({
      number: run.steps.length + 1,
      stage: stage.now,
      id,
      result,
      at,
      ms,
      ...(error !== undefined && { error }),
    });
    if (result === 'failed') run.failed.push({ id, error: error ?? 'it is not said how' });
  } else if (record.type === 'end') {
    run.ok = record.ok;
    run.exit = record.exit;
    run.error = record.error ?? null;
    run.ms = record.ms;
    run.warnings = record.warnings;
    if (record.rung !== undefined)
      Object.assign(run, { rung: record.rung, reason: record.reason ?? null });
    if (record.error !== undefined) run.because ??= record.error;
  }
}

export interface BootName {
  number: number | null;
  id: string | null;
  current: boolean;
  file: string;
}

/** One boot's journal, grouped by the verbs that ran. */
export function bootOf(name: BootName, text: string): Boot {
  const { records, damage } = parseJournal(text);
  const boot: Boot = { ...name, runs: [], crash: [], damage, records };
  const stage = { now: null as string | null };
  let run: JournalRun | null = null;
  for (const record of records) {
    if (record.type === 'before') boot.crash.push(...record.crash);
    else if (record.type === 'begin') {
      const { verb, at, version, node, kernel, image, started, time } = record;
      run = {
        ...newRun(verb, at),
        version,
        node,
        kernel: kernel ?? null,
        image: image ?? null,
        started: started ?? null,
        time: knownTime(time),
      };
      stage.now = null;
      boot.runs.push(run);
    } else {
      if (run === null) {
        // Its beginning is lost; what is left of it is worth seeing.
        run = newRun('unknown', record.at);
        boot.runs.push(run);
        damage.unshift({ line: 0, what: 'it does not begin with the beginning of a verb' });
      }
      addTo(run, record, stage);
    }
  }
  if (records.length === 0) damage.unshift({ line: 0, what: 'there is no record in it' });
  return boot;
}

const ROOT_MAKERS = ['start', 'ram', 'switch-root'];
const lastRun = (boot: Boot, is: (run: JournalRun) => boolean): JournalRun | null =>
  boot.runs.findLast(is) ?? null;

/**
 * The run that made the root: of several, the last one that came to its end with a root, else the
 * last.
 */
export const startRunOf = (boot: Boot): JournalRun | null =>
  lastRun(
    boot,
    ({ verb, ok, rung }) => ROOT_MAKERS.includes(verb) && ok === true && rung !== null,
  ) ??
  lastRun(boot, ({ verb }) => ROOT_MAKERS.includes(verb)) ??
  lastRun(boot, ({ verb }) => verb === 'unknown');
export const doneOf = (boot: Boot): JournalRun | null =>
  lastRun(boot, ({ verb, ok, rung }) => verb === 'done' && ok === true && rung !== null) ??
  lastRun(boot, ({ verb }) => verb === 'done');

/** The start was confirmed: it counts as one that went well. */
export const isConfirmed = (boot: Boot): boolean =>
  boot.runs.some(
    ({ verb, ok, exit, rung }) =>
      verb === 'done' && ok === true && rung === 'persistent' && (exit === 0 || exit === 3),
  );

/** The rung that the boot ended on: `done` may have moved a root in memory to flash. */
export function rungOf(boot: Boot): {
  rung: string | null;
  reason: string | null;
  because: string | null;
} {
  const [start, done] = [startRunOf(boot), doneOf(boot)];
  const decided = done?.ok === true && done.rung === 'persistent' ? done : start;
  return {
    rung: decided?.rung ?? null,
    reason: decided?.reason ?? null,
    because: decided?.because ?? null,
  };
}

/**
 * When the kernel of this boot started, in milliseconds since 1970, from the last moment at which
 * the clock was known; null where it never was.
 */
export function epochOf(boot: Boot): number | null {
  const known = boot.runs.findLast(({ time }) => time !== null);
  return known === undefined ? null : known.time! - known.at;
}

/**
 * The image that the board booted: what a later verb saw counts too, for out of an initramfs the
 * first one sees none yet.
 */
export const imageMarkOf = (boot: Boot): ImageMark | null =>
  boot.runs.findLast(({ image }) => image !== null)?.image ?? null;

/** The boots in order: those that the data volume counts, then one that it does not have. */
export const bootsInOrder = <Named extends Pick<BootName, 'number' | 'current'>>(
  boots: readonly Named[],
): Named[] =>
  boots.toSorted(
    (a, b) =>
      Number(a.current) - Number(b.current) || (a.number ?? Infinity) - (b.number ?? Infinity),
  );
