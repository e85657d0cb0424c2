/**
 * A fault of the agent itself, while it gathered facts or planned. Its facts may then be wrong, so
 * the start leaves the data volume as it is. It still counts itself on the volume where it can, and
 * says why.
 */
import type { Facts } from '../facts/facts.js';
import { faultProblem } from '../facts/problems.js';
import { problemSentence, type FactsProblem } from '../text/problem-text.js';
import { countSteps } from './bookkeeping.js';
import { memoryOrImage } from './memory-or-image.js';
import { keepsItself, ownRootName } from './own-root.js';
import type { Decision, Plan, PlanningOptions, StageResult, Verb } from './plan.js';
import { planOf, tried } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import { imageRoot } from './roots.js';
import { volumeTrouble } from './volume.js';

type Fault = Extract<FactsProblem, { code: 'fault' }>;

/** The first fault while these facts were gathered; null if there was none. */
export const faultIn = ({ findings }: Facts): Fault | null =>
  findings.find((each) => each.code === 'fault') ?? null;

/** The facts with a fault from elsewhere: an earlier round, or the planner. */
export const withFault = (facts: Facts, fault: Fault): Facts => ({
  ...facts,
  problems: [...facts.problems, problemSentence(fault)],
  findings: [...facts.findings, fault],
});

const faultTrouble = (facts: Facts): Trouble =>
  troubleOf('agent-failed', problemSentence(faultIn(facts)!));

/** Whether opening the volume is possible and new: the start can then be counted on it. */
const canBeOpened = (facts: Facts, earlier: readonly StageResult[]): boolean =>
  facts.opened === null &&
  facts.volume.found.length === 1 &&
  facts.volume.attach === null &&
  !tried(earlier, 'open') &&
  volumeTrouble(facts, facts.volume, facts.configuration.origins.volume) === null;

/**
 * The plan after a fault: a root in memory. null without a fault, and while the volume must be
 * opened first.
 */
export const planAfterFault = (facts: Facts, earlier: readonly StageResult[]): Plan | null =>
  faultIn(facts) === null || canBeOpened(facts, earlier)
    ? null
    : countedMemoryRoot(facts, earlier, faultTrouble(facts));

/** After a fault a root that is written to stays: an overlay in memory would lose its changes. */
const untouchedOwnRoot = (facts: Facts, trouble: Trouble): Plan =>
  planOf('start', facts, {
    stage: 'root',
    summary: `the root that the kernel mounted (${ownRootName(facts)}), which stays / as it is`,
    steps: [],
    trouble,
    last: true,
  });

/** A root in memory. The open volume keeps only the count of this start. */
function countedMemoryRoot(facts: Facts, earlier: readonly StageResult[], trouble: Trouble): Plan {
  if (keepsItself(facts)) return untouchedOwnRoot(facts, trouble);
  const plan = memoryOrImage(facts, earlier, trouble);
  return { ...plan, steps: [...countSteps(facts, earlier), ...plan.steps] };
}

type Planner = (facts: Facts, options: PlanningOptions) => Decision;

/** A plan that needs no facts: the image stays `/`. */
const untouched = (facts: Facts): Plan =>
  planOf('start', facts, {
    stage: 'root',
    rung: 'rom',
    summary: 'the root that the kernel mounted, which stays / as it is',
    steps: [],
    trouble: faultTrouble(facts),
    last: true,
  });

/** The planners to ask after one has failed: each needs less of the facts than the one before. */
const LESS_AND_LESS: readonly Planner[] = [
  (facts, { earlier = [] }) => countedMemoryRoot(facts, earlier, faultTrouble(facts)),
  (facts, { earlier = [] }) => memoryOrImage(facts, earlier, faultTrouble(facts)),
  (facts) => imageRoot(facts, faultTrouble(facts)),
];

/**
 * The decision of a planner for a root. If the planner fails in a way that we do not know, this is
 * a plan for a lower rung.
 */
export function decideWhatever(
  verb: Verb,
  planner: Planner,
  facts: Facts,
  options: PlanningOptions,
): { decision: Decision; fault: Fault | null } {
  try {
    return { decision: planner(facts, options), fault: faultIn(facts) };
  } catch (error) {
    const fault = faultProblem(`it planned ${verb}`, error);
    const known = withFault(facts, fault);
    for (const next of [planner, ...LESS_AND_LESS])
      try {
        const decision = next(known, options);
        return { decision: { ...decision, verb }, fault };
      } catch {
        // The first fault is the one to tell.
      }
    return { decision: { ...untouched(known), verb }, fault };
  }
}
