/**
 * Prints what a verb would do, on this machine or on the one that a facts file describes. Nothing
 * here can change anything.
 */
import type { Facts } from '../facts/facts.js';
import type { Handing } from '../facts/handover.js';
import { EXIT, makesRoot, type Decision, type Plan, type Verb } from '../plan/plan.js';
import { firstScript } from '../plan/render-first.js';
import { renderSh } from '../plan/render-sh.js';
import { renderText } from '../plan/render-text.js';
import {
  conditionAfter,
  inverseOf,
  kindOf,
  perform,
  type Action,
  type Step,
} from '../steps/step.js';
import { planWhole } from '../plan/whole-plan.js';
import { dryRun } from '../system/dry-run.js';
import { checkFactsOptions, factsFrom, localFacts } from './local-facts.js';
import type { PlanValues } from './plan-options.js';
import { UsageError } from './usage-error.js';
import type { VerbContext } from './verb-row.js';

interface PlanRequest extends PlanValues {
  /** What `reset` keeps. */
  keep?: readonly string[];
  /** The script that may run before the agent is asked for. */
  guarded?: boolean;
  /** Where `switch-root` goes. */
  asked?: Handing['asked'];
}

/**
 * Which facts of a bundle a verb that makes a root is planned from: those of the beginning of the
 * boot, else those of the moment when the bundle was made.
 */
const BEGUN_WITH = ['begun-with/facts.json', 'facts.json'] as const;

/** A step whose calls depend on what it finds, as one call that bears the name of the step. */
function namedCall({ kind, ...operands }: Action): string {
  const words = Object.values(operands).map((value) => JSON.stringify(value));
  return `${kind.replaceAll('-', '_')}(${words.join(', ')})`;
}

/** The system calls of one step, from the function that the verb itself calls. */
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

/** Prints the script that may run before the agent, or says why there can be none. */
function printGuarded(facts: Facts, { print, log }: VerbContext): number {
  const made = firstScript(facts);
  if ('script' in made) {
    print(made.script);
    return EXIT.done;
  }
  log.error(
    `no script can make the root before the agent here: ${made.never.join('; ')}; ` +
      'let the agent make it (the default)',
  );
  return EXIT.failed;
}

function render(decision: Decision, format: PlanValues['format']): string {
  const plan = decision.decision === 'go' ? decision : null;
  if (format === 'json')
    return `${JSON.stringify(plan === null ? decision : asJson(plan), null, 2)}\n`;
  if (plan === null) return '';
  return format === 'sh' ? renderSh(plan) : renderText(plan, callsOf);
}

/** `plan VERB`, and `VERB --dry-run`. Returns the exit status. */
export function printPlan(verb: Verb, request: PlanRequest, context: VerbContext): number {
  const { facts: file, set, keep = [], asked, guarded = false } = request;
  const format = request.json ? 'json' : request.format;
  checkFactsOptions(file, set);
  if (guarded && (verb !== 'start' || format !== 'sh'))
    throw new UsageError(
      '--guarded is for the script that may go before the agent; ' +
        'use it as `mountroot plan start --format sh --guarded`',
    );
  const facts =
    file === undefined
      ? localFacts(set, asked)
      : factsFrom(file, makesRoot(verb) ? BEGUN_WITH : undefined);
  if (guarded) return printGuarded(facts, context);
  const decision = planWhole(verb, facts, { dryRun: true, force: false, keep });
  context.print(render(decision, format));
  if (decision.decision === 'refuse') {
    context.log.error(decision.summary);
    return decision.exit;
  }
  if (decision.decision === 'already') context.log.info(decision.summary);
  return EXIT.done;
}
