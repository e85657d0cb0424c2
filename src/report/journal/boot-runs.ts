import { isRootMaker } from '../../plan/root-verbs.js';
import type { ImageMark, JournalRecord, ScriptResult } from '../../execute/journal.js';
import { isMoment } from '../../text/units.js';
import { parseJournal, type Damage } from './parse-journal.js';

export interface Failure {
  id: string;
  error: string;
}

/** A step of a verb. Times in milliseconds since the kernel started. */
interface RunStep {
  /** Counted through all stages of the verb, from 1. */
  number: number;
  stage: string | null;
  id: string;
  result: 'done' | 'kept' | 'failed' | 'undone';
  at: number;
  ms: number;
  error?: string;
}

/** One run of a verb, from the journal. Times in milliseconds since the kernel started. */
export interface JournalRun {
  verb: string;
  version: string | null;
  node: string | null;
  kernel: string | null;
  image: ImageMark | null;
  /** When the process started; null if the journal does not say. */
  started: number | null;
  at: number;
  /** The clock at `at`, in milliseconds since 1970; null if it was not set. */
  time: number | null;
  /** The last plan's summary; null if the verb was cut off before it planned. */
  summary: string | null;
  rung: string | null;
  reason: string | null;
  because: string | null;
  /** null if the verb was cut off. */
  ok: boolean | null;
  exit: number | null;
  error: string | null;
  ms: number | null;
  /** When the first plan was made; before that, facts were gathered. */
  planned: number | null;
  warnings: string[];
  failed: Failure[];
  steps: RunStep[];
  /** The end of the script that ran first; absent if none did. */
  script?: ScriptResult;
}

/** One boot with the verbs that ran in it, oldest first. */
export interface Boot {
  /** Its number on the data volume; null if it is not kept there. */
  number: number | null;
  /** The first eight characters of the kernel's boot id. */
  id: string | null;
  /** It is the boot that is running now. */
  current: boolean;
  file: string;
  runs: JournalRun[];
  /** The kernel's messages of a crash of the boot before it, from pstore. */
  crash: string[];
  damage: Damage[];
  records: JournalRecord[];
}

/** A clock that shows less was never set: the agent was written after this date. */
const CLOCK_SET = Date.UTC(2024, 0, 1);
/** null for a clock that was never set, and for a damaged number that is no date. */
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

type RecordOf<Type extends JournalRecord['type']> = Extract<JournalRecord, { type: Type }>;

/** A plan with a rung says anew why it is no better one; a plan without a rung changes neither. */
function addDecision(run: JournalRun, record: RecordOf<'decision'>): void {
  const { at, summary, rung, reason, because } = record;
  run.planned ??= at;
  run.summary = summary;
  if (rung !== undefined) Object.assign(run, { rung, reason: null, because: null });
  if (reason !== undefined) run.reason = reason;
  if (because !== undefined) run.because = because;
}

function addStep(run: JournalRun, record: RecordOf<'step'>, stage: string | null): void {
  const { id, result, at, ms, error } = record;
  const number = run.steps.length + 1;
  run.steps.push({ number, stage, id, result, at, ms, ...(error !== undefined && { error }) });
  if (result === 'failed') run.failed.push({ id, error: error ?? 'it is not said how' });
}

function addEnd(run: JournalRun, record: RecordOf<'end'>): void {
  const { ok, exit, ms, warnings, error, rung, reason = null } = record;
  Object.assign(run, { ok, exit, ms, warnings, error: error ?? null });
  if (rung !== undefined) Object.assign(run, { rung, reason });
  if (error !== undefined) run.because ??= error;
}

/** Adds a record to its run. `stage` is the stage that the run is in. */
function addTo(run: JournalRun, record: JournalRecord, stage: { now: string | null }): void {
  if (record.type === 'script') run.script = scriptOf(record);
  else if (record.type === 'decision') {
    stage.now = record.stage ?? null;
    addDecision(run, record);
  } else if (record.type === 'step') addStep(run, record, stage.now);
  else if (record.type === 'end') addEnd(run, record);
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
        // The beginning of this run is lost, but the rest can still be shown.
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

const lastRun = (boot: Boot, is: (run: JournalRun) => boolean): JournalRun | null =>
  boot.runs.findLast(is) ?? null;

/** The run that made the root: the last that ended with a root, else the last that tried. */
export const startRunOf = (boot: Boot): JournalRun | null =>
  lastRun(boot, ({ verb, ok, rung }) => isRootMaker(verb) && ok === true && rung !== null) ??
  lastRun(boot, ({ verb }) => isRootMaker(verb)) ??
  lastRun(boot, ({ verb }) => verb === 'unknown');
export const doneOf = (boot: Boot): JournalRun | null =>
  lastRun(boot, ({ verb, ok, rung }) => verb === 'done' && ok === true && rung !== null) ??
  lastRun(boot, ({ verb }) => verb === 'done');

/** `done` has confirmed the start, so it does not count as a failed one. */
export const isConfirmed = (boot: Boot): boolean =>
  boot.runs.some(
    ({ verb, ok, exit, rung }) =>
      verb === 'done' && ok === true && rung === 'persistent' && (exit === 0 || exit === 3),
  );

/** The rung that the boot ended on: `done` can move a root from memory to flash. */
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
 * The start of this boot's kernel, in milliseconds since 1970. It is computed from the last time
 * when the clock was known; null if it never was.
 */
export function epochOf(boot: Boot): number | null {
  const known = boot.runs.findLast(({ time }) => time !== null);
  return known === undefined ? null : known.time! - known.at;
}

/**
 * The image that the board booted. The last verb that saw it counts, because the first verb in an
 * initramfs does not see the image yet.
 */
export const imageMarkOf = (boot: Boot): ImageMark | null =>
  boot.runs.findLast(({ image }) => image !== null)?.image ?? null;

/** The boots in order, those without a number last, and the current one at the very end. */
export const bootsInOrder = <Named extends Pick<BootName, 'number' | 'current'>>(
  boots: readonly Named[],
): Named[] =>
  boots.toSorted(
    (a, b) =>
      Number(a.current) - Number(b.current) || (a.number ?? Infinity) - (b.number ?? Infinity),
  );
