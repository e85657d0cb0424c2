/** A boot as bars on time axes: data for a picture. */
import { epochOf, startRunOf, doneOf, type Boot, type JournalRun } from '../journal/boot-runs.js';
import { bootName } from '../journal/journal-text.js';
import { outcomeWords, untoldWarnings } from '../journal/run-words.js';
import { duration, moment, stamp } from '../../text/units.js';

export type BarKind =
  'kernel' | 'preinit' | 'node' | 'agent' | 'look' | 'init' | 'done' | 'kept' | 'failed' | 'undone';

/** A stretch of time, in milliseconds since the kernel started. */
export interface Bar {
  label: string;
  kind: BarKind;
  from: number;
  to: number;
  /** Shown beside the duration; '' for none. */
  remark: string;
}

/** Bars on one axis. */
export interface Panel {
  title: string;
  from: number;
  to: number;
  /** Where the axis has its 0: at the kernel's start, or at the panel's own beginning. */
  zero: number;
  bars: Bar[];
}

export interface Chart {
  title: string;
  subtitle: string;
  /** The same in words, for people who cannot see it. */
  description: string;
  panels: Panel[];
  /** Failures and warnings, a sentence each. */
  notes: string[];
}

const bar = (label: string, kind: BarKind, [from, to]: [number, number], remark = ''): Bar => ({
  label,
  kind,
  from,
  to: Math.max(from, to),
  remark,
});

/** When a run ended. One that was cut off lasted at least until its last record. */
const endOf = ({ at, ms, steps, planned }: JournalRun): number =>
  ms === null ? Math.max(at, planned ?? 0, ...steps.map((step) => step.at + step.ms)) : at + ms;
/** When the process started; null if that is not known, or is after the verb began. */
const bornAt = ({ started, at }: JournalRun): number | null =>
  started === null || started > at ? null : Math.max(0, started);

/** Shorter gaps between steps are the time that it takes to write the journal. */
const GAP_MS = 5;

/** A verb's bars: its steps, and the gaps between them. */
function stepsOf(run: JournalRun): Bar[] {
  const out: Bar[] = [];
  let until = run.at;
  for (const [index, step] of run.steps.entries()) {
    const previous = run.steps[index - 1];
    const firstOfStage = previous === undefined || previous.stage !== step.stage;
    if (firstOfStage && step.at - until >= GAP_MS) {
      const label = previous === undefined ? 'facts, plan' : 'facts, plan again';
      out.push(bar(label, 'look', [until, step.at]));
    }
    const stepEnd = step.at + step.ms;
    out.push(bar(step.id, step.result, [step.at, stepEnd], STEP_REMARK[step.result]));
    until = Math.max(until, stepEnd);
  }
  const end = endOf(run);
  if (run.steps.length === 0 && end - run.at >= GAP_MS)
    out.push(bar('facts, plan', 'look', [run.at, end]));
  else if (run.ms !== null && end - until >= GAP_MS)
    out.push(bar('state, journal', 'look', [until, end]));
  return out;
}

const STEP_REMARK: Record<JournalRun['steps'][number]['result'], string> = {
  done: '',
  kept: 'kept',
  failed: 'failed',
  undone: 'taken back',
};

/**
 * The first part of a run gathers facts and loads the native parts. From this share of the run on
 * it becomes a phase of its own, because the steps would have no room beside it.
 */
const LONG_SHARE = 0.25;

/** When the first step began, where the part before it is long; else null. */
function preparedAt(run: JournalRun): number | null {
  const [first] = run.steps;
  return first !== undefined && first.at - run.at >= (endOf(run) - run.at) * LONG_SHARE
    ? first.at
    : null;
}

function runRemark({ ok }: JournalRun): string {
  if (ok === null) return 'cut off';
  return ok ? '' : 'failed';
}

function phasesOfRun(run: JournalRun): Bar[] {
  const prepared = preparedAt(run);
  const byScript = run.script?.result === 'made';
  const name = byScript ? `${run.verb} by the script` : `mountroot ${run.verb}`;
  const kind = run.ok === true ? 'agent' : 'failed';
  const end = endOf(run);
  if (prepared === null) return [bar(name, kind, [run.at, end], runRemark(run))];
  return [
    bar(`mountroot ${run.verb}: facts`, 'look', [run.at, prepared]),
    bar(`${name}: steps`, kind, [prepared, end], runRemark(run)),
  ];
}

