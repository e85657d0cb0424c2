import { keepBoot, thisBoot } from '../steps/keep-journal.js';
import { execute, type PlanOutcome, type StepResult } from '../execute/execute.js';
import type { Journal } from '../execute/journal.js';
import { earlier, recordState, type VerbOutcome } from '../execute/state.js';
import type { Facts } from '../facts/facts.js';
import { PSTORE, lookBack } from '../facts/pstore.js';
import { EXIT, makesRoot, type Decision, type Plan } from '../plan/plan.js';
import { lowerName } from '../plan/mountpoints.js';
import { keepsItself } from '../plan/own-root.js';
import { isDegraded } from '../plan/reasons.js';
import type { System } from '../system/port.js';
import type { BootContext } from './context.js';

/** Whether the root uses the volume for writing. */
const keepsJournal = ({ rung, reason, verb }: Plan): boolean =>
  rung === 'persistent' || (verb === 'start' && reason?.startsWith('persist') === true);

/** One run of a verb: it writes the log, the journal and the recorded state. */
export class VerbRun {
  private readonly failures: VerbOutcome['failures'] = [];
  private readonly warnings: string[] = [];
  private readonly limits: VerbOutcome['limits'] = [];
  private lookedBack = false;

  constructor(
    private readonly context: BootContext,
    private readonly journal: Journal,
    private readonly begun: number,
  ) {}

  decided(decision: Decision): void {
    const { journal, context } = this;
    const at = context.clock();
    if (decision.decision !== 'go')
      return journal.add({
        type: 'decision',
        decision: decision.decision,
        summary: decision.summary,
        steps: 0,
        notes: [],
        at,
      });
    const { stage, rung, reason, because, summary, steps, notes } = decision;
    journal.add({
      type: 'decision',
      decision: 'go',
      stage,
      rung,
      ...(reason && { reason }),
      ...(because && { because }),
      summary,
      steps: steps.length,
      notes,
      at,
    });
    for (const note of notes) context.log.warn(note);
    context.log.info(decision.last && makesRoot(context.verb) ? `making ${summary}` : summary);
  }

  execute({ steps, stage, rung, last }: Plan, system: System): PlanOutcome {
    const { log, clock } = this.context;
    const outcome = execute(steps, system, clock, (result) => this.step(result, steps.length));
    this.warnings.push(...outcome.warnings, ...outcome.leftovers);
    this.limits.push(...outcome.limits);
    if (outcome.failed) {
      this.failures.push({ stage, rung, ...outcome.failed });
      const what = last ? rung : stage;
      log.error(
        outcome.leftovers.length > 0
          ? `${what} failed, and not everything could be taken back: ` +
              outcome.leftovers.join('; ')
          : `${what} failed; everything was taken back`,
      );
    }
    return outcome;
  }

  private step(result: StepResult, of: number): void {
    this.journal.add({ type: 'step', ...result });
    const text = `step ${result.number}/${of} ${result.id}: ${result.result}`;
    if (result.result === 'failed') this.context.log.error(`${text}: ${result.error}`);
    else this.context.log.debug(text);
    for (const warning of result.warnings ?? []) this.context.log.warn(warning);
  }

  /**
   * Reads the messages that the previous boot left in pstore. This is done once, after the first
   * stage has mounted pstore.
   */
  lookBackOnce(): void {
    if (this.lookedBack) return;
    this.lookedBack = true;
    const before = lookBack(this.context.reader);
    if (before === null) return;
    this.journal.add({ type: 'before', ...before, at: this.context.clock() });
    if (before.crash.length > 0)
      this.context.log.warn(
        `a boot before this one crashed ` +
          `(what it left is in ${PSTORE} until somebody removes it): ${before.crash[0]}`,
      );
  }

  /** Adds a warning to the result of the verb although no step failed. */
  warn(text: string): void {
    this.warnings.push(text);
    this.context.log.error(text);
  }

