import { complaint } from '../steps/conditions.js';
import type { Limit, Performed } from '../steps/step-kind.js';
import {
  conditionAfter,
  entersNewRoot,
  inverseOf,
  kindOf,
  pathAfter,
  perform,
  type Action,
  type Step,
} from '../steps/step.js';
import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';

/**
 * Milliseconds since the kernel started (CLOCK_MONOTONIC), so that times in the journal and in the
 * kernel log can be compared.
 */
export type Clock = () => number;

export interface StepResult {
  number: number;
  id: string;
  action: Action;
  /** `kept`: the result of the step existed already. `undone`: the step worked and was undone. */
  result: 'done' | 'kept' | 'failed' | 'undone';
  error?: string;
  /** Name of the error, if the kernel gave one. */
  errno?: string;
  /** The parts that a successful step left out. */
  warnings?: string[];
  at: number;
  ms: number;
}

export interface PlanOutcome {
  ok: boolean;
  /**
   * The first fatal error, one sentence, with the id of its step and the name of the kernel's error
   * if there was one.
   */
  failed?: { step: string; errno: string | null; error: string };
  /** Errors of steps that are not fatal, and the parts that steps left out. */
  warnings: string[];
  /** Names of the kernel's errors among them. */
  warned: string[];
  /** The abilities that the root lacks. */
  limits: Limit[];
  /**
   * The steps that could not be undone after a fatal error. If this is empty, the root is as
   * before.
   */
  leftovers: string[];
}

/** A step that was done, and the action that undoes it. */
interface Undoing {
  number: number;
  id: string;
  inverse: Action;
}

/**
 * Runs steps in order and verifies each. The first fatal failure before the new root becomes `/`
 * undoes the done steps in reverse order. Undoing continues after its own failures, so that as
 * little as possible is left behind. In the new root every failure is only a warning.
 * @param onStep is called after each step; it must not throw.
 */
export function execute(
  steps: readonly Step[],
  system: System,
  clock: Clock,
  onStep: (result: StepResult) => void,
): PlanOutcome {
  const outcome: PlanOutcome = { ok: true, warnings: [], warned: [], limits: [], leftovers: [] };
  const undoings: Undoing[] = [];
  const attempt = attempter(system, clock);
  let inNewRoot = false;

  for (const [index, { id, action, severity }] of steps.entries()) {
    const number = index + 1;
    const attempted = attempt(action);
    onStep(resultOf({ number, id, action }, attempted));
    outcome.warnings.push(...attempted.warnings);
    outcome.limits.push(...(attempted.limits ?? []));
    inNewRoot ||= attempted.performed && entersNewRoot(action);
    const inverse = attempted.changed ? inverseOf(action) : null;
    if (inverse !== null) undoings.push({ number, id, inverse });
    const { error, errno } = attempted;
    if (error === undefined) continue;
    if (!inNewRoot && severity === 'fatal') {
      outcome.ok = false;
      outcome.failed = { step: id, errno: errno ?? null, error };
      break;
    }
    outcome.warnings.push(error);
    if (errno !== undefined) outcome.warned.push(errno);
  }
  if (!outcome.ok) outcome.leftovers = undo(undoings, attempt, onStep);
  return outcome;
}

/** Undoes steps, last first. Returns the failures, one sentence each. */
function undo(
  undoings: readonly Undoing[],
  attempt: (action: Action) => Attempted,
  onStep: (result: StepResult) => void,
): string[] {
  return undoings.toReversed().flatMap(({ number, id, inverse }) => {
    const { error, at, ms } = attempt(inverse);
    const result = error === undefined ? 'undone' : 'failed';
    const reported = error === undefined ? {} : { error };
    onStep({ number, id, action: inverse, result, ...reported, at, ms });
    return error === undefined ? [] : [error];
  });
}

interface Attempted extends Performed {
  /** The calls succeeded, even if the check afterwards fails. */
  performed: boolean;
  error?: string;
  errno?: string;
  at: number;
  ms: number;
}

/** The line of the journal about a step. */
function resultOf(
  step: Pick<StepResult, 'number' | 'id' | 'action'>,
  { changed, error, errno, warnings, at, ms }: Attempted,
): StepResult {
  const worked = changed ? 'done' : 'kept';
  return {
    ...step,
    result: error === undefined ? worked : 'failed',
    ...(error !== undefined && { error }),
    ...(errno !== undefined && { errno }),
    ...(warnings.length > 0 && { warnings }),
    at,
    ms,
  };
}

/**
 * Performs one action, then checks its condition. Remembers where /proc is, because the check needs
 * it.
 */
function attempter(system: System, clock: Clock): (action: Action) => Attempted {
  let proc = '/proc';
  return (action) => {
    const at = clock();
    const result: Attempted = { performed: false, changed: false, warnings: [], at, ms: 0 };
    const busy = kindOf(action).busy?.(action);
    try {
      if (busy !== undefined) system.during(busy);
      Object.assign(result, perform(action, system), { performed: true });
      proc = pathAfter(action, proc);
      const wrong = complaint(conditionAfter(action), system, proc);
      if (wrong !== null) result.error = wrong;
    } catch (error) {
      result.error = (error as Error).message;
      if (error instanceof SystemError) result.errno = error.errno;
    } finally {
      if (busy !== undefined) system.during(null);
    }
    result.ms = clock() - at;
    return result;
  };
}
