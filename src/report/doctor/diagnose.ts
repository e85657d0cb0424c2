/**
 * Whether a start would work, precondition by precondition: from facts alone, and from what the
 * running system shows beside them.
 */
import type { Facts } from '../../facts/facts.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { FLASH_SOURCE, RAM_SOURCE } from '../../facts/places.js';
import { planWhole } from '../../plan/whole-plan.js';
import type { Decision } from '../../plan/plan.js';
import { whatToDo } from '../status/what-to-do.js';
import { BOOT_RULES } from './boot-checks.js';
import {
  ok,
  problem,
  unknown,
  warning,
  type Check,
  type Finding,
  type CheckInputs,
  type CheckRule,
  type Verdict,
} from './check-rule.js';
import { KERNEL_RULES } from './kernel-checks.js';
import type { Live } from './live.js';
import { MACHINE_RULES } from './machine-checks.js';
import { VOLUME_RULES } from './volume-checks.js';

/** `/` is what a start of mountroot made: the facts of today are not those that it began with. */
function isStarted({ mounts, external }: Facts): boolean {
  const root = visibleAt(mounts, '/');
  return root?.source === FLASH_SOURCE || root?.source === RAM_SOURCE || external?.at === '/';
}

function givenOf(now: Facts, live: Live | null): CheckInputs {
  const started = isStarted(now);
  const recorded = live?.recorded && 'value' in live.recorded ? live.recorded.value : null;
  return { now, live, started, start: started ? recorded : now };
}

/** What a start would come to; null where only the facts that a past one began with would tell. */
const outlook = ({ start }: Pick<CheckInputs, 'start'>): Decision | null =>
  start === null ? null : planWhole('start', start, { dryRun: true, force: false });

const EVIDENCE = 'the plan made from these facts: `mountroot plan start` shows it';

/** The outcome of the whole, with the cause where no other check is one. */
function ladder(given: CheckInputs, others: readonly Check[]): Finding {
  const { live, started } = given;
  const decision = outlook(given);
  if (decision === null) {
    const why =
      live?.recorded && 'trouble' in live.recorded
        ? live.recorded.trouble
        : 'there is no /tmp/mountroot/facts.json of this boot';
    return unknown(
      'which root a start would make: / already is one that mountroot made',
      live === null ? 'these facts were gathered behind a start' : why,
      live === null
        ? 'use /tmp/mountroot/facts.json of the board, which a start begins with'
        : '`mountroot status` says what this start came to',
    );
  }
  const again = started ? ', from the facts that the start of this boot began with' : '';
  if (decision.decision === 'refuse')
    return problem(
      `start would be refused${again}: ${decision.summary.split('; ')[0]}`,
      EVIDENCE,
      decision.summary.split('; ').slice(1).join('; ') || 'see the other problems',
    );
  if (decision.decision === 'already') return ok(decision.summary, EVIDENCE);
  const { rung, reason, summary, because } = decision;
  if (rung === 'persistent' && reason === null)
    return ok(`start would make ${summary}${again}`, EVIDENCE);
  const cause = others.find((check) => check.reason === reason && check.verdict === 'problem');
  const head = `start would make ${summary}${again}: rung ${rung}, ${reason ?? 'without a reason'}`;
  if (reason === 'erase-marker') return warning(head, EVIDENCE, 'see `content`');
  return cause === undefined
    ? problem(
        `${head}: ${because?.split('; ')[0] ?? ''}`,
        EVIDENCE,
        whatToDo(reason) ?? 'see the journal',
        reason === null ? {} : { reason },
      )
    : problem(head, EVIDENCE, `see "${cause.title}"`, { reason: cause.reason! });
}

const RULES: readonly CheckRule[] = [
  ...VOLUME_RULES,
  ...KERNEL_RULES,
  ...BOOT_RULES,
  ...MACHINE_RULES,
];

const isList = (found: Finding | readonly Finding[]): found is readonly Finding[] =>
  Array.isArray(found);

/** Every precondition of `start` with its verdict, in the order of looking. Pure. */
export function diagnoseFacts(facts: Facts, live: Live | null): Check[] {
  const given = givenOf(facts, live);
  const checks = RULES.flatMap(({ id, title, look }) => {
    const found = look(given);
    return found === null
      ? []
      : (isList(found) ? found : [found]).map((each): Check => ({ id, title, ...each }));
  });
  return [{ id: 'ladder', title: 'start', ...ladder(given, checks) }, ...checks];
}

export interface Diagnosis {
  schema: 'mountroot.doctor/1';
  of: 'this machine' | 'a facts file';
  kernel: string;
  architecture: string;
  /** What a start would come to; null where it cannot be told. */
  rung: string | null;
  counts: Record<Verdict, number>;
  checks: Check[];
}

export function diagnosis(facts: Facts, live: Live | null): Diagnosis {
  const checks = diagnoseFacts(facts, live);
  const decision = outlook(givenOf(facts, live));
  const counts: Diagnosis['counts'] = { ok: 0, warning: 0, problem: 0, unknown: 0 };
  for (const { verdict } of checks) counts[verdict]++;
  return {
    schema: 'mountroot.doctor/1',
    of: live === null ? 'a facts file' : 'this machine',
    kernel: facts.kernel.release,
    architecture: facts.architecture,
    rung: decision?.decision === 'go' ? decision.rung : null,
    counts,
    checks,
  };
}
