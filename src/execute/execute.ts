import { conditionAfter, inverseOf } from '../plan/consequences.js';
import type { Action, Step } from '../plan/step.js';
import type { System } from '../system/port.js';
import { perform } from './executors.js';
import { complaint } from './verify.js';

/** Milliseconds since the kernel started (CLOCK_MONOTONIC), so that journal and kernel log tell one time. */
export type Clock = () => number;

export interface StepResult {
  number: number;
  id: string;
  action: Action;
  /** `kept`: what the step makes was there already. `undone`: it worked and was taken back. */
  result: 'done' | 'kept' | 'failed' | 'undone';
  error?: string;
  at: number;
  ms: number;
}

export interface Outcome {
  ok: boolean;
  /** The first fatal error, one sentence. */
  error?: string;
  /** Errors of steps that are not fatal. */
  warnings: string[];
  /** What could not be taken back after a fatal error; empty means that the root is as it was found. */
  leftovers: string[];
}

/**
 * Runs steps in order, verifying each. The first fatal failure before pivot_root undoes what was done, in reverse; undoing goes on over its own
 * failures, because each thing put back is one less left behind. Behind pivot_root every failure is only a warning.
 * @param onStep is told of each step when it has ended; it must not throw.
 */
export function execute(steps: readonly Step[], system: System, clock: Clock, onStep: (result: StepResult) => void): Outcome {
  const outcome: Outcome = { ok: true, warnings: [], leftovers: [] };
  const done: { number: number; id: string; inverse: Action }[] = [];
  const attempt = attempter(system, clock);
  let pivoted = false;

  for (const [index, { id, action, severity }] of steps.entries()) {
    const number = index + 1;
    const { performed, changed, error, at, ms } = attempt(action);
    onStep({ number, id, action, result: error ? 'failed' : changed ? 'done' : 'kept', ...(error && { error }), at, ms });
    pivoted ||= performed && action.kind === 'pivot-root';
    const inverse = changed ? inverseOf(action) : null;
    if (inverse) done.push({ number, id, inverse });
    if (!error) continue;
    if (pivoted || severity === 'warn') {
      outcome.warnings.push(error);
      continue;
    }
    outcome.ok = false;
    outcome.error = error;
    break;
  }
  if (outcome.ok) return outcome;

  for (const { number, id, inverse } of done.toReversed()) {
    const { error, at, ms } = attempt(inverse);
    onStep({ number, id, action: inverse, result: error ? 'failed' : 'undone', ...(error && { error }), at, ms });
    if (error) outcome.leftovers.push(error);
  }
  return outcome;
}

interface Attempted {
  /** The calls succeeded, whatever the verification says. */
  performed: boolean;
  changed: boolean;
  error?: string;
  at: number;
  ms: number;
}

/** Performs one action, then looks whether what it promises holds. Remembers where /proc is, which that look needs. */
function attempter(system: System, clock: Clock): (action: Action) => Attempted {
  let proc = '/proc';
  return (action) => {
    const at = clock();
    const result: Attempted = { performed: false, changed: false, at, ms: 0 };
    try {
      result.changed = perform(action, system);
      result.performed = true;
      if (action.kind === 'move' && action.from === proc) proc = action.to;
      if (action.kind === 'pivot-root' && proc.startsWith(`${action.newRoot}/`)) proc = proc.slice(action.newRoot.length);
      const wrong = complaint(conditionAfter(action), system, proc);
      if (wrong) result.error = wrong;
    } catch (error) {
      result.error = (error as Error).message;
    }
    result.ms = clock() - at;
    return result;
  };
}
