import type { Facts, MountedVolume } from '../facts/facts.js';
import { parseCommandLine } from '../facts/cmdline.js';
import { NEW_IMAGE, STAGING } from '../facts/places.js';
import type { Decision, PlanningOptions, StageResult, Plan, Verb } from './plan.js';
import { distinct } from './steps.js';
import { PLANNERS } from './verbs.js';
import { fstypeOf } from '../volumes/mountable.js';

/** A data volume in order: what most boards have most of the time. */
const HEALTHY: Omit<MountedVolume, 'at' | 'fstype'> = {
  readonly: false,
  state: 'ready',
  attempts: 0,
  order: null,
  upgrade: false,
  upper: 'directory',
  work: 'directory',
  incoming: 'missing',
  quarantine: [],
  identity: null,
};

/**
 * The facts as they will probably be behind a plan; null where that depends on what nobody can know
 * before.
 */
function afterwards(facts: Facts, { stage, steps, verb }: Plan): Facts | null {
  const { volume, opened } = facts;
  const mounted = steps.find(
    ({ action }) => action.kind === 'mount' && action.target === STAGING,
  )?.action;
  if (stage === 'open' && mounted?.kind === 'mount') {
    const fresh = volume.content?.kind === 'blank';
    const upper = fresh ? 'missing' : 'directory';
    const seen: MountedVolume = {
      ...HEALTHY,
      at: STAGING,
      fstype: fstypeOf(volume.found[0]!, volume) ?? mounted.fstype,
      readonly: mounted.flags.includes('MS_RDONLY'),
      upper,
      work: upper,
      state: fresh && verb === 'start' ? 'fresh' : 'ready',
    };
    return { ...facts, opened: seen };
  }
  if (stage === 'image' && facts.handover !== null) {
    const init = parseCommandLine(facts.kernel.commandLine).get('init') || '/sbin/init';
    return {
      ...facts,
      handover: {
        ...facts.handover,
        at: NEW_IMAGE,
        paths: { '/tmp': 'directory', '/proc': 'directory' },
        programs: [{ path: init, trouble: null }],
      },
    };
  }
  if (stage === 'erase')
    return {
      ...facts,
      volume: { ...volume, content: { kind: 'blank', evidence: 'it will have been erased' } },
    };
  if (stage === 'copy' && opened !== null)
    return { ...facts, opened: { ...opened, incoming: 'directory' } };
  if (stage === 'reset' && opened !== null) return { ...facts, opened: { ...opened, order: null } };
  if (stage === 'import' && opened?.imported !== undefined)
    return {
      ...facts,
      opened: {
        ...opened,
        upper: 'directory',
        work: 'missing',
        imported: { ...opened.imported, ordered: false },
      },
    };
  if (stage === 'order' && opened !== null)
    return { ...facts, opened: { ...opened, order: { keep: [] } } };
  return null;
}

/** One stage of what is foreseen: the facts that its plan rests on, and what came before it. */
export interface PlannedStage {
  facts: Facts;
  past: readonly StageResult[];
  plan: Plan;
}

interface Outlook {
  stages: PlannedStage[];
  /** Why it is no longer. */
  notes: string[];
  /** There is nothing to be done, or it must not be. */
  never: Exclude<Decision, Plan> | null;
}

/** The stages of a verb, if nothing fails, each with the facts as they will probably be. */
export function planStages(verb: Verb, facts: Facts, options: PlanningOptions): Outlook {
  const decide = PLANNERS[verb];
  const past: StageResult[] = [];
  const outlook: Outlook = { stages: [], notes: [], never: null };
  let seen: Facts | null = facts;
  while (seen !== null) {
    const decision: Decision = decide(seen, { ...options, past });
    if (decision.decision !== 'go') {
      if (outlook.stages.length === 0) return { ...outlook, never: decision };
      outlook.notes.push(decision.summary);
      break;
    }
    outlook.stages.push({ facts: seen, past: [...past], plan: decision });
    if (decision.last) break;
    past.push({
      stage: decision.stage,
      rung: decision.rung,
      reason: decision.reason,
      because: decision.because,
      failed: null,
      warned: [],
    });
    seen = afterwards(seen, decision);
    if (seen === null) outlook.notes.push('what comes next depends on what is then found');
  }
  return outlook;
}

/**
 * What a verb would do from beginning to end, if nothing fails: the plans of its stages put
 * together, for people and scripts to read.
 */
export function planWhole(verb: Verb, facts: Facts, options: PlanningOptions): Decision {
  const { stages, notes, never } = planStages(verb, facts, options);
  return (
    never ?? {
      ...whole(stages),
      notes: [...facts.problems, ...stages.flatMap(({ plan }) => plan.notes), ...notes],
    }
  );
}

/** The plans of all stages as one. */
export const whole = (stages: readonly PlannedStage[]): Plan => ({
  ...stages.at(-1)!.plan,
  steps: distinct(stages.flatMap(({ plan }) => plan.steps)),
});
