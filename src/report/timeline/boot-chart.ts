import { epochOf, startRunOf, doneOf, type Boot, type JournalRun } from '../journal/boot-runs.js';
import { duration, moment, stamp } from '../../text/units.js';

export type BarKind =
  'kernel' | 'preinit' | 'node' | 'agent' | 'look' | 'init' | 'done' | 'kept' | 'failed' | 'undone';

/** A stretch of time; milliseconds since the kernel started. */
export interface Bar {
  label: string;
  kind: BarKind;
  from: number;
  to: number;
  /** What stands beside its duration. */
  remark: string;
}

/** Bars on one axis. */
export interface Panel {
  title: string;
  from: number;
  to: number;
  /** What the axis counts from: the kernel's start, or the panel's own beginning. */
  zero: number;
  bars: Bar[];
}

export interface Chart {
  title: string;
  subtitle: string;
  /** The same in words, for those who do not see it. */
  description: string;
  panels: Panel[];
  /** What failed, and what was to be warned of. */
  notes: string[];
}

const bar = (label: string, kind: BarKind, from: number, to: number, remark = ''): Bar => ({
  label,
  kind,
  from,
  to: Math.max(from, to),
  remark,
});

/** Where a run ended, as far as the journal tells of one that was cut off. */
const endOf = ({ at, ms, steps, planned }: JournalRun): number =>
  ms === null ? Math.max(at, planned ?? 0, ...steps.map((step) => step.at + step.ms)) : at + ms;
/** A process that started after its verb began is a clock's mistake. */
const bornAt = ({ started, at }: JournalRun): number | null =>
  started === null || started > at ? null : Math.max(0, started);

/** Shorter gaps between steps are the journal's own. */
const GAP_MS = 5;

/** A verb's bars: each step, and what went by between them. */
function stepsOf(run: JournalRun): Bar[] {
  const out: Bar[] = [];
  let until = run.at;
  for (const [index, step] of run.steps.entries()) {
    const previous = run.steps[index - 1];
    const firstOfStage = previous === undefined || previous.stage !== step.stage;
    if (firstOfStage && step.at - until >= GAP_MS)
      out.push(
        bar(previous === undefined ? 'facts, plan' : 'facts, plan again', 'look', until, step.at),
      );
    out.push(
      bar(
        step.id,
        step.result,
        step.at,
        step.at + step.ms,
        step.result === 'done' ? '' : step.result === 'undone' ? 'taken back' : step.result,
      ),
    );
    until = Math.max(until, step.at + step.ms);
  }
  const end = endOf(run);
  if (run.steps.length === 0 && end - run.at >= GAP_MS)
    out.push(bar('facts, plan', 'look', run.at, end));
  else if (run.ms !== null && end - until >= GAP_MS)
    out.push(bar('state, journal', 'look', until, end));
  return out;
}

/**
 * Of a run its first part, when facts are gathered and the native parts are loaded, takes a phase
 * of its own where it would leave the steps no room.
 */
const LONG_SHARE = 0.25;

function preparedAt(run: JournalRun): number | null {
  const [first] = run.steps;
  return first !== undefined && first.at - run.at >= (endOf(run) - run.at) * LONG_SHARE
    ? first.at
    : null;
}

function phasesOfRun(run: JournalRun): Bar[] {
  const prepared = preparedAt(run);
  const remark = run.ok === null ? 'cut off' : run.ok ? '' : 'failed';
  const main = bar(
    `${run.script?.result === 'made' ? `${run.verb} by the script` : `mountroot ${run.verb}`}${prepared === null ? '' : ': steps'}`,
    run.ok === true ? 'agent' : 'failed',
    prepared ?? run.at,
    endOf(run),
    remark,
  );
  return prepared === null
    ? [main]
    : [bar(`mountroot ${run.verb}: facts`, 'look', run.at, prepared), main];
}

/**
 * The whole boot on one axis: the kernel, what comes before the agent, the agent, what comes after
 * it.
 */
