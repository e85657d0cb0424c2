import type { Facts } from '../facts/facts.js';
import { planDone } from './done.js';
import type { Decision, PlanningOptions, Verb } from './plan.js';
import { planReset } from './reset.js';
import { planRam, planStart, planSwitchRoot } from './start.js';
import { planStop } from './stop.js';

/** Each verb's planner: from facts and the earlier stages to the next stage. */
export const PLANNERS: Record<Verb, (facts: Facts, options: PlanningOptions) => Decision> = {
  start: planStart,
  ram: planRam,
  'switch-root': planSwitchRoot,
  done: planDone,
  stop: planStop,
  reset: planReset,
};