  /**
   * Ends the verb after its last plan was executed.
   * @param system null if the kernel cannot be called; the journal is then not kept on the volume.
   * @returns the exit status.
   */
  reached(plan: Plan, { configuration }: Facts, system: System | null): number {
    const { log, clock, verb } = this.context;
    const { rung, reason, because, summary } = plan;
    const degraded = isDegraded(plan);
    const took = `after ${(clock() - this.begun).toFixed(0)} ms`;
    const root = makesRoot(verb) || plan.stage === 'switch' ? '/ is ' : `${verb}: `;
    if (degraded)
      log.error(
        `${root}${summary} (rung ${rung}, reason ${reason}), ${took}: ` +
          (because ?? 'see the journal'),
      );
    else log.info(`${root}${summary}, ${took}`);
    const exit = degraded || this.warnings.length > 0 ? EXIT.degraded : EXIT.done;
    this.end({ ok: true, exit, rung, reason });
    if (verb !== 'reset')
      recordState(this.journal, this.context.reader, {
        ...plan,
        verb,
        exit,
        at: clock(),
        failures: this.failures,
        warnings: this.warnings,
        limits: this.limits,
      });
    if (system !== null && keepsJournal(plan) && verb !== 'reset')
      this.keepOnVolume(system, configuration.settings.journal);
    return exit;
  }

  private keepOnVolume(system: System, most: number): void {
    try {
      keepBoot(system, thisBoot(system), most);
    } catch (error) {
      this.context.log.warn(
        `the journal of this boot is not kept on the data volume: ${(error as Error).message}`,
      );
    }
  }

  /** Ends the verb without a plan: it had nothing to do, or was refused. */
  noPlan(decision: Exclude<Decision, Plan> | Plan): number {
    const { log } = this.context;
    if (decision.decision === 'refuse') {
      log.error(`${decision.summary} (the root is untouched)`);
      return this.end({ ok: false, exit: decision.exit, error: decision.summary });
    }
    const exit = decision.decision === 'already' ? decision.exit : EXIT.failed;
    this.recordFailures(exit);
    if (exit === EXIT.done) log.info(decision.summary);
    else log.error(decision.summary);
    return this.end({ ok: true, exit });
  }

  /**
   * Adds the failures of a `done` to the recorded state. The root then stays unchanged, and the
   * state has the reason.
   */
  private recordFailures(exit: number): void {
    const { verb, reader, clock } = this.context;
    if (verb !== 'done' || this.failures.length === 0) return;
    const before = earlier(reader);
    if (before !== null)
      recordState(this.journal, reader, {
        ...before,
        verb,
        exit,
        at: clock(),
        failures: this.failures,
        warnings: this.warnings,
        limits: this.limits,
      });
  }

  /** Ends the verb if the native parts are missing: without them the root cannot be changed. */
  withoutNative(why: string, decision: Decision, facts: Facts): number {
    const { verb, clock, log, reader } = this.context;
    const rung = keepsItself(facts) ? 'persistent' : 'rom';
    this.decided(decision);
    log.error(`/ stays as it is, because ${why}`);
    this.end({ ok: false, exit: EXIT.degraded, rung, reason: 'no-native', error: why });
    if (makesRoot(verb))
      recordState(this.journal, reader, {
        verb,
        rung,
        reason: 'no-native',
        because: why,
        summary: `${lowerName(facts)}, which stays / as it is`,
        exit: EXIT.degraded,
        at: clock(),
        failures: this.failures,
        warnings: [],
        limits: [],
      });
    return EXIT.degraded;
  }

  failed(why: string): number {
    this.context.log.error(why);
    return this.end({ ok: false, exit: EXIT.failed, error: why });
  }

  private end(how: {
    ok: boolean;
    exit: number;
    rung?: Plan['rung'];
    reason?: Plan['reason'];
    error?: string;
  }): number {
    const at = this.context.clock();
    this.journal.add({ type: 'end', ...how, warnings: this.warnings, at, ms: at - this.begun });
    return how.exit;
  }
}
