/** Compares a script's record and the kernel's state with the plans of a start. */
import { complaint } from '../steps/conditions.js';
import type { Mount } from '../facts/facts.js';
import { parseMountinfo, visibleAt } from '../facts/mountinfo.js';
import { ATTEMPTS, DATA } from '../facts/places.js';
import type { ScriptRecord } from '../facts/script-record.js';
import { expectedMounts, mountDifferences } from '../plan/expected-mounts.js';
import type { Plan } from '../plan/plan.js';
import type { Condition } from '../steps/conditions.js';
import type { Reader } from '../system/port.js';

/** Compares the script's steps with those of the plan. */
export function stepDifferences(plans: readonly Plan[], { steps, said }: ScriptRecord): string[] {
  const planned = plans.flatMap((plan) => plan.steps);
  const told = said.length === 0 ? '' : ` (${said.join('; ')})`;
  return planned
    .flatMap(({ id }) => {
      const taken = steps.find((step) => step.id === id);
      if (taken === undefined) return [`the script did not take step ${id}`];
      return taken.result === 'failed' ? [`step ${id} of the script failed${told}`] : [];
    })
    .concat(
      steps
        .filter(({ id }) => !planned.some((step) => step.id === id))
        .map(({ id }) => `the script took a step ${id} that start would not have`),
    );
}

/** Compares the mounts that the script recorded before and after its work. */
export interface ScriptMounts {
  before: readonly Mount[];
  /** null if the script recorded none. */
  after: readonly Mount[] | null;
}

/** The directories of an overlay, from its mount options. */
const layersIn = (options: readonly string[]): string[] =>
  options.flatMap((option) => /^(?:upper|work)dir=(.*)$/.exec(option)?.[1] ?? []);

/** Checks the volume: the overlay's directories exist, and the start is counted. */
function conditionsOf(
  expected: ReturnType<typeof expectedMounts>,
  record: ScriptRecord,
): Condition[] {
  const root = expected.find(({ mountpoint }) => mountpoint === '/');
  return [
    ...layersIn(root?.options ?? []).map((path): Condition => ({ kind: 'directory', path })),
    ...(record.found === null
      ? []
      : [
          {
            kind: 'reads' as const,
            path: `${DATA}/${ATTEMPTS}`,
            content: `${record.found.attempts + 1}\n`,
          },
        ]),
  ];
}

/**
 * Compares the mounts that the script left with those of the plan, and checks that the script's
 * root is still `/`.
 */
export function rootDifferences(
  reader: Reader,
  plans: readonly Plan[],
  { before, after }: ScriptMounts,
  record: ScriptRecord,
): string[] {
  const steps = plans.flatMap((plan) => plan.steps);
  const now = parseMountinfo(reader.readText('/proc/self/mountinfo'));
  const expected = expectedMounts(before, steps);
  const differences = mountDifferences(expected, after ?? now, {
    isPrivate: steps.some(({ action }) => action.kind === 'make-private'),
  });
  const [root, rootNow] = [visibleAt(after ?? now, '/'), visibleAt(now, '/')];
  if (root?.id !== rootNow?.id)
    differences.push(
      'since the script ended another root was mounted: ' +
        `${rootNow?.fstype ?? 'none'} ${rootNow?.source ?? ''}`,
    );
  const complaints = conditionsOf(expected, record).map((condition) =>
    complaint(condition, reader, '/proc'),
  );
  return [...differences, ...complaints.filter((each) => each !== null)];
}