function phasesOf(start: JournalRun, done: JournalRun | null, initAt: number | null): Bar[] {
  const born = bornAt(start);
  const first = born ?? start.at;
  const out: Bar[] = [];
  if (initAt !== null && initAt <= first)
    out.push(bar('Linux', 'kernel', 0, initAt), bar('preinit', 'preinit', initAt, first));
  else
    out.push(
      bar(born === null ? 'Linux, preinit, Node.js' : 'Linux and preinit', 'kernel', 0, first),
    );
  // What the script made has no Node before it.
  if (born !== null && (born < start.at || start.script?.result !== 'made'))
    out.push(bar('Node.js starts', 'node', born, start.at));
  out.push(...phasesOfRun(start));
  if (done === null) return out;
  const doneBorn = bornAt(done);
  const next = doneBorn ?? done.at;
  if (next > endOf(start))
    out.push(bar(doneBorn === null ? 'init, Node.js' : 'init', 'init', endOf(start), next));
  if (doneBorn !== null)
    out.push(bar('Node.js starts', 'node', Math.max(doneBorn, endOf(start)), done.at));
  return [...out, ...phasesOfRun(done)];
}

/** A `done` that somebody called hours later would leave nothing to be seen of the rest. */
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

function notesOf(runs: readonly JournalRun[]): string[] {
  return runs.flatMap(({ verb, failed, warnings, error }) => {
    const told = new Set(failed.map((each) => each.error));
    const rest = [...new Set(warnings)].filter((warning) => !told.has(warning));
    return [
      ...failed.map(({ id, error: text }) => `${verb}, step ${id} failed: ${text}`),
      ...(error !== null && !told.has(error) ? [`${verb} failed: ${error}`] : []),
      ...rest.map((warning) => `${verb} warned: ${warning}`),
    ];
  });
}

/**
 * What one boot's journal shows. null: it has no verb that made a root. @param initAt when the
 * kernel ran the first program, where its log still says so.
 */
export function chartOf(boot: Boot, initAt: number | null): Chart | null {
  const start = startRunOf(boot);
  if (start === null) return null;
  const done = doneOf(boot);
  const near =
    done !== null && done.at >= endOf(start) && done.at <= endOf(start) * NEAR ? done : null;
  const phases = phasesOf(start, near, initAt);
  const overview: Panel = {
    title: 'The whole boot',
    from: 0,
    to: Math.max(...phases.map(({ to }) => to)),
    zero: 0,
    bars: phases,
  };
  const epoch = epochOf(boot);
  const { version, node, kernel, ms, ok, rung, reason, summary } = start;
  const took = ok === null ? 'cut off' : `${ok ? 'took' : 'failed after'} ${duration(ms ?? 0)}`;
  const name =
    boot.number === null ? (boot.current ? 'This boot' : 'A boot') : `Boot ${boot.number}`;
  const programs = [
    version && `mountroot ${version}`,
    node && `Node.js ${node.replace(/^v/, '')}`,
    kernel && `Linux ${kernel}`,
  ].filter((each) => each !== null && each !== '');
  const subtitle = [
    ...(epoch === null ? [] : [`${stamp(epoch)} UTC`]),
    ...(rung === null ? [] : [`rung ${rung}${reason === null ? '' : ` (${reason})`}`]),
    `${start.verb} ${took}`,
    ...programs,
  ].join(' · ');
  const panels = [overview, panelOf(start), done === null ? null : panelOf(done)].filter(
    (panel) => panel !== null,
  );
  return {
    title: `${name}: ${start.error ?? summary ?? 'cut off before it was planned'}`,
    subtitle,
    description: describe(panels),
    panels,
    notes: notesOf(boot.runs),
  };
}

const inWords = ({ label, from, to, remark }: Bar): string =>
  `${label} ${duration(to - from)}${remark === '' ? '' : ` (${remark})`}`;
const describe = (panels: readonly Panel[]): string =>
  panels.map(({ title, bars }) => `${title}: ${bars.map(inWords).join(', ')}.`).join(' ');
