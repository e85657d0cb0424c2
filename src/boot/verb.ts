/**
 * Gather facts, plan, execute the plan, keep the journal: and again, until the plan that was
 * executed is the last.
 */
import { JOURNAL_SCHEMA, LOCK_FILE } from '../execute/journal.js';
import { gather } from '../facts/gather.js';
import type { Facts } from '../facts/facts.js';
import { madeRoot, scriptRecord } from '../facts/script-record.js';
import type { Log } from '../log/log.js';
import {
  EXIT,
  makesRoot,
  type Decision,
  type PlanningOptions,
  type StageResult,
  type RefusalReason,
} from '../plan/plan.js';
import { PLANNERS } from '../plan/verbs.js';
import type { System } from '../system/port.js';
import { VERSION } from '../version.js';
import { becomeInit } from './become-init.js';
import type { BootContext } from './context.js';
import { LateJournal } from './late-journal.js';
import { VerbRun } from './run.js';
import { holdSignals } from './hold-signals.js';

/** Here is nothing to do, and nobody's board to leave traces on: not even a journal is written. */
const NOT_OURS: readonly RefusalReason[] = [
  'guard',
  'not-linux',
  'not-root',
  'bad-keep',
  'no-overlay-root',
  'root-is-ramfs',
  'root-is-no-ramfs',
];

/**
 * No verb has more stages; a planner that never comes to an end must not keep a board from booting.
 */
const MOST_ROUNDS = 16;

/** Where a verb ended: what process 1 goes on with. */
interface Ending {
  facts: Facts;
  system: System | null;
  /** The last plan was executed, so a root that is an initramfs was left behind. */
  reached: boolean;
}

/**
 * Runs a verb. Returns the exit status; nothing is thrown that could be foreseen. Process 1 does
 * not return from making a root: it becomes init.
 */
export async function runVerb(context: BootContext): Promise<number> {
  const { verb, process, log } = context;
  const ending: Ending = { facts: gather(context.reader, process), system: null, reached: false };
  const exit = await carryOut(context, ending).catch((error: unknown) => {
    // Of any other process a caller goes on to init; of process 1 nobody does.
    if (ending.facts.handover?.pid !== 1) throw error;
    log.error(`${verb} failed in a way it does not know: ${(error as Error)?.stack ?? error}`);
    return EXIT.failed;
  });
  const { facts, system, reached } = ending;
  const { handover } = facts;
  if (handover?.pid !== 1 || !makesRoot(verb)) return exit;
  if (system === null)
    log.error('this is process 1, and cannot become init without its native parts');
  else if (reached || !handover.ramfs)
    return becomeInit(system, handover, process.env, log) ? exit : EXIT.failed;
  else log.error('there is no root to go on to, so process 1 ends');
  return EXIT.failed;
}

async function carryOut(context: BootContext, ending: Ending): Promise<number> {
  const { verb, reader, process, log, clock, force, keep = [] } = context;
  const begun = clock();
  const past: StageResult[] = [];
  const options = (): PlanningOptions => ({ dryRun: false, force, earlier: past, keep });
  const decide = (facts: Facts): Decision => PLANNERS[verb](facts, options());
  let { facts } = ending;
  let decision = decide(facts);
  if (decision.decision === 'refuse' && NOT_OURS.includes(decision.reason)) {
    log.error(decision.summary);
    return decision.exit;
  }
  const journal = new LateJournal(() => context.openJournal((message) => log.warn(message)));
  const early = decision.decision === 'go' && decision.stage === 'early';
  if (!early) journal.open();
  let system: System | null = null;
  let native: string | null = null;
  if (decision.decision === 'go') {
    try {
      system = await context.openSystem();
    } catch (error) {
      native = `the native parts of mountroot cannot be loaded: ${(error as Error).message.split('\n')[0]}; install them beside the agent (npm run build makes them)`;
    }
    // Before there is a /tmp there is nobody else either.
    if (system !== null && !early && context.locked !== true && !lockedByUs(system, log)) {
      log.error(
        `${verb} was refused because another mountroot is at work on this board; wait until it has ended`,
      );
      return EXIT.refused;
    }
    // Whoever held the lock a moment ago may have changed everything.
    facts = gather(reader, process);
    decision = decide(facts);
    Object.assign(ending, { facts, system });
  }

  journal.add({
    type: 'begin',
    schema: JOURNAL_SCHEMA,
    verb,
    version: VERSION,
    node: globalThis.process.version,
    at: begun,
    ...context.beginning?.(facts),
  });
  const script = verb === 'start' ? scriptRecord(reader) : null;
  if (script !== null && !madeRoot(script))
    journal.add({
      type: 'script',
      result: script.result,
      why: script.why === null ? null : [script.why, ...script.said].join('; '),
      at: script.ended,
    });
  const run = new VerbRun(context, journal, begun);
  if (native !== null) return run.withoutNative(native, decision);
  if (system !== null) feedWatchdog(system, facts.configuration.settings.watchdog, log);
  const signals = verb === 'done' ? holdSignals() : null;
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      // Without /proc nothing can be read yet, and that is no problem but the reason for what comes
      // first.
      const began = past.some(({ stage }) => stage !== 'early');
      if (decision.decision !== 'go' || decision.stage !== 'early') {
        if (!began) for (const problem of facts.problems) log.warn(problem);
        if (makesRoot(verb)) journal.facts(began ? 'facts-later' : 'facts', facts);
        else journal.facts(`facts-${verb}`, facts);
      }
      run.decided(decision);
      if (decision.decision !== 'go' || system === null) return run.noPlan(decision);
      const told = (await signals?.told()) ?? null;
      if (told !== null)
        return run.failed(
          `done was told to end (${told}), and did so between two of its plans; call it again to have it go on`,
        );
      const outcome = run.execute(decision, system);
      journal.open();
      past.push({
        stage: decision.stage,
        rung: decision.rung,
        reason: decision.reason,
        because: decision.because,
        failed: outcome.failed ?? null,
        warned: outcome.warned,
      });
      if (outcome.failed === undefined && decision.last) {
        ending.reached = true;
        if (makesRoot(verb)) run.lookBackOnce();
        return run.reached(decision, facts, system);
      }
      run.lookBackOnce();
      facts = gather(reader, process);
      decision = decide(facts);
      ending.facts = facts;
    }
    return run.failed(`${verb} was planned ${MOST_ROUNDS} times and came to no end`);
  } finally {
    signals?.end();
    if (system !== null) feedWatchdog(system, null, log);
  }
}

function lockedByUs(system: System, log: Log): boolean {
  try {
    return system.lock(LOCK_FILE);
  } catch (error) {
    // Without a lock two starts at once are only unlikely; a board that does not start is certain.
    log.warn(`${(error as Error).message}; going on without a lock`);
    return true;
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
