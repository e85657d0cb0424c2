import type { System } from '../system/port.js';
import type { Condition } from './conditions.js';
import * as kinds from './index.js';
import type { Performed, StepKind } from './step-kind.js';

type Kinds = typeof kinds;
type DataOf<Kind> = Kind extends StepKind<infer Data> ? Data : never;

type ActionKind = keyof Kinds;
type ActionOf<K extends ActionKind> = { kind: K } & DataOf<Kinds[K]>;

/**
 * The action of a step, as plans and journals hold it. The kinds and their data are in index.ts.
 */
export type Action = { [K in ActionKind]: ActionOf<K> }[ActionKind];

export interface Step {
  /** Short and unique within its plan: journal, milestones and tests name steps by it. */
  id: string;
  action: Action;
  /** One sentence for people who read the plan or the journal. */
  why: string;
  /** `fatal`: the plan cannot go on without it. `warn`: the root works without it. */
  severity: 'fatal' | 'warn';
}

const ALL: Record<ActionKind, StepKind<never>> = kinds;

/** Everything about the kind of an action. */
export const kindOf = ({ kind }: Action): StepKind<Action> =>
  // TypeScript cannot see that kind and data go together; the compiler checks each kind by itself.
  ALL[kind] as StepKind<Action>;

/** The action that undoes another; null if undoing is unnecessary or impossible. */
export const inverseOf = (action: Action): Action | null => kindOf(action).inverse(action);

/** The condition that must hold after an action. */
export const conditionAfter = (action: Action): Condition => kindOf(action).condition(action);

/** Performs an action. @throws {SystemError} as the calls it makes. */
export function perform(action: Action, system: System): Performed {
  const done = kindOf(action).execute(action, system);
  return typeof done === 'boolean' ? { changed: done, warnings: [] } : done;
}

/** Whether an action makes another root `/`: nothing is undone after it. */
export const entersNewRoot = (action: Action): boolean => kindOf(action).entersNewRoot === true;

/** The new path of a file after an action. */
export const pathAfter = (action: Action, path: string): string =>
  kindOf(action).relocate?.(action, path) ?? path;
