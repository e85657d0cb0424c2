import type { Facts, Rung } from '../facts/facts.js';
import { deviceOf } from './open.js';
import { PLAN_SCHEMA, type StageResult, type Plan, type Stage, type Verb } from './plan.js';
import type { Step } from '../steps/step.js';
import { distinct } from './steps.js';
import { sentenceOf, type Trouble } from './reasons.js';
import { describe } from '../volumes/device.js';
import { FILE_SYSTEMS } from '../volumes/file-systems.js';
import { fstypeOf } from '../volumes/mountable.js';

export const failures = (past: readonly StageResult[], stage: Stage, rung?: Rung): StageResult[] =>
  past.filter(
    (each) =>
      each.failed !== null && each.stage === stage && (rung === undefined || each.rung === rung),
  );
export const did = (past: readonly StageResult[], stage: Stage): boolean =>
  past.some((each) => each.stage === stage);

interface Parts {
  stage: Stage;
  rung: Rung;
  summary: string;
  steps: Step[];
  trouble: Trouble | null;
  notes?: string[];
}

export function planOf(
  verb: Verb,
  facts: Facts,
  { stage, rung, summary, steps, trouble, notes = [] }: Parts,
  last: boolean,
): Plan {
  return {
    schema: PLAN_SCHEMA,
    decision: 'go',
    verb,
    stage,
    rung,
    reason: trouble?.reason ?? null,
    summary,
    because: trouble === null ? null : sentenceOf(trouble),
    ...(trouble && { trouble }),
    rests: { device: deviceOf(facts.volume) },
    steps: distinct(steps),
    notes,
    last,
  };
}

/** A plan for a part of the way, behind which the facts are gathered again. */
export const stage = (facts: Facts, name: Stage, steps: Step[], summary: string): Plan =>
  planOf(
    'start',
    facts,
    {
      stage: name,
      rung: 'persistent',
      summary,
      steps,
      trouble: null,
      notes: stageNotes(facts, name),
    },
    false,
  );

function stageNotes({ volume }: Facts, name: Stage): string[] {
  if (name !== 'open') return [];
  if (volume.content?.kind === 'blank')
    return [
      `the data volume is blank: ${FILE_SYSTEMS[fstypeOf(volume.found[0]!, volume)!]!.title} makes it its own`,
    ];
  if (volume.content?.kind === 'unreadable')
    return [
      `what the data volume holds could not be looked at (${volume.content.evidence}); mounting it will tell`,
    ];
  return volume.content?.behind !== undefined
    ? [`${describe(volume.found[0]!)} has a damaged beginning: ${volume.content.evidence}`]
    : [];
}
