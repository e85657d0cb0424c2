import { complaint } from '../steps/conditions.js';
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
 * Milliseconds since the kernel started (CLOCK_MONOTONIC), so that journal and kernel log tell one
 * time.
 */
export type Clock = () => number;

export interface StepResult {
  number: number;
  id: string;
  action: Action;
  /** `kept`: what the step makes was there already. `undone`: it worked and was taken back. */
  result: 'done' | 'kept' | 'failed' | 'undone';
  error?: string;
  /** Name of the error, where the kernel gave one. */
  errno?: string;
  /** What it left out although it went well. */
  warnings?: string[];
  at: number;
  ms: number;
}

export interface PlanOutcome {
  ok: boolean;
  /**
   * The first fatal error, one sentence, with the id of its step and the name of the kernel's error
   * where there was one.
   */
  failed?: { step: string; errno: string | null; error: string };
  /** Errors of steps that are not fatal, and what a step left out. */
  warnings: string[];
  /** Names of the kernel's errors among them. */
  warned: string[];
  /**
   * What could not be taken back after a fatal error; empty means that the root is as it was found.
   */
  leftovers: string[];
}

/**
 * Runs steps in order, verifying each. The first fatal failure before pivot_root undoes what was
 * done, in reverse; undoing goes on over its own failures, because each thing put back is one less
 * left behind. Behind pivot_root, or a switch, every failure is only a warning.
 * @param onStep is told of each step when it has ended; it must not throw.
 */
export function execute(
  steps: readonly Step[],
  system: System,
  clock: Clock,
  onStep: (result: StepResult) => void,
): PlanOutcome {
  const outcome: PlanOutcome = { ok: true, warnings: [], warned: [], leftovers: [] };
  const done: { number: number; id: string; inverse: Action }[] = [];
  const attempt = attempter(system, clock);
  let pivoted = false;

  for (const [index, { id, action, severity }] of steps.entries()) {
    const number = index + 1;
    const { performed, changed, warnings, error, errno, at, ms } = attempt(action);
    onStep({
      number,
      id,
      action,
      result: error ? 'failed' : changed ? 'done' : 'kept',
      ...(error && { error }),
      ...(errno && { errno }),
      ...(warnings.length > 0 && { warnings }),
      at,
      ms,
    });
    outcome.warnings.push(...warnings);
    pivoted ||= performed && entersNewRoot(action);
    const inverse = changed ? inverseOf(action) : null;
    if (inverse) done.push({ number, id, inverse });
    if (!error) continue;
    if (pivoted || severity === 'warn') {
      outcome.warnings.push(error);
      if (errno !== undefined) outcome.warned.push(errno);
      continue;
    }
    outcome.ok = false;
    outcome.failed = { step: id, errno: errno ?? null, error };
    break;
  }
  if (outcome.ok) return outcome;

  for (const { number, id, inverse } of done.toReversed()) {
    const { error, at, ms } = attempt(inverse);
    onStep({
      number,
      id,
      action: inverse,
      result: error ? 'failed' : 'undone',
      ...(error && { error }),
      at,
      ms,
    });
    if (error) outcome.leftovers.push(error);
  }
  return outcome;
}

interface Attempted {
  /** The calls succeeded, whatever the verification says. */
  performed: boolean;
  changed: boolean;
  warnings: string[];
  error?: string;
  errno?: string;
  at: number;
  ms: number;
}

/**
 * Performs one action, then looks whether what it promises holds. Remembers where /proc is, which
 * that look needs.
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
      if (wrong) result.error = wrong;
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
