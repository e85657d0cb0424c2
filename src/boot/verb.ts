/** Gather facts, plan, execute the plan, keep the journal: and again, until the plan that was executed is the last. */
import { keepBoot } from '../execute/boots.js';
import { execute, type Clock, type Outcome, type StepResult } from '../execute/execute.js';
import { JOURNAL_FILE, JOURNAL_SCHEMA, LOCK_FILE, type Journal } from '../execute/journal.js';
import { recordState, type Ended } from '../execute/state.js';
import { lookBack } from '../facts/pstore.js';
import { gather, type Process } from '../facts/gather.js';
import type { Facts } from '../facts/facts.js';
import type { Log } from '../log/log.js';
import { EXIT, type Decision, type Options, type Past, type Plan, type RefusalReason, type Verb } from '../plan/plan.js';
import { isDegraded } from '../plan/start.js';
import { PLANNERS } from '../plan/verbs.js';
import type { Reader, System } from '../system/port.js';
import { VERSION } from '../version.js';

export interface BootContext {
  verb: Verb;
  reader: Reader;
  /** Opens the door to the kernel; called only when there is something to do, and may throw. */
  openSystem: () => Promise<System>;
  process: Process;
  log: Log;
  clock: Clock;
  force: boolean;
  /** What `reset` keeps. */
  keep?: readonly string[];
  /** Opens the journal; it never throws, and tells once when it cannot be kept. */
  openJournal: (complain: (message: string) => void) => Journal;
}

/** Here is nothing to do, and nobody's board to leave traces on: not even a journal is written. */
const NOT_OURS: readonly RefusalReason[] = ['guard', 'not-linux', 'not-root', 'bad-keep', 'no-overlay-root'];

/** No verb has more stages; a planner that never comes to an end must not keep a board from booting. */
const MOST_ROUNDS = 16;

