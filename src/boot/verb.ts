/**
 * Runs a verb: gathers facts, plans, executes the plan and writes the journal, until the executed
 * plan is the last one.
 */
import { JOURNAL_SCHEMA } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import { gather } from '../facts/gather.js';
import { recordFile } from '../facts/own-files.js';
import { LOCK } from '../facts/places.js';
import { madeRoot, scriptRecord } from '../facts/script-record.js';
import type { Log } from '../log/log.js';
import { EXIT, makesRoot, type Decision, type Plan, type StageResult } from '../plan/plan.js';
import { stageResult } from '../plan/plan-of.js';
import { decideWhatever, faultIn, withFault } from '../plan/fault.js';
import { REFUSALS } from '../plan/reasons.js';
import { PLANNERS } from '../plan/verbs.js';
import type { System } from '../system/port.js';
import { VERSION } from '../version.js';
import { becomeInit } from './become-init.js';
import type { BootContext } from './context.js';
import { traceOf } from './fault-text.js';
import { holdSignals, type HeldSignals } from './hold-signals.js';
import { LateJournal } from './late-journal.js';
import { openKernel } from './open-kernel.js';
import { VerbRun } from './run.js';

/** No verb has more stages. The limit lets a board boot even if a planner never ends. */
const MOST_ROUNDS = 16;

/** The progress of a verb, which decides how process 1 continues. */
interface Progress {
  facts: Facts;
  system: System | null;
  /** The stages that were executed, oldest first. */
  earlier: StageResult[];
  /** The problems that the log has already. */
  told: ReadonlySet<string>;
  /** The first fault of the agent itself; it keeps a start off the data volume. */
  fault: ReturnType<typeof faultIn>;
  /** True if the last plan was executed, which also switched away from an initramfs. */
  reached: boolean;
}

/**
 * Runs a verb and returns the exit status. Throws only for programming errors. Process 1 does not
 * return after it made a root, because it becomes init.
 */
export async function runVerb(context: BootContext): Promise<number> {
  const { verb, process, log } = context;
  const progress: Progress = {
    facts: gather(context.reader, process),
    system: null,
    earlier: [],
    fault: null,
    told: new Set(),
    reached: false,
  };
  const exit = await carryOut(context, progress).catch((error: unknown) => {
    // Any other process has a caller that continues to init. Process 1 has none.
    if (progress.facts.handover?.pid !== 1) throw error;
    log.error(`${verb} failed in a way it does not know: ${traceOf(error)}`);
    return EXIT.failed;
  });
  return progress.facts.handover?.pid === 1 && makesRoot(verb)
    ? goOnToInit(context, progress, exit)
    : exit;
}

/** Process 1 becomes init if it has a root to continue with. */
function goOnToInit(
  { process, log }: BootContext,
  { facts, system, reached }: Progress,
  exit: number,
): number {
  const handover = facts.handover!;
  if (system === null)
    log.error('this is process 1, and cannot become init without its native parts');
  else if (!reached && handover.ramfs) log.error('there is no root to go on to, so process 1 ends');
  else if (becomeInit(system, handover, process.env, log)) return exit;
  return EXIT.failed;
}

const isEarly = (decision: Decision): boolean =>
  decision.decision === 'go' && decision.stage === 'early';

/** A start always gets a plan, because a board without a root is lost. Other verbs may fail. */
function decide({ verb, force, keep = [] }: BootContext, progress: Progress): Decision {
  const { facts, earlier } = progress;
  const options = { dryRun: false, force, earlier, keep };
  if (!makesRoot(verb)) return PLANNERS[verb](facts, options);
  const { decision, fault } = decideWhatever(verb, PLANNERS[verb], facts, options);
  progress.fault ??= fault;
  return decision;
}

/** Gathers the facts again. A fault of an earlier round stays known. */
function gatherAgain({ reader, process }: BootContext, progress: Progress): void {
  const facts = gather(reader, process);
  const { fault } = progress;
  progress.facts = fault === null || faultIn(facts) !== null ? facts : withFault(facts, fault);
}

/** Makes all checks, begins the journal, and then executes the plans. */
async function carryOut(context: BootContext, progress: Progress): Promise<number> {
  const { verb, log, clock } = context;
  const begun = clock();
  const first = decide(context, progress);
  if (first.decision === 'refuse' && !REFUSALS[first.reason].journal) {
    log.error(first.summary);
    return first.exit;
  }
  const journal = new LateJournal(() => context.openJournal((message) => log.warn(message)));
  // Without a /tmp the journal has no place.
  if (!isEarly(first)) journal.open();
  const trouble = first.decision === 'go' ? await prepare(context, progress) : null;
  // Before /tmp is mounted, no other mountroot process can run.
  if (progress.system !== null && !isEarly(first) && !isAlone(context, progress.system)) {
    log.error(
      `${verb} was refused because another mountroot is at work on this board; ` +
        'wait until it has ended',
    );
    return EXIT.refused;
  }
  // The process that held the lock before may have changed everything.
  if (first.decision === 'go') gatherAgain(context, progress);
  noteBeginning(context, journal, progress.facts, begun);
  const run = new VerbRun(context, journal, begun);
  if (trouble !== null)
    return run.withoutNative(trouble, decide(context, progress), progress.facts);
  return underWatch(context, progress, (signals) =>
    executePlans({ context, progress, journal, run, signals }),
  );
}

