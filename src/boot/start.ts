import { execute, type Clock } from '../execute/execute.js';
import { JOURNAL_SCHEMA, openJournal } from '../execute/journal.js';
import { gather, type Process } from '../facts/gather.js';
import type { Log } from '../log/log.js';
import { EXIT, type RefusalReason } from '../plan/plan.js';
import { planStart } from '../plan/start.js';
import type { Reader, System } from '../system/port.js';
import { VERSION } from '../version.js';

export interface StartContext {
  reader: Reader;
  /** Opens the door to the kernel; called only when there is something to do, and may throw. */
  openSystem: () => Promise<System>;
  process: Process;
  log: Log;
  clock: Clock;
  force: boolean;
}

/** Here is nothing to start, and nobody's board to leave traces on: not even a journal is written. */
const NOT_OURS: readonly RefusalReason[] = ['guard', 'not-linux', 'not-root'];

/** Gather facts, plan, execute the plan, keep the journal. Returns the exit status. */
export async function start({ reader, openSystem, process, log, clock, force }: StartContext): Promise<number> {
  const begun = clock();
  const facts = gather(reader, process);
  const decision = planStart(facts, { dryRun: false, force });
  if (decision.decision === 'refuse' && NOT_OURS.includes(decision.reason)) {
    log.error(decision.summary);
    return decision.exit;
  }
  const journal = openJournal((message) => log.warn(message));
  journal.add({ type: 'begin', schema: JOURNAL_SCHEMA, verb: 'start', version: VERSION, node: globalThis.process.version, at: begun });
  if (decision.decision !== 'already') journal.facts(facts);
  const steps = decision.decision === 'go' ? decision.steps : [];
  const notes = decision.decision === 'go' ? decision.notes : facts.problems;
  journal.add({ type: 'decision', decision: decision.decision, summary: decision.summary, steps: steps.length, notes, at: clock() });
  const end = (ok: boolean, exit: number, error?: string, warnings: string[] = []): number => {
    const at = clock();
    journal.add({ type: 'end', ok, exit, ...(error !== undefined && { error }), warnings, at, ms: at - begun });
    return exit;
  };

  for (const note of notes) log.warn(note);
  if (decision.decision === 'already') {
    log.info(decision.summary);
    return end(true, EXIT.done);
  }
  if (decision.decision === 'refuse') {
    log.error(`${decision.summary} (the root is untouched)`);
    return end(false, decision.exit, decision.summary);
  }

  log.info(`making ${decision.summary}`);
  let system: System;
  try {
    system = await openSystem();
  } catch (error) {
    const message = `cannot load the native parts of mountroot: ${(error as Error).message.split('\n')[0]}; install them beside the agent (npm run build makes them)`;
    log.error(message);
    return end(false, EXIT.failed, message);
  }
  const outcome = execute(steps, system, clock, (result) => {
    journal.add({ type: 'step', ...result });
    const text = `step ${result.number}/${steps.length} ${result.id}: ${result.result}`;
    if (result.result === 'failed') log.error(`${text}: ${result.error}`);
    else log.debug(text);
  });
  if (!outcome.ok) {
    log.error(
      outcome.leftovers.length > 0
        ? `start failed, and not everything could be taken back: ${outcome.leftovers.join('; ')}`
        : 'start failed; everything was taken back, the root is as before',
    );
    return end(false, EXIT.failed, outcome.error, [...outcome.warnings, ...outcome.leftovers]);
  }
  log.info(`/ is ${decision.summary}, after ${(clock() - begun).toFixed(0)} ms`);
  return end(true, outcome.warnings.length > 0 ? EXIT.degraded : EXIT.done, undefined, outcome.warnings);
}
