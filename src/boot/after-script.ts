/**
 * The agent behind a root that the script made: it plans the start that it would have made itself,
 * from the root as it was before, compares that with what the script says it did and with what the
 * kernel shows, and writes the journal and the state as `start` does. Nothing is changed but what
 * is written down.
 */
import { complaint } from '../steps/conditions.js';
import { JOURNAL_SCHEMA, LOCK_FILE, type Journal } from '../execute/journal.js';
import { gather } from '../facts/gather.js';
import type { Facts, Mount } from '../facts/facts.js';
import { parseMountinfo, visibleAt } from '../facts/mountinfo.js';
import { ATTEMPTS, DATA, OLD_ROOT, STAGING } from '../facts/places.js';
import {
  isUnverified,
  madeRoot,
  scriptMounts,
  scriptRecord,
  type ScriptRecord,
} from '../facts/script-record.js';
import { expectedMounts, mountDifferences } from '../plan/expected-mounts.js';
import { EXIT, type StageResult, type Plan } from '../plan/plan.js';
import { PLANNERS } from '../plan/verbs.js';
import type { Reader, System } from '../system/port.js';
import { VERSION } from '../version.js';
import type { BootContext } from './context.js';
import { VerbRun } from './run.js';

/**
 * Another mountroot that is at work on the same root is waited for so long, in seconds: `done` and
 * this one start at almost the same moment.
 */
const PATIENCE = 120;
const LOOK_MS = 50;

export interface Settled {
  exit: number;
  /** The lock is held by this process. */
  locked: boolean;
}

/**
 * Before any verb of a boot whose root the script made: it is verified once, by whoever comes
 * first. null where the script made no root.
 */
export async function takeOverFromScript(context: BootContext): Promise<Settled | null> {
  const { reader, log } = context;
  const record = scriptRecord(reader);
  if (record === null || !madeRoot(record) || context.process.uid !== 0) return null;
  let system: System | null = null;
  let native: string | null = null;
  try {
    system = await context.openSystem();
  } catch (error) {
    native = `the native parts of mountroot cannot be loaded: ${(error as Error).message.split('\n')[0]}; install them beside the agent (npm run build makes them)`;
  }
  const locked = system !== null && lockPatiently(system);
  if (system !== null && !locked)
    log.warn('another mountroot has been at work on this board for long; going on beside it');
  if (!isUnverified(reader, record)) return { exit: EXIT.done, locked };
  return { exit: verifyScript(context, record, system, native), locked };
}

function lockPatiently(system: System): boolean {
  try {
    for (let waited = 0; waited < PATIENCE * 1000; waited += LOOK_MS) {
      if (system.lock(LOCK_FILE)) return true;
      system.sleep(LOOK_MS);
    }
  } catch {
    // Without a lock two at once are only unlikely.
  }
  return false;
}

/**
 * Of what the image had before something was mounted over it; what stood on other mounts is where
 * it was.
 */
function pathsBefore(reader: Reader, now: Facts, before: readonly Mount[]): Facts['paths'] {
  const onImage = (path: string): boolean =>
    !before.some(
      ({ mountpoint }) =>
        mountpoint !== '/' && (path === mountpoint || path.startsWith(`${mountpoint}/`)),
    );
  return Object.fromEntries(
    Object.keys(now.paths).map((path) => [
      path,
      onImage(path) ? reader.kind(`${OLD_ROOT}${path}`) : now.paths[path]!,
    ]),
  );
}

/**
 * What a start would have begun with, and what it would have seen when the volume was open; the
 * second null where the script did not look so far.
 */
function factsThen(
  { reader }: BootContext,
  now: Facts,
  { found, steps }: ScriptRecord,
  before: readonly Mount[],
): { begun: Facts; open: Facts | null } {
  const begun: Facts = {
    ...now,
    preinit: true,
    mounts: [...before],
    paths: pathsBefore(reader, now, before),
    opened: null,
    state: null,
  };
  if (now.opened === null || found === null) return { begun, open: null };
  const made = (id: string): boolean =>
    steps.some((step) => step.id === id && step.result === 'done');
  // The running system may have ordered something since; the script looked that nothing was.
  const opened = {
    at: STAGING,
    fstype: now.opened.fstype,
    readonly: false,
    ...found,
    order: null,
    upgrade: false,
    upper: made('upper') ? ('missing' as const) : ('directory' as const),
    work: made('work') ? ('missing' as const) : ('directory' as const),
    incoming: 'missing' as const,
    quarantine: now.opened.quarantine,
    identity: now.opened.identity,
  };
  // Whether it is shared by now is init's doing.
  const { shared: _, ...data } = visibleAt(now.mounts, now.opened.at)!;
  return {
    begun,
    open: { ...begun, opened, mounts: [...before, { ...data, mountpoint: STAGING }] },
  };
}

/** The stages that a start would have had; what comes in the place of a plan is a difference. */
function plansThen({ begun, open }: ReturnType<typeof factsThen>, differences: string[]): Plan[] {
  const past: StageResult[] = [];
  const plans: Plan[] = [];
  for (const facts of open === null ? [begun] : [begun, open]) {
    const decision = PLANNERS.start(facts, { dryRun: false, force: true, earlier: past });
    if (decision.decision !== 'go') {
      differences.push(`start would not have gone on: ${decision.summary}`);
      break;
    }
    plans.push(decision);
    if (decision.rung !== 'persistent' || decision.reason !== null)
      differences.push(
        `start would have made ${decision.summary} (${decision.reason ?? decision.rung}${decision.because === null ? '' : `: ${decision.because}`})`,
      );
    past.push({
      stage: decision.stage,
      rung: decision.rung,
      reason: decision.reason,
      because: decision.because,
      failed: null,
      warned: [],
    });
  }
  if (open === null)
    differences.push('what the script found on the data volume is not written down');
  else if (plans.at(-1)?.last !== true && differences.length === 0)
    differences.push(`start would have had more to do: ${plans.at(-1)?.summary}`);
  return plans;
}

