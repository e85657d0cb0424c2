/** A verb from beginning to end, if nothing fails. `plan`, scripts and reports show this. */
import { parseCommandLine } from '../facts/cmdline.js';
import type { Facts, MountedVolume } from '../facts/facts.js';
import { NEW_IMAGE, STAGING } from '../facts/places.js';
import type { Decision, Plan, PlanningOptions, Stage, StageResult, Verb } from './plan.js';
import { isHidden, makerOf } from './behind.js';
import { volumeBehind } from '../facts/rootdisk.js';
import { stageResult } from './plan-of.js';
import { distinct } from './steps.js';
import { PLANNERS } from './verbs.js';
import { fstypeOf } from '../volumes/mountable.js';

/** A sound data volume, as most boards have it most of the time. */
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

/** The content of an opened volume: what is known, else settings, or nothing if it is blank. */
function afterOpen(facts: Facts, { steps, verb }: Plan, { known }: PlanningOptions): Facts | null {
  const { volume } = facts;
  const mounted = steps.find(
    ({ action }) => action.kind === 'mount' && action.target === STAGING,
  )?.action;
  if (mounted?.kind !== 'mount') return null;
  if (known) return { ...facts, opened: { ...known, at: STAGING, readonly: false } };
  const fresh = volume.content?.kind === 'blank';
  const layer = fresh ? 'missing' : 'directory';
  const opened: MountedVolume = {
    ...HEALTHY,
    at: STAGING,
    fstype: fstypeOf(volume.found[0]!, volume) ?? mounted.fstype,
    readonly: mounted.flags.includes('MS_RDONLY'),
    upper: layer,
    work: layer,
    state: fresh && verb === 'start' ? 'fresh' : 'ready',
  };
  return { ...facts, opened };
}

/** The image is mounted, and has the directories and the init that an image has. */
function afterImage(facts: Facts): Facts | null {
  const { handover, kernel } = facts;
  if (handover === null) return null;
  const init = parseCommandLine(kernel.commandLine).get('init') || '/sbin/init';
  return {
    ...facts,
    handover: {
      ...handover,
      at: NEW_IMAGE,
      paths: { '/tmp': 'directory', '/proc': 'directory' },
      programs: [{ path: init, trouble: null }],
    },
  };
}

const withOpened =
  (changes: Partial<MountedVolume>) =>
  (facts: Facts): Facts | null =>
    facts.opened === null ? null : { ...facts, opened: { ...facts.opened, ...changes } };

function afterImport(facts: Facts): Facts | null {
  const imported = facts.opened?.imported;
  return imported === undefined
    ? null
    : withOpened({
        upper: 'directory',
        work: 'missing',
        imported: { ...imported, ordered: false },
      })(facts);
}

/** The loop device that is free on most boards. */
const FIRST_LOOP = { name: 'loop0', number: '7:0' };

function afterShow(facts: Facts): Facts | null {
  if (!isHidden(facts)) return null;
  const rootdisk = { ...facts.rootdisk!, loop: FIRST_LOOP };
  return { ...facts, rootdisk, volume: volumeBehind(facts.volume, rootdisk) };
}

function afterMake(facts: Facts): Facts | null {
  const { fstype } = makerOf(facts)!;
  const content = { kind: fstype, evidence: 'it will have been made' };
  return {
    ...facts,
    rootdisk: { ...facts.rootdisk!, content },
    volume: { ...facts.volume, content },
  };
}

const afterErase = (facts: Facts): Facts => ({
  ...facts,
  volume: {
    ...facts.volume,
    content: { kind: 'blank', evidence: 'it will have been erased' },
  },
});

/** The probable facts after a stage. null, and no row, if nobody can know them beforehand. */
const AFTERWARDS: Partial<
  Record<Stage, (facts: Facts, plan: Plan, options: PlanningOptions) => Facts | null>
> = {
  attach: afterShow,
  make: afterMake,
  open: afterOpen,
  image: afterImage,
  erase: afterErase,
  copy: withOpened({ incoming: 'directory' }),
  reset: withOpened({ order: null }),
  import: afterImport,
  order: withOpened({ order: { keep: [] } }),
};

/** One foreseen stage: the facts that its plan depends on, and the stages before it. */
export interface PlannedStage {
  facts: Facts;
  earlier: readonly StageResult[];
  plan: Plan;
}

interface Outlook {
  stages: PlannedStage[];
  /** The reason why the verb ends here. */
  notes: string[];
  /** The verb has nothing to do, or is refused. */
  never: Exclude<Decision, Plan> | null;
}

/** The stages of a verb, if nothing fails, each with the facts as they will probably be. */
export function planStages(verb: Verb, facts: Facts, options: PlanningOptions): Outlook {
  const earlier: StageResult[] = [];
  const outlook: Outlook = { stages: [], notes: [], never: null };
  let seen: Facts | null = facts;
  while (seen !== null) {
    const decision: Decision = PLANNERS[verb](seen, { ...options, earlier });
    if (decision.decision !== 'go') {
      if (outlook.stages.length === 0) return { ...outlook, never: decision };
      outlook.notes.push(decision.summary);
      break;
    }
    outlook.stages.push({ facts: seen, earlier: [...earlier], plan: decision });
    if (decision.last) break;
    earlier.push(stageResult(decision));
    seen = AFTERWARDS[decision.stage]?.(seen, decision, options) ?? null;
    if (seen === null) outlook.notes.push('what comes next depends on what is then found');
  }
  return outlook;
}

/** The plans of all stages put together, for people and scripts to read. */
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
