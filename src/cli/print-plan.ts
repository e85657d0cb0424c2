/**
 * Prints the plan of a verb for this machine, or for the machine of a facts file. This code cannot
 * change anything.
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
import { beforeStart, type BeforeStart } from '../report/root/before-pivot.js';
import { plannedForNotes } from '../report/root/root-words.js';
import { dryRun } from '../system/dry-run.js';
import { isTerminal } from '../log/is-terminal.js';
import { checkFactsOptions, factsFrom, localFacts } from './local-facts.js';
import type { PlanValues } from './plan-options.js';
import { stdout } from './stdout.js';
import { UsageError } from './usage-error.js';
import type { VerbContext } from './verb-row.js';
import { jsonText } from '../text/printable.js';

interface PlanRequest extends PlanValues {
  /** The paths that `reset` keeps. */
  keep?: readonly string[];
  /** True to print the script that may run before the agent. */
  guarded?: boolean;
  /** The new root of `switch-root`. */
  asked?: Handing['asked'];
}

/**
 * The facts of a bundle from which a verb that makes a root is planned: those of the beginning of
 * the boot, else those of the moment when the bundle was made.
 */
const BEGUN_WITH = ['begun-with/facts.json', 'facts.json'] as const;

/**
 * Shows a step whose calls depend on the files that it finds as one call with the name of the step.
 */
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

/** A root of today that is no bare image, and how the facts of the one before were rebuilt. */
const ofToday = ({ root, rebuilt }: BeforeStart): object => ({
  today: { ...root, rebuilt: rebuilt !== null, assumed: rebuilt ?? [] },
});

const asJson = (plan: Plan): object => ({
  ...plan,
  steps: plan.steps.map((step) => ({
    ...step,
    calls: callsOf(step),
    undo: inverseOf(step.action),
    verify: conditionAfter(step.action),
  })),
});

/** A script must name files as they are, but a terminal must not obey the names. */
const scriptForm = (): 'as it is' | undefined => (isTerminal(stdout.fd) ? undefined : 'as it is');

/** Prints the script that may run before the agent, or the reasons why none is possible. */
function printGuarded(facts: Facts, { print, log }: VerbContext): number {
  const made = firstScript(facts);
  if ('script' in made) {
    print(made.script, scriptForm());
    return EXIT.done;
  }
  log.error(
    `no script can make the root before the agent here: ${made.never.join('; ')}; ` +
      'let the agent make it (the default)',
  );
  return EXIT.failed;
}

function render(
  decision: Decision,
  format: PlanValues['format'],
  before: BeforeStart | null,
): string {
  const plan = decision.decision === 'go' ? decision : null;
  if (format === 'json')
    return jsonText({
      ...(plan === null ? decision : asJson(plan)),
      ...(before !== null && before.root.maker !== 'image' && ofToday(before)),
    });
  if (plan === null) return '';
  return format === 'sh' ? renderSh(plan) : renderText(plan, callsOf);
}

/** The decision for facts of before a root was made. Its notes say where these are from. */
function decisionOf(verb: Verb, before: BeforeStart, keep: readonly string[]): Decision {
  const decision = planWhole(verb, before.facts, {
    dryRun: true,
    force: false,
    keep,
    known: before.known,
  });
  const notes = plannedForNotes(before);
  if (decision.decision === 'go') return { ...decision, notes: [...notes, ...decision.notes] };
  return before.hidden && decision.decision === 'already'
    ? { ...decision, summary: notes[0]! }
    : decision;
}

/** The verbs that are planned for the root before the one of today. */
const MAKES_OVERLAY: readonly Verb[] = ['start', 'ram'];

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
  const before = MAKES_OVERLAY.includes(verb) ? beforeStart(facts) : null;
  const decision =
    before === null
      ? planWhole(verb, facts, { dryRun: true, force: false, keep })
      : decisionOf(verb, before, keep);
  context.print(render(decision, format, before), format === 'sh' ? scriptForm() : undefined);
  if (decision.decision === 'refuse') {
    context.log.error(decision.summary);
    return decision.exit;
  }
  if (decision.decision === 'already') context.log.info(decision.summary);
  return EXIT.done;
}