/** The steps as the script took them, against those of the plan. */
function stepDifferences(plans: readonly Plan[], { steps, said }: ScriptRecord): string[] {
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

/**
 * What the kernel shows, against what the plan makes: as the script left it, and whether that is
 * still the root.
 */
function rootDifferences(
  reader: Reader,
  plans: readonly Plan[],
  before: readonly Mount[],
  after: readonly Mount[] | null,
  found: ScriptRecord['found'],
): string[] {
  const steps = plans.flatMap((plan) => plan.steps);
  const now = parseMountinfo(reader.readText('/proc/self/mountinfo'));
  const expected = expectedMounts(before, steps);
  const out = mountDifferences(expected, after ?? now, {
    isPrivate: steps.some(({ action }) => action.kind === 'make-private'),
  });
  const [root, rootNow] = [visibleAt(after ?? now, '/'), visibleAt(now, '/')];
  if (root?.id !== rootNow?.id)
    out.push(
      `since the script ended another root was mounted: ${rootNow?.fstype ?? 'none'} ${rootNow?.source ?? ''}`,
    );
  // The directories of the overlay, as the plan gave them, are where it put the volume.
  const layers =
    expected
      .find(({ mountpoint }) => mountpoint === '/')
      ?.options.flatMap((option) => /^(?:upper|work)dir=(.*)$/.exec(option)?.[1] ?? []) ?? [];
  const conditions = [
    ...layers.map((path) => ({ kind: 'directory', path }) as const),
    ...(found === null
      ? []
      : [
          {
            kind: 'reads',
            path: `${DATA}/${ATTEMPTS}`,
            content: `${found.attempts + 1}\n`,
          } as const,
        ]),
  ];
  for (const condition of conditions) {
    const wrong = complaint(condition, reader, '/proc');
    if (wrong !== null) out.push(wrong);
  }
  return out;
}

function writeSteps(
  journal: Journal,
  { steps, stage, rung, summary, notes }: Plan,
  record: ScriptRecord,
): void {
  const at = (id: string): number =>
    record.steps.find((step) => step.id === id)?.at ?? record.ended;
  journal.add({
    type: 'decision',
    decision: 'go',
    stage,
    rung,
    summary,
    steps: steps.length,
    notes,
    at: steps[0] === undefined ? record.begun : at(steps[0].id),
  });
  for (const [index, { id, action }] of steps.entries()) {
    const taken = record.steps.find((step) => step.id === id);
    if (taken !== undefined)
      journal.add({
        type: 'step',
        number: index + 1,
        id,
        action,
        result: taken.result,
        ...(taken.result === 'failed' && {
          error: record.said.join('; ') || 'the command said nothing',
        }),
        at: taken.at,
        ms: taken.ms,
      });
  }
}

/** @returns the exit status of a start: 0 where the root is what the agent would have made. */
function verifyScript(
  context: BootContext,
  record: ScriptRecord,
  system: System | null,
  native: string | null,
): number {
  const { reader, log, clock } = context;
  const journal = context.openJournal((message) => log.warn(message));
  const { before, after } = scriptMounts(reader);
  const differences: string[] = [];
  if (record.result === 'cut off') differences.push('the script was cut off behind the pivot');
  if (before === null) differences.push('the mounts from before the script are not written down');
  const now = gather(reader, context.process);
  const then = factsThen(context, now, record, before ?? []);
  const plans = before === null ? [] : plansThen(then, differences);
  if (plans.length > 0)
    differences.push(
      ...stepDifferences(plans, record),
      ...rootDifferences(reader, plans, before ?? [], after, record.found),
    );
  journal.facts('facts', then.begun);
  if (then.open !== null) journal.facts('facts-later', then.open);
  journal.add({
    type: 'begin',
    schema: JOURNAL_SCHEMA,
    verb: 'start',
    version: VERSION,
    node: globalThis.process.version,
    at: record.begun,
    ...context.beginning?.(now),
    started: record.begun,
    time: Date.now() - (clock() - record.begun),
  });
  for (const plan of plans) writeSteps(journal, plan, record);
  journal.add({ type: 'script', result: 'made', why: null, differences, at: clock() });
  // What is told of the start is told with its own times.
  const run = new VerbRun(
    { ...context, verb: 'start', clock: () => record.ended },
    journal,
    record.begun,
  );
  run.lookBackOnce();
  if (native !== null) run.warn(native);
  const [first, ...more] = differences;
  if (first !== undefined)
    run.warn(
      `the root that the script made is not what start would have made: ${first}${more.length > 0 ? `; and ${more.length} more (mountroot journal)` : ''}; have the agent make it (mountroot.first=agent on the kernel command line, or in /etc/mountroot.json), and reboot`,
    );
  for (const difference of more) log.error(`the root that the script made: ${difference}`);
  const last = plans.at(-1);
  if (last === undefined)
    return run.failed(
      'what the script did cannot be verified, because it has not written down what it began with',
    );
  return run.reached(
    { ...last, rung: 'persistent', reason: null, because: null },
    then.begun,
    system,
  );
}
