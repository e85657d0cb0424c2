/**
 * Verifies a root that the script made. The agent plans the start that it would have made itself,
 * from the root before the script. It compares this plan with the script's record and with the
 * mounts of the kernel. Then it writes the journal and the state as `start` does. It changes
 * nothing else.
 */
import { JOURNAL_SCHEMA, type Journal } from '../execute/journal.js';
import type { Facts } from '../facts/facts.js';
import { gather } from '../facts/gather.js';
import {
  isUnverified,
  madeRoot,
  scriptMounts,
  scriptRecord,
  type ScriptRecord,
} from '../facts/script-record.js';
import { recordFile } from '../facts/own-files.js';
import { LOCK } from '../facts/places.js';
import type { Log } from '../log/log.js';
import { EXIT, type Plan } from '../plan/plan.js';
import type { System } from '../system/port.js';
import { VERSION } from '../version.js';
import type { BootContext } from './context.js';
import { openKernel, type OpenedKernel } from './open-kernel.js';
import { VerbRun } from './run.js';
import { rootDifferences, stepDifferences } from './script-differences.js';
import { factsOfStart, plansOfStart, type StartFacts } from './script-plans.js';

/**
 * Seconds to wait for another mountroot process that works on the same root: `done` and this
 * process start at almost the same moment.
 */
const PATIENCE = 120;
const LOOK_MS = 50;

export interface Settled {
  exit: number;
  /** The lock is held by this process. */
  locked: boolean;
}

/**
 * Verifies the script's root before any verb of the boot. Only the first process does this.
 * @returns null if the script made no root.
 */
export async function takeOverFromScript(context: BootContext): Promise<Settled | null> {
  const { reader, log } = context;
  const record = scriptRecord(reader);
  if (record === null || !madeRoot(record) || context.process.uid !== 0) return null;
  const kernel = await openKernel(context);
  const locked = kernel.system !== null && lockPatiently(kernel.system);
  if (kernel.system !== null && !locked)
    log.warn('another mountroot has been at work on this board for long; going on beside it');
  if (!isUnverified(reader, record)) return { exit: EXIT.done, locked };
  return { exit: verifyScript(context, record, kernel), locked };
}

function lockPatiently(system: System): boolean {
  try {
    for (let waited = 0; waited < PATIENCE * 1000; waited += LOOK_MS) {
      if (system.lock(recordFile(system, LOCK))) return true;
      system.sleep(LOOK_MS);
    }
  } catch {
    // Without a lock two processes at once are unlikely, so we continue.
  }
  return false;
}

function writeSteps(
  journal: Journal,
  { steps, stage, rung, summary, notes }: Plan,
  record: ScriptRecord,
): void {
  const at = (id: string): number =>
    record.steps.find((step) => step.id === id)?.at ?? record.ended;
  journal.add({
    type: 'decision',
    decision: 'go',
    stage,
    rung,
    summary,
    steps: steps.length,
    notes,
    at: steps[0] === undefined ? record.begun : at(steps[0].id),
  });
  for (const [index, { id, action }] of steps.entries()) {
    const taken = record.steps.find((step) => step.id === id);
    if (taken !== undefined)
      journal.add({
        type: 'step',
        number: index + 1,
        id,
        action,
        result: taken.result,
        ...(taken.result === 'failed' && {
          error: record.said.join('; ') || 'the command said nothing',
        }),
        at: taken.at,
        ms: taken.ms,
      });
  }
}

/** The input for verifying a script's root. */
interface Verification {
  context: BootContext;
  record: ScriptRecord;
  now: Facts;
  facts: StartFacts;
  plans: Plan[];
  differences: string[];
}

/** Only compares, and writes nothing. */
function compare(context: BootContext, record: ScriptRecord): Verification {
  const { reader } = context;
  const { before, after } = scriptMounts(reader);
  const now = gather(reader, context.process);
  const facts = factsOfStart(reader, now, record, before ?? []);
  const { plans, differences } =
    before === null ? { plans: [], differences: [] } : plansOfStart(facts);
  return {
    context,
    record,
    now,
    facts,
    plans,
    differences: [
      ...(record.result === 'cut off' ? ['the script was cut off after the pivot'] : []),
      ...(before === null ? ['the mounts from before the script are not written down'] : []),
      ...differences,
      ...(plans.length === 0
        ? []
        : [
            ...stepDifferences(plans, record),
            ...rootDifferences(reader, plans, { before: before ?? [], after }, record),
          ]),
    ],
  };
}

/** The journal as `start` would have written it, with the script's own times. */
function writeJournal(journal: Journal, verification: Verification): void {
  const { context, record, now, facts, plans, differences } = verification;
  const { clock } = context;
  journal.facts('facts', facts.begun);
  if (facts.open !== null) journal.facts('facts-later', facts.open);
  journal.add({
    type: 'begin',
    schema: JOURNAL_SCHEMA,
    verb: 'start',
    version: VERSION,
    node: globalThis.process.version,
    at: record.begun,
    ...context.beginning?.(now),
    started: record.begun,
    time: Date.now() - (clock() - record.begun),
  });
  for (const plan of plans) writeSteps(journal, plan, record);
  journal.add({ type: 'script', result: 'made', why: null, differences, at: clock() });
}

/** Reports the differences of the script's root. The first one comes with its cure. */
function sayDifferences(run: VerbRun, log: Log, [first, ...more]: readonly string[]): void {
  if (first === undefined) return;
  const others = more.length > 0 ? `; and ${more.length} more (mountroot journal)` : '';
  run.warn(
    `the root that the script made is not what start would have made: ${first}${others}; ` +
      'have the agent make it (mountroot.first=agent on the kernel command line, ' +
      'or in /etc/mountroot.json), and reboot',
  );
  for (const difference of more) log.error(`the root that the script made: ${difference}`);
}

/** @returns the exit status of a start: 0 if the agent would have made the same root. */
function verifyScript(context: BootContext, record: ScriptRecord, kernel: OpenedKernel): number {
  const journal = context.openJournal((message) => context.log.warn(message));
  const verification = compare(context, record);
  const { plans, differences, facts } = verification;
  writeJournal(journal, verification);
  // The log lines about the start have the times of the start.
  const run = new VerbRun(
    { ...context, verb: 'start', clock: () => record.ended },
    journal,
    record.begun,
  );
  run.lookBackOnce();
  if (kernel.trouble !== null) run.warn(kernel.trouble);
  sayDifferences(run, context.log, differences);
  const last = plans.at(-1);
  if (last === undefined)
    return run.failed(
      'what the script did cannot be verified, ' +
        'because it has not written down what it began with',
    );
  const root = { ...last, rung: 'persistent', reason: null, because: null } as const;
  return run.reached(root, facts.begun, kernel.system);
}