/** The phases before the agent: the kernel, preinit, and Node's start. */
function phasesBefore(start: JournalRun, initAt: number | null): Bar[] {
  const born = bornAt(start);
  const first = born ?? start.at;
  const label = born === null ? 'Linux, preinit, Node.js' : 'Linux and preinit';
  const out =
    initAt !== null && initAt <= first
      ? [bar('Linux', 'kernel', [0, initAt]), bar('preinit', 'preinit', [initAt, first])]
      : [bar(label, 'kernel', [0, first])];
  // A root that the script made has no Node before it.
  if (born !== null && (born < start.at || start.script?.result !== 'made'))
    out.push(bar('Node.js starts', 'node', [born, start.at]));
  return out;
}

/** The phases between the start and `done`: init, and Node's start. */
function phasesBetween(start: JournalRun, done: JournalRun): Bar[] {
  const out: Bar[] = [];
  const born = bornAt(done);
  const next = born ?? done.at;
  const end = endOf(start);
  if (next > end) out.push(bar(born === null ? 'init, Node.js' : 'init', 'init', [end, next]));
  if (born !== null) out.push(bar('Node.js starts', 'node', [Math.max(born, end), done.at]));
  return out;
}

/** The whole boot on one axis. */
const phasesOf = (start: JournalRun, done: JournalRun | null, initAt: number | null): Bar[] => [
  ...phasesBefore(start, initAt),
  ...phasesOfRun(start),
  ...(done === null ? [] : [...phasesBetween(start, done), ...phasesOfRun(done)]),
];

/**
 * A `done` later than this many times the start's end is left out of the overview: somebody called
 * it hours later, and the rest would be too small to see.
 */
const NEAR = 4;

function panelOf(run: JournalRun): Panel | null {
  const from = preparedAt(run) ?? run.at;
  const bars = stepsOf(run).filter(({ to }) => to > from || from === run.at);
  if (bars.length === 0) return null;
  return {
    title: `mountroot ${run.verb}, step by step, from ${moment(from)} after the kernel started`,
    from,
    to: Math.max(endOf(run), ...bars.map(({ to }) => to)),
    zero: from,
    bars,
  };
}

function notesOf(run: JournalRun): string[] {
  const { verb, failed, error } = run;
  const told = failed.some((each) => each.error === error);
  return [
    ...failed.map((each) => `${verb}, step ${each.id} failed: ${each.error}`),
    ...(error !== null && !told ? [`${verb} failed: ${error}`] : []),
    ...untoldWarnings(run).map((warning) => `${verb} warned: ${warning}`),
  ];
}

/** A field of a damaged journal may be empty. */
const programsOf = ({ version, node, kernel }: JournalRun): string[] => [
  ...(version ? [`mountroot ${version}`] : []),
  ...(node ? [`Node.js ${node.replace(/^v/, '')}`] : []),
  ...(kernel ? [`Linux ${kernel}`] : []),
];

function subtitleOf(boot: Boot, start: JournalRun): string {
  const epoch = epochOf(boot);
  const { verb, ok, ms, rung, reason } = start;
  return [
    ...(epoch === null ? [] : [`${stamp(epoch)} UTC`]),
    ...(rung === null ? [] : [`rung ${rung}${reason === null ? '' : ` (${reason})`}`]),
    `${verb} ${ok === null ? 'cut off' : outcomeWords(ok, ms)}`,
    ...programsOf(start),
  ].join(' · ');
}

function overviewOf(start: JournalRun, done: JournalRun | null, initAt: number | null): Panel {
  const end = endOf(start);
  const near = done !== null && done.at >= end && done.at <= end * NEAR ? done : null;
  const bars = phasesOf(start, near, initAt);
  return {
    title: 'The whole boot',
    from: 0,
    to: Math.max(...bars.map(({ to }) => to)),
    zero: 0,
    bars,
  };
}

/**
 * One boot as a chart; null if no verb of its journal made a root.
 * @param initAt when the kernel ran the first program, in milliseconds since it started; null if
 * its log does not show it.
 */
export function chartOf(boot: Boot, initAt: number | null): Chart | null {
  const start = startRunOf(boot);
  if (start === null) return null;
  const done = doneOf(boot);
  const panels = [
    overviewOf(start, done, initAt),
    panelOf(start),
    done === null ? null : panelOf(done),
  ].filter((panel) => panel !== null);
  const what = start.error ?? start.summary ?? 'cut off before it was planned';
  return {
    title: `${bootName(boot)}: ${what}`,
    subtitle: subtitleOf(boot, start),
    description: describe(panels),
    panels,
    notes: boot.runs.flatMap(notesOf),
  };
}

const inWords = ({ label, from, to, remark }: Bar): string =>
  `${label} ${duration(to - from)}${remark === '' ? '' : ` (${remark})`}`;
const describe = (panels: readonly Panel[]): string =>
  panels.map(({ title, bars }) => `${title}: ${bars.map(inWords).join(', ')}.`).join(' ');