/**
 * Opens the interface to the kernel. @returns the reason if it cannot be opened; null if it is
 * open.
 */
async function prepare(context: BootContext, progress: Progress): Promise<string | null> {
  const { system, trouble } = await openKernel(context);
  progress.system = system;
  return trouble;
}

const isAlone = ({ locked, log }: BootContext, system: System): boolean => {
  if (locked === true) return true;
  try {
    return system.lock(recordFile(system, LOCK));
  } catch (error) {
    // We continue without a lock. Two starts at once are unlikely, but a refusal would certainly
    // stop the board from starting.
    log.warn(`${(error as Error).message}; going on without a lock`);
    return true;
  }
};

/** Begins the journal: the run itself, and the result of a script that ran first. */
function noteBeginning(
  { verb, reader, beginning }: BootContext,
  journal: LateJournal,
  facts: Facts,
  begun: number,
): void {
  journal.add({
    type: 'begin',
    schema: JOURNAL_SCHEMA,
    verb,
    version: VERSION,
    node: globalThis.process.version,
    at: begun,
    ...beginning?.(facts),
  });
  const script = verb === 'start' ? scriptRecord(reader) : null;
  if (script !== null && !madeRoot(script))
    journal.add({
      type: 'script',
      result: script.result,
      why: script.why === null ? null : [script.why, ...script.said].join('; '),
      at: script.ended,
    });
}

/** Feeds the watchdog while plans are executed, and holds the signals that would cut `done` off. */
async function underWatch(
  { verb, log }: BootContext,
  { facts, system }: Progress,
  work: (signals: HeldSignals | null) => Promise<number>,
): Promise<number> {
  if (system !== null) feedWatchdog(system, facts.configuration.settings.watchdog, log);
  const signals = verb === 'done' ? holdSignals() : null;
  try {
    return await work(signals);
  } finally {
    signals?.end();
    if (system !== null) feedWatchdog(system, null, log);
  }
}

function feedWatchdog(system: System, device: string | null, log: Log): void {
  if (device === '') return;
  try {
    system.watchdog(device);
  } catch (error) {
    log.warn((error as Error).message);
  }
}

/** The state that all rounds share. */
interface Work {
  context: BootContext;
  progress: Progress;
  journal: LateJournal;
  run: VerbRun;
  signals: HeldSignals | null;
}

/** Plans, executes, and gathers the facts again, until the plan that was executed is the last. */
async function executePlans(work: Work): Promise<number> {
  const { context, progress, run, signals } = work;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const decision = decide(context, progress);
    noteFacts(work, decision);
    run.decided(decision);
    if (decision.decision !== 'go' || progress.system === null) return run.noPlan(decision);
    const signal = (await signals?.told()) ?? null;
    if (signal !== null)
      return run.failed(
        `done was told to end (${signal}), and did so between two of its plans; ` +
          'call it again to have it go on',
      );
    if (executeStage(work, decision, progress.system) && decision.last) {
      progress.reached = true;
      if (makesRoot(context.verb) || progress.facts.pstoreBy !== undefined) run.lookBackOnce();
      return run.reached(decision, progress.facts, progress.system);
    }
    run.lookBackOnce();
    gatherAgain(context, progress);
  }
  return run.failed(`${context.verb} was planned ${MOST_ROUNDS} times and came to no end`);
}

/** @returns whether the stage succeeded. */
function executeStage(
  { context: { clock }, progress, journal, run }: Work,
  plan: Plan,
  system: System,
): boolean {
  const begun = clock();
  const { failed, warned } = run.execute(plan, system);
  journal.open();
  progress.earlier.push(stageResult(plan, failed, warned, clock() - begun));
  return failed === undefined;
}

/** Writes the facts that a decision depends on to a file. */
function noteFacts({ context, progress, journal }: Work, decision: Decision): void {
  // Without /proc nothing can be read yet. That is no problem, but the reason for the first stage.
  if (isEarly(decision)) return;
  const { facts, earlier, told } = progress;
  const isLater = earlier.some(({ stage }) => stage !== 'early');
  for (const problem of facts.problems) if (!told.has(problem)) context.log.warn(problem);
  progress.told = new Set([...told, ...facts.problems]);
  if (!makesRoot(context.verb)) journal.facts(`facts-${context.verb}`, facts);
  else journal.facts(isLater ? 'facts-later' : 'facts', facts);
}
