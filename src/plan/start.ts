/**
 * Plans `start`, `switch-root` and `ram`: from a read-only root to an overlay of it and the data
 * volume, or to the next best possible root.
 *
 * Before: `/` is the read-only image; /proc, /sys, /dev and /tmp are mounted on it; the data volume
 * is not mounted. After: `/` is the overlay, `/rom` the image, `/overlay` the data volume; every
 * other mount is where it was.
 *
 * The planner is asked again after each stage, with new facts and with the results of the stages
 * before. A rung that failed was undone, and the planner then plans the rung below it and gives the
 * failure as the reason. A start erases nothing on flash unless somebody ordered it.
 */
import type { Facts } from '../facts/facts.js';
import { planAfterFault } from './fault.js';
import { climb } from './ladder.js';
import { memoryOrImage } from './memory-or-image.js';
import type { Decision, Plan, PlanningOptions, StageResult, Verb } from './plan.js';
import { alreadyThere, preconditions } from './preconditions.js';
import { beforeLadder } from './before-ladder.js';

/** The next thing to do, from facts alone: no input or output, no clock. */
export const planStart = (facts: Facts, options: PlanningOptions): Decision =>
  planRoot('start', facts, options);

/** The same for process 1 of an initramfs, with a root that somebody has mounted. */
export const planSwitchRoot = (facts: Facts, options: PlanningOptions): Decision =>
  planRoot('switch-root', facts, options);

/** The obstacle to any root at this moment: a refusal, or a stage that must come first. */
const beforeRoot = (verb: Verb, facts: Facts, options: PlanningOptions): Decision | null =>
  preconditions(verb, facts, options) ??
  alreadyThere(verb, facts) ??
  beforeLadder(verb, facts, options);

const nextStage = (facts: Facts, earlier: readonly StageResult[]): Plan =>
  planAfterFault(facts, earlier) ?? climb(facts, earlier);

const planRoot = (verb: Verb, facts: Facts, options: PlanningOptions): Decision =>
  beforeRoot(verb, facts, options) ?? { ...nextStage(facts, options.earlier ?? []), verb };

/** `ram`: a root in memory, because somebody asked for it. The data volume is not looked at. */
export const planRam = (facts: Facts, options: PlanningOptions): Decision =>
  beforeRoot('ram', facts, options) ?? {
    ...memoryOrImage(facts, options.earlier ?? [], {
      reason: 'asked',
      found: 'a root in memory was asked for',
      cure: null,
    }),
    verb: 'ram',
  };
