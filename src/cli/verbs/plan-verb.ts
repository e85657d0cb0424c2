import { LARGEST_BUNDLE, looksLikeBundle, textInBundle } from '../../bundle/read-bundle.js';
import { readWhole } from '../../facts/origin.js';
import { parseFacts } from '../../facts/validate.js';
import { gather } from '../../facts/gather.js';
import type { Facts } from '../../facts/facts.js';
import type { Handing } from '../../facts/handover.js';
import type { Log } from '../../log/log.js';
import { planWhole } from '../../plan/whole-plan.js';
import { EXIT, makesRoot, type Plan, type Verb } from '../../plan/plan.js';
import { firstScript } from '../../plan/render-first.js';
import { renderSh } from '../../plan/render-sh.js';
import { renderText } from '../../plan/render-text.js';
import {
  conditionAfter,
  inverseOf,
  kindOf,
  perform,
  type Action,
  type Step,
} from '../../steps/step.js';
import { dryRun } from '../../system/dry-run.js';
import { reader } from '../../system/files.js';
import { UsageError } from '../usage-error.js';

export const FORMATS = ['text', 'json', 'sh'] as const;

export interface PlanOptions {
  format: (typeof FORMATS)[number];
  facts?: string;
  /** `KEY=VALUE` settings, over those of the machine. */
  settings: readonly string[];
  /** What `reset` keeps. */
  keep: readonly string[];
  /** The script that may go before the agent. */
  guarded?: boolean;
  /** Where `switch-root` goes. */
  asked?: Handing['asked'];
}

/** This machine's facts. */
export const localFacts = (flags: readonly string[] = [], asked?: Handing['asked']): Facts =>
  gather(reader, {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? -1,
    env: process.env,
    flags,
    handing: { pid: process.pid, asked, args: [], self: process.argv[1] ?? '' },
  });

/**
 * Of a bundle: what was there before the start, for verbs that make a root; else what was there
 * when it was made.
 */
const BEGUN_WITH = ['begun-with/facts.json', 'facts.json'] as const;

/** Another machine's facts. @param wanted which of a bundle's, the first that it has. */
export function factsFrom(file: string, wanted: readonly string[] = ['facts.json']): Facts {
  let text: string;
  try {
    text = reader.readText(file);
    if (looksLikeBundle(text))
      text = textInBundle(readWhole(reader, file, LARGEST_BUNDLE), file, wanted);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  try {
    return parseFacts(text, file);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A step whose calls depend on what it finds, as one call that bears the step's name. */
const namedCall = ({ kind, ...operands }: Action): string =>
  `${kind.replaceAll('-', '_')}(${Object.values(operands)
    .map((value) => JSON.stringify(value))
    .join(', ')})`;

/** The system calls of one step, from the very function that the verb itself calls. */
function callsOf({ action }: Step): readonly string[] {
  if (kindOf(action).shownAs === 'one call') return [namedCall(action)];
  const system = dryRun();
  perform(action, system);
  return system.calls;
}

const asJson = (plan: Plan): object => ({
  ...plan,
  steps: plan.steps.map((step) => ({
    ...step,
    calls: callsOf(step),
    undo: inverseOf(step.action),
    verify: conditionAfter(step.action),
  })),
});

/** The script that may go before the agent, or why there can be none. */
function guardedPlan(facts: Facts, print: (text: string) => void, log: Log): number {
  const made = firstScript(facts);
  if ('script' in made) {
    print(made.script);
    return EXIT.done;
  }
  log.error(
    `no script can make the root before the agent here: ${made.never.join('; ')}; let the agent make it (the default)`,
  );
  return EXIT.failed;
}

/**
 * `plan VERB`: prints what VERB would do, on this machine or on the one a facts file describes.
 * Holds no door that could change anything.
 */
export function plan(
  verb: Verb,
  { format, facts, settings, keep, asked, guarded = false }: PlanOptions,
  print: (text: string) => void,
  log: Log,
): number {
  if (facts !== undefined && settings.length > 0)
    throw new UsageError(
      '--set changes what is gathered from this machine, and --facts FILE was gathered before; use one of them',
    );
  if (guarded && (verb !== 'start' || format !== 'sh'))
    throw new UsageError(
      '--guarded is for the script that may go before the agent; use it as `mountroot plan start --format sh --guarded`',
    );
  const given =
    facts === undefined
      ? localFacts(settings, asked)
      : factsFrom(facts, makesRoot(verb) ? BEGUN_WITH : undefined);
  if (guarded) return guardedPlan(given, print, log);
  const decision = planWhole(verb, given, { dryRun: true, force: false, keep });
  if (format === 'json')
    print(`${JSON.stringify(decision.decision === 'go' ? asJson(decision) : decision, null, 2)}\n`);
  else if (decision.decision === 'go')
    print(format === 'sh' ? renderSh(decision) : renderText(decision, callsOf));
  if (decision.decision === 'refuse') {
    log.error(decision.summary);
    return decision.exit;
  }
  if (decision.decision === 'already') log.info(decision.summary);
  return EXIT.done;
}