/** Runs a verb. Returns the exit status; nothing is thrown that could be foreseen. */
export async function runVerb(context: BootContext): Promise<number> {
  const { verb, reader, process, log, clock, force, keep = [] } = context;
  const begun = clock();
  const past: Past[] = [];
  const options = (): Options => ({ dryRun: false, force, past, keep });
  const decide = (facts: Facts): Decision => PLANNERS[verb](facts, options());
  let facts = gather(reader, process);
  let decision = decide(facts);
  if (decision.decision === 'refuse' && NOT_OURS.includes(decision.reason)) {
    log.error(decision.summary);
    return decision.exit;
  }
  const journal = context.openJournal((message) => log.warn(message));
  let system: System | null = null;
  let native: string | null = null;
  if (decision.decision === 'go') {
    try {
      system = await context.openSystem();
    } catch (error) {
      native = `the native parts of mountroot cannot be loaded: ${(error as Error).message.split('\n')[0]}; install them beside the agent (npm run build makes them)`;
    }
    if (system !== null && !lockedByUs(system, log)) {
      log.error(`${verb} was refused because another mountroot is at work on this board; wait until it has ended`);
      return EXIT.refused;
    }
    // Whoever held the lock a moment ago may have changed everything.
    facts = gather(reader, process);
    decision = decide(facts);
  }

  journal.add({ type: 'begin', schema: JOURNAL_SCHEMA, verb, version: VERSION, node: globalThis.process.version, at: begun });
  for (const problem of facts.problems) log.warn(problem);
  const run = new Run(context, journal, begun);
  if (native !== null) return run.without(native, decision);
  if (system !== null) feedWatchdog(system, facts.configuration.settings.watchdog, log);
  try {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      if (verb === 'start' || verb === 'ram') journal.facts(round === 0 ? 'facts' : 'facts-later', facts);
      else journal.facts(`facts-${verb}`, facts);
      run.decided(decision);
      if (decision.decision !== 'go' || system === null) return run.nothing(decision);
      const outcome = run.execute(decision, system);
      past.push({ stage: decision.stage, rung: decision.rung, reason: decision.reason, because: decision.because, failed: outcome.failed ?? null, warned: outcome.warned });
      if (outcome.failed === undefined && decision.last) return run.reached(decision, facts, system);
      run.lookBackOnce();
      facts = gather(reader, process);
      decision = decide(facts);
    }
    return run.failed(`${verb} was planned ${MOST_ROUNDS} times and came to no end`);
  } finally {
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

/** One run of a verb: what is said of it, and what is written down. */
class Run {
  private readonly failures: Ended['failures'] = [];
  private readonly warnings: string[] = [];
  private lookedBack = false;

  constructor(
    private readonly context: BootContext,
    private readonly journal: Journal,
    private readonly begun: number,
  ) {}

  decided(decision: Decision): void {
    const { journal, context } = this;
    const at = context.clock();
    if (decision.decision !== 'go') return journal.add({ type: 'decision', decision: decision.decision, summary: decision.summary, steps: 0, notes: [], at });
    const { stage, rung, reason, because, summary, steps, notes } = decision;
    journal.add({ type: 'decision', decision: 'go', stage, rung, ...(reason && { reason }), ...(because && { because }), summary, steps: steps.length, notes, at });
    for (const note of notes) context.log.warn(note);
    context.log.info(decision.last && (context.verb === 'start' || context.verb === 'ram') ? `making ${summary}` : summary);
  }

  execute({ steps, stage, rung, last }: Plan, system: System): Outcome {
    const { log, clock } = this.context;
    const outcome = execute(steps, system, clock, (result) => this.step(result, steps.length));
    this.warnings.push(...outcome.warnings, ...outcome.leftovers);
    if (outcome.failed) {
      this.failures.push({ stage, rung, ...outcome.failed });
      log.error(
        outcome.leftovers.length > 0
          ? `${last ? rung : stage} failed, and not everything could be taken back: ${outcome.leftovers.join('; ')}`
          : `${last ? rung : stage} failed; everything was taken back`,
      );
    }
    return outcome;
  }

  private step(result: StepResult, of: number): void {
    this.journal.add({ type: 'step', ...result });
    const text = `step ${result.number}/${of} ${result.id}: ${result.result}`;
    if (result.result === 'failed') this.context.log.error(`${text}: ${result.error}`);
    else this.context.log.debug(text);
  }

  /** What the boot before left in memory that outlasts a reset: looked for once the first stage has mounted it. */
  lookBackOnce(): void {
    if (this.lookedBack) return;
    this.lookedBack = true;
    const before = lookBack(this.context.reader);
    if (before === null) return;
    this.journal.add({ type: 'before', ...before, at: this.context.clock() });
    if (before.crash.length > 0) this.context.log.warn(`the boot before this one crashed: ${before.crash[0]}`);
  }

  /** The last plan was executed. */
  reached(plan: Plan, { configuration }: Facts, system: System): number {
    const { log, clock, verb } = this.context;
    const { rung, reason, because, summary } = plan;
    const degraded = isDegraded(plan);
    const took = `after ${(clock() - this.begun).toFixed(0)} ms`;
    const root = verb === 'start' || verb === 'ram' || plan.stage === 'switch' ? '/ is ' : `${verb}: `;
    if (degraded) log.error(`${root}${summary} (rung ${rung}, reason ${reason}), ${took}: ${because ?? 'see the journal'}`);
    else log.info(`${root}${summary}, ${took}`);
    const exit = degraded || this.warnings.length > 0 ? EXIT.degraded : EXIT.done;
    this.end({ ok: true, exit, rung, reason });
    if (verb !== 'reset') recordState(this.journal, this.context.reader, { ...plan, verb, exit, at: clock(), failures: this.failures, warnings: this.warnings });
    if (rung === 'persistent' && verb !== 'reset') this.keepOnVolume(system, configuration.settings.journal);
    return exit;
  }

  private keepOnVolume(system: System, most: number): void {
    try {
      keepBoot(system, system.readText(JOURNAL_FILE), system.readText('/proc/sys/kernel/random/boot_id'), most);
    } catch (error) {
      this.context.log.warn(`the journal of this boot is not kept on the data volume: ${(error as Error).message}`);
    }
  }

  /** There was nothing to do, or it must not be done. */
  nothing(decision: Exclude<Decision, Plan> | Plan): number {
    const { log } = this.context;
    if (decision.decision === 'refuse') {
      log.error(`${decision.summary} (the root is untouched)`);
      return this.end({ ok: false, exit: decision.exit, error: decision.summary });
    }
    const exit = decision.decision === 'already' ? decision.exit : EXIT.failed;
    if (exit === EXIT.done) log.info(decision.summary);
    else log.error(decision.summary);
    return this.end({ ok: true, exit });
  }

  /** Nothing can be called. The root that is there is the one there will be. */
  without(why: string, decision: Decision): number {
    const { verb, clock, log, reader } = this.context;
    this.decided(decision);
    log.error(`/ stays as it is, because ${why}`);
    this.end({ ok: false, exit: EXIT.degraded, rung: 'rom', reason: 'no-native', error: why });
    if (verb === 'start' || verb === 'ram') recordState(this.journal, reader, { verb, rung: 'rom', reason: 'no-native', because: why, summary: 'the read-only image, which stays / as it is', exit: EXIT.degraded, at: clock(), failures: this.failures, warnings: [] });
    return EXIT.degraded;
  }

  failed(why: string): number {
    this.context.log.error(why);
    return this.end({ ok: false, exit: EXIT.failed, error: why });
  }

  private end(how: { ok: boolean; exit: number; rung?: Plan['rung']; reason?: Plan['reason']; error?: string }): number {
    const at = this.context.clock();
    this.journal.add({ type: 'end', ...how, warnings: this.warnings, at, ms: at - this.begun });
    return how.exit;
  }
}
