/**
 * Whether a start would work: each of its preconditions, from facts alone, and from what only the
 * running system shows.
 */
import type { Facts } from '../../facts/facts.js';
import { isUnseen } from '../../facts/find-volume.js';
import { visibleAt } from '../../facts/mountinfo.js';
import { FLASH_SOURCE, RAM_SOURCE } from '../../facts/places.js';
import { planWhole } from '../../plan/whole-plan.js';
import type { Decision, Plan } from '../../plan/plan.js';
import { beforeStart } from '../root/before-pivot.js';
import { rootEvidence, rootWords } from '../root/root-words.js';
import { whatToDo } from '../status/what-to-do.js';
import { CHECKS } from './all-checks.js';
import {
  RUN_AS_ROOT,
  ok,
  problem,
  unknown,
  warning,
  type Check,
  type CheckInputs,
  type Finding,
  type Verdict,
} from './check-rule.js';
import type { Live } from './live.js';

/**
 * Behind a start of ours its own facts count; behind OpenWrt's mount_root those that the mounts of
 * today show.
 */
function inputsOf(now: Facts, live: Live | null): CheckInputs {
  const recorded = live?.recorded && 'value' in live.recorded ? live.recorded.value : null;
  const before = beforeStart(now);
  const { maker } = before.root;
  const started = maker === 'mountroot' && isMade(now);
  const known = started || maker === 'openwrt-form' ? recorded : null;
  const rebuilt = started || before.hidden ? null : before.facts;
  return { now, live, before, started, start: known ?? rebuilt };
}

/** The root is another one than the kernel mounted. */
function isMade({ mounts, external }: Facts): boolean {
  const root = visibleAt(mounts, '/');
  return root?.source === FLASH_SOURCE || root?.source === RAM_SOURCE || external?.at === '/';
}

/** The result of a start; null if the facts for it are unknown. */
const outlook = ({ start, before }: CheckInputs): Decision | null =>
  start === null
    ? null
    : planWhole('start', start, {
        dryRun: true,
        force: false,
        known: start === before.facts ? before.known : null,
      });

const EVIDENCE = 'the plan made from these facts: `mountroot plan start` shows it';

/** A start has run, and left no facts to plan from. */
function noOutlook({ live, before }: CheckInputs): Finding {
  if (before.hidden)
    return unknown(
      `which root a start would make: ${rootWords(before.root)}, and nothing is mounted on /rom`,
      rootEvidence(before.root),
      'gather the facts in /etc/preinit, before the root is made',
    );
  const finding = 'which root a start would make: / already is one that mountroot made';
  if (live === null)
    return unknown(
      finding,
      'these facts were gathered after a start',
      'use facts.json of the board, which a start leaves in /run/mountroot or /tmp/mountroot',
    );
  const evidence =
    live.recorded && 'trouble' in live.recorded
      ? live.recorded.trouble
      : `there is no facts.json of this boot in ${live.records}`;
  return unknown(finding, evidence, '`mountroot status` says what this start came to');
}

/** A start would end on a lower rung. `again` says which facts it is planned from. */
function lowerRung(plan: Plan, again: string, others: readonly Check[]): Finding {
  const { rung, reason, summary, because, trouble } = plan;
  const head = `start would make ${summary}${again}: rung ${rung}, ${reason ?? 'without a reason'}`;
  if (reason === 'erase-marker') return warning(head, EVIDENCE, 'see `content`');
  const cause = others.find((check) => check.reason === reason && check.verdict === 'problem');
  if (cause !== undefined) return problem(head, EVIDENCE, `see "${cause.title}"`, cause.reason);
  const found = trouble?.found ?? because ?? '';
  const cure = trouble?.cure ?? whatToDo(reason) ?? 'see the journal';
  return problem(`${head}: ${found}`, EVIDENCE, cure, reason);
}

/** The facts that a start is planned from, if they are not those of today. */
function fromWhere({ start, before, started }: CheckInputs): string {
  if (start !== before.facts || started)
    return ', from the facts that the start of this boot began with';
  return before.rebuilt === null ? '' : ', from the root before the one of today, as rebuilt here';
}

/** The outcome of a start. Where another check has found the cause, it refers to that check. */
function ladder(inputs: CheckInputs, decision: Decision | null, others: readonly Check[]): Finding {
  if (decision === null) return noOutlook(inputs);
  const again = fromWhere(inputs);
  if (decision.decision === 'refuse') {
    const { found, cure } = decision.cause;
    const finding = `start would be refused${again}: ${found}`;
    return problem(finding, EVIDENCE, cure ?? 'see the other problems');
  }
  if (decision.decision === 'already') return ok(decision.summary, EVIDENCE);
  if (inputs.start !== null && isUnseen(inputs.start))
    return unknown(
      'which root a start would make, because only root may read what names the volume',
      EVIDENCE,
      RUN_AS_ROOT,
    );
  if (decision.reason === 'persist' || (decision.rung === 'persistent' && decision.reason === null))
    return ok(`start would make ${decision.summary}${again}`, EVIDENCE);
  return lowerRung(decision, again, others);
}

const asList = (found: Finding | readonly Finding[] | null): readonly Finding[] => {
  if (found === null) return [];
  return 'verdict' in found ? [found] : found;
};

/** The checks in the order of looking; the outcome of a start comes first. */
function allChecks(inputs: CheckInputs, decision: Decision | null): Check[] {
  const checks = CHECKS.flatMap(({ id, title, look }) =>
    asList(look(inputs)).map((each): Check => ({ id, title, ...each })),
  );
  return [{ id: 'ladder', title: 'start', ...ladder(inputs, decision, checks) }, ...checks];
}

export interface Diagnosis {
  schema: 'mountroot.doctor/1';
  of: 'this machine' | 'a facts file';
  kernel: string;
  architecture: string;
  /** The rung that a start would end on; null if that is not known. */
  rung: string | null;
  counts: Record<Verdict, number>;
  checks: Check[];
}

/** Pure. */
export function diagnosis(facts: Facts, live: Live | null): Diagnosis {
  const inputs = inputsOf(facts, live);
  const decision = outlook(inputs);
  const checks = allChecks(inputs, decision);
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
