import { parseFacts } from '../facts/validate.js';
import { gather } from '../facts/gather.js';
import type { Facts } from '../facts/facts.js';
import type { Log } from '../log/log.js';
import { perform } from '../execute/executors.js';
import { conditionAfter, inverseOf } from '../plan/consequences.js';
import { EXIT, type Plan } from '../plan/plan.js';
import { renderSh } from '../plan/render-sh.js';
import { renderText } from '../plan/render-text.js';
import { planStart } from '../plan/start.js';
import type { Step } from '../plan/step.js';
import { dryRun } from '../system/dry-run.js';
import { reader } from '../system/files.js';
import { UsageError } from './usage-error.js';

export const FORMATS = ['text', 'json', 'sh'] as const;

export interface PlanOptions {
  format: (typeof FORMATS)[number];
  facts?: string;
}

/** This machine's facts. */
export const localFacts = (): Facts =>
  gather(reader, { platform: process.platform, arch: process.arch, uid: process.getuid?.() ?? -1, env: process.env });

function factsFrom(file: string): Facts {
  let text: string;
  try {
    text = reader.readText(file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  try {
    return parseFacts(text, file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** The system calls of one step, from the executor that `start` itself uses. */
function callsOf({ action }: Step): readonly string[] {
  const system = dryRun();
  perform(action, system);
  return system.calls;
}

const asJson = (plan: Plan): object => ({
  ...plan,
  steps: plan.steps.map((step) => ({ ...step, calls: callsOf(step), undo: inverseOf(step.action), verify: conditionAfter(step.action) })),
});

/** `plan start`: prints what `start` would do, on this machine or on the one a facts file describes. Holds no door that could change anything. */
export function plan({ format, facts }: PlanOptions, print: (text: string) => void, log: Log): number {
  const decision = planStart(facts === undefined ? localFacts() : factsFrom(facts), { dryRun: true, force: false });
  if (format === 'json') print(`${JSON.stringify(decision.decision === 'go' ? asJson(decision) : decision, null, 2)}\n`);
  else if (decision.decision === 'go') print(format === 'sh' ? renderSh(decision) : renderText(decision, callsOf));
  if (decision.decision === 'refuse') {
    log.error(decision.summary);
    return decision.exit;
  }
  if (decision.decision === 'already') log.info(decision.summary);
  return EXIT.done;
}
