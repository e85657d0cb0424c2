/** The start that the agent would have made, from the root as it was before the script. */
import type { Facts, Mount, MountedVolume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { OLD_ROOT, STAGING } from '../facts/places.js';
import type { ScriptRecord } from '../facts/script-record.js';
import type { Plan, StageResult } from '../plan/plan.js';
import { stageResult } from '../plan/plan-of.js';
import { PLANNERS } from '../plan/verbs.js';
import type { Reader } from '../system/port.js';

/** The facts that a start would have had. */
export interface StartFacts {
  /** Before anything was mounted. */
  begun: Facts;
  /** With the volume open; null if the script did not get so far. */
  open: Facts | null;
}

/**
 * Files of the image that a later mount hides are now below the old root. Files on other mounts are
 * where they were.
 */
function pathsBefore(reader: Reader, now: Facts, before: readonly Mount[]): Facts['paths'] {
  const isOnImage = (path: string): boolean =>
    !before.some(
      ({ mountpoint }) =>
        mountpoint !== '/' && (path === mountpoint || path.startsWith(`${mountpoint}/`)),
    );
  return Object.fromEntries(
    Object.keys(now.paths).map((path) => [
      path,
      isOnImage(path) ? reader.kind(`${OLD_ROOT}${path}`) : now.paths[path]!,
    ]),
  );
}

/** The volume as the script found it. */
function volumeBefore(
  { fstype, quarantine, identity }: MountedVolume,
  found: NonNullable<ScriptRecord['found']>,
  { steps }: ScriptRecord,
): MountedVolume {
  const layer = (id: 'upper' | 'work'): 'missing' | 'directory' =>
    steps.some((step) => step.id === id && step.result === 'done') ? 'missing' : 'directory';
  return {
    at: STAGING,
    fstype,
    readonly: false,
    ...found,
    // The running system may have written an order since then. The script checked that there was
    // none.
    order: null,
    upgrade: false,
    upper: layer('upper'),
    work: layer('work'),
    incoming: 'missing',
    quarantine,
    identity,
  };
}

/** @param before the mounts at the beginning of the script. */
export function factsOfStart(
  reader: Reader,
  now: Facts,
  record: ScriptRecord,
  before: readonly Mount[],
): StartFacts {
  const begun: Facts = {
    ...now,
    preinit: true,
    mounts: [...before],
    paths: pathsBefore(reader, now, before),
    opened: null,
    state: null,
  };
  if (now.opened === null || record.found === null) return { begun, open: null };
  const data: Mount = { ...visibleAt(now.mounts, now.opened.at)!, mountpoint: STAGING };
  // init may have made it shared since then.
  delete data.shared;
  const opened = volumeBefore(now.opened, record.found, record);
  return { begun, open: { ...begun, opened, mounts: [...before, data] } };
}

/** The plans of a start, and their differences from those of a script. */
export interface StartPlans {
  plans: Plan[];
  /** Sentences without a full stop. */
  differences: string[];
}

function lowerRung({ summary, reason, rung, because }: Plan): string {
  const why = because === null ? '' : `: ${because}`;
  return `start would have made ${summary} (${reason ?? rung}${why})`;
}

/** The stages that a start would have had. */
export function plansOfStart({ begun, open }: StartFacts): StartPlans {
  const earlier: StageResult[] = [];
  const plans: Plan[] = [];
  const differences: string[] = [];
  for (const facts of open === null ? [begun] : [begun, open]) {
    const decision = PLANNERS.start(facts, { dryRun: false, force: true, earlier });
    if (decision.decision !== 'go') {
      differences.push(`start would not have gone on: ${decision.summary}`);
      break;
    }
    plans.push(decision);
    if (decision.rung !== 'persistent' || decision.reason !== null)
      differences.push(lowerRung(decision));
    earlier.push(stageResult(decision));
  }
  if (open === null)
    differences.push('what the script found on the data volume is not written down');
  else if (plans.at(-1)?.last !== true && differences.length === 0)
    differences.push(`start would have had more to do: ${plans.at(-1)?.summary}`);
  return { plans, differences };
}
