/**
 * The script that makes the root before the agent does. It is the plan of a start, made when the
 * image was built, behind guards that let it go on only where the agent would do the same today.
 * The script is one process that forks only for what a shell cannot do itself. It records each step
 * with its time, and undoes everything as soon as something is not as it was planned for.
 */
import type { Facts } from '../facts/facts.js';
import { SCRIPT_AFTER, SCRIPT_BEFORE } from '../facts/places.js';
import {
  entersNewRoot,
  inverseOf,
  kindOf,
  pathAfter,
  type Action,
  type Step,
} from '../steps/step.js';
import { comment, quote } from '../text/shell.js';
import { BEGINNING, functions, gathering } from './first-script-frame.js';
import { guardsOf, type Guard } from './guards.js';
import type { Plan } from './plan.js';
import { guardLine } from './render-guards.js';
import { commandOf } from './render-sh.js';
import { planStages, whole, type PlannedStage } from './whole-plan.js';

const guardedCommandOf = (action: Action): string =>
  kindOf(action).guardedShell?.(action) ?? commandOf(action);

/** The command that undoes a step; null if nothing undoes it. */
function guardedUndoOf(action: Action): string | null {
  const { guardedUndo } = kindOf(action);
  if (guardedUndo !== undefined) return guardedUndo(action);
  const inverse = inverseOf(action);
  return inverse === null ? null : commandOf(inverse);
}

/** Sets the shell's variables for the paths of /proc and the kernel log if a step moves them. */
function movedPlaces(action: Action): string[] {
  const places = { proc: '/proc', dev: '/dev' };
  return Object.entries(places).flatMap(([variable, path]) => {
    const now = pathAfter(action, path);
    return now === path ? [] : [`${variable}=${quote(now)}`];
  });
}

/** In the new root every path is again what it was before the plan. */
const USUAL_PLACES = 'proc=/proc dev=/dev';

/** @param inNewRoot whether the step comes after the one that makes the new root `/`. */
function stepLines({ id, action, why }: Step, number: number, inNewRoot: boolean): string {
  const head = [comment(why), `n=${number} id=${quote(id)}`];
  const otherwise = inNewRoot ? 'note failed' : 'fail';
  const command = guardedCommandOf(action);
  const skips = kindOf(action).shellSkips?.(action);
  if (skips !== undefined)
    return [
      ...head,
      `if ${skips}; then note kept; elif ${command}; ` +
        `then made${number}=1; note done; else ${otherwise}; fi`,
    ].join('\n');
  const enters = entersNewRoot(action);
  const done = enters ? `${USUAL_PLACES}; note done` : 'note done';
  return [
    ...head,
    `if ${command}; then ${done}; else ${otherwise}; fi`,
    ...(enters ? [] : movedPlaces(action)),
  ].join('\n');
}

/** Undoes the steps, last first. A step was done if the failed step comes after it. */
function undoLines(steps: readonly Step[]): string[] {
  return steps
    .flatMap(({ action }, index) => {
      const undo = guardedUndoOf(action);
      if (undo === null) return [];
      const number = index + 1;
      const saysSo = kindOf(action).shellSkips !== undefined;
      const done = saysSo ? `[ -n "$made${number}" ]` : `[ "$n" -gt ${number} ]`;
      return [`  if ${done}; then ${undo} || left=1; fi`];
    })
    .reverse();
}

/** The parts of the script: two stages, each with guards before it. */
interface Parts {
  plan: Plan;
  facts: Facts;
  before: readonly Guard[];
  opened: readonly Guard[];
  /** The number of steps that open the volume. The others make the root. */
  opening: number;
}

function render({ plan: { summary, steps }, facts, before, opened, opening }: Parts): string {
  const entrance = steps.findIndex(({ action }) => entersNewRoot(action));
  const body = steps.map((step, index) => stepLines(step, index + 1, index > entrance));
  return `#!/bin/sh
${comment(`Makes ${summary}, before the agent, where all is as it was when this was planned.`)}
# Written by: mountroot plan start --format sh --guarded. Needs busybox only.
${functions(steps.length)}

undo() {
${undoLines(steps.slice(0, entrance)).join('\n')}
  ${USUAL_PLACES}
}

${BEGINNING}

${gathering(facts.mtd.length > 0)}
${before.map(guardLine).join('\n')}
printf %s "$raw" >${SCRIPT_BEFORE}
now
echo "looked $clock"

${body.slice(0, opening).join('\n\n')}

${opened.map(guardLine).join('\n')}
now
echo "found $clock attempts=\${attempts:-0} state=$state"

${body.slice(opening).join('\n\n')}

cat /proc/self/mountinfo >${SCRIPT_AFTER}
say 6 ${quote(`/ is ${summary}, made by the script`)}
end made
exit 0
`;
}

/** The reasons why a script cannot do these stages on any board, one sentence each. */
function stageTroubles(stages: readonly PlannedStage[], plan: Plan): string[] {
  const names = stages.map(({ plan: { stage } }) => stage).join(', ');
  if (names !== 'open, root')
    return [
      `a start has the stages ${names}, ` +
        'and a script only those of opening the volume and making the root',
    ];
  if (plan.rung !== 'persistent' || plan.reason !== null) {
    const because = plan.because === null ? '' : `: ${plan.because}`;
    return [`the root would be on rung ${plan.rung}${because}`];
  }
  return [];
}

/** Names the steps that have no shell form, and a plan without pivot_root, one sentence each. */
function stepTroubles(steps: readonly Step[]): string[] {
  const troubles = steps
    .filter(({ action }) => typeof kindOf(action).shell(action) !== 'string')
    .map(({ id }) => `step ${id} has no form in the shell`);
  return steps.some(({ action }) => entersNewRoot(action))
    ? troubles
    : [...troubles, 'no pivot_root(2) is planned'];
}

/** @returns the script, or the reasons why these facts allow none, one sentence each. */
export function firstScript(facts: Facts): { script: string } | { never: string[] } {
  const { stages, never } = planStages('start', facts, { dryRun: true, force: false });
  if (never !== null) return { never: [never.summary] };
  const plan = whole(stages);
  const unfit = stageTroubles(stages, plan);
  if (unfit.length > 0) return { never: unfit };
  const guards = guardsOf(stages as [PlannedStage, PlannedStage]);
  const troubles = [...guards.never, ...stepTroubles(plan.steps)];
  if (troubles.length > 0) return { never: troubles };
  const { before, opened } = guards;
  const opening = stages[0]!.plan.steps.length;
  return { script: render({ plan, facts, before, opened, opening }) };
}
