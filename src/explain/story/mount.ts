import { hadRoot, noRoot, type Panic } from '../messages/panic.js';
import type { KernelMessage } from '../messages/message-row.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { Contradiction } from '../sentences/contradictions.js';
import { assumedFor, because, unlessSure, type Because } from '../sentences/grounds.js';
import type { MountVerdict } from '../sentences/root-decisions.js';
import { said, type DecisionLog } from './decision-log.js';
import { predictMount, type MountOutcome, type MountSource } from './predict-mount.js';

/** The mount to decide. */
export interface MountPlan {
  id: 'mount' | 'mount-initrd';
  source: MountSource;
  writable: boolean;
  /** `major:minor` in the panic if it fails; null if unknown. */
  number: string | null;
  /** The number of mounts in the log before this one. */
  earlier: number;
  /** True if the kernel surely mounts it, and no program of rootfs runs instead. */
  sure: boolean;
}

/** A successful mount; null if unknown. */
export interface Mounted {
  fstype: string | null;
  device: string | null;
}

interface MountCase {
  t: DecisionLog;
  plan: MountPlan;
  expected: MountOutcome;
}

/** `open`: the log does not show it. */
export type MountEnd = { panics: Panic } | { mounted: Mounted } | { open: true };

/** The decision about a mount, with the resulting panic or mounted root. */
interface MountResult extends Because {
  verdict: MountVerdict;
  then: MountEnd;
  contradiction?: Contradiction;
}

type Shown = Extract<Contradiction, { code: 'mount' }>['shown'];

const contradicts = (shown: Shown, expected: MountOutcome): Contradiction => ({
  code: 'mount',
  shown,
  expected:
    expected.kind === 'mounted' ? { mounts: true, fstype: expected.fstype } : { mounts: false },
  expectedFor: expected.because,
});

const shownMount = ({ t, plan }: MountCase) => t.seen.mounted[plan.earlier];

/** The present mounts show the root that the kernel mounted, never an image before it. */
const rememberedMount = ({ t, plan }: MountCase) =>
  plan.id === 'mount' && t.given.kernelRoot !== null && t.given.kernelRoot !== 'rootfs'
    ? t.given.kernelRoot
    : null;

/** A message that the kernel prints only after it has a root. */
const behindMount = ({
  t: { seen, given },
  plan,
}: MountCase): KernelMessage<unknown> | undefined =>
  given.onlySeen === true && !plan.sure
    ? undefined
    : (seen.started ??
      seen.runs[0] ??
      (seen.panic !== undefined && hadRoot(seen.panic.value) ? seen.panic : undefined));

/** The message after which the kernel always panics, although its last words are not there. */
const shownFailure = ({ t: { seen } }: MountCase): KernelMessage<unknown> | undefined =>
  seen.panic?.value.kind === 'no-root' ? seen.panic : (seen.cannotOpen ?? seen.noneCould);

/** Process 1 runs today, although the mount was expected to fail. */
const runsAnyway = ({ t, plan, expected }: MountCase): boolean =>
  plan.id === 'mount' && t.given.init !== null && expected.kind !== 'mounted';

const hasMounted = (
  { fstype, readonly, device }: { fstype: string; readonly: boolean; device: string | null },
  why: Because,
): MountResult => ({
  verdict: { verdict: 'yes', how: 'seen', fstype, device, readonly },
  then: { mounted: { fstype, device } },
  ...why,
});

const wentOn = ({ t, plan, expected }: MountCase, why: Because): MountResult => {
  const known = expected.kind === 'mounted' && (t.given.onlySeen !== true || expected.certain);
  const fstype = known ? expected.fstype : null;
  return {
    verdict: { verdict: 'yes', how: 'went-on', fstype },
    then: { mounted: { fstype, device: plan.number } },
    ...why,
  };
};

function panicked({ seen }: DecisionLog, line: KernelMessage<unknown>): MountResult {
  const { cannotOpen, noneCould, panic } = seen;
  const message = line.said.trim();
  const panics: Panic =
    panic?.value.kind === 'no-root' ? panic.value : { kind: 'no-root', message };
  const then = { panics };
  const error = cannotOpen?.value.error ?? null;
  if (cannotOpen && error !== null)
    return {
      verdict: { verdict: 'no', how: 'error', error, fstype: null, foretold: false },
      then,
      ...said(cannotOpen),
    };
  if (cannotOpen)
    return { verdict: { verdict: 'no', how: 'cannot-open' }, then, ...said(cannotOpen) };
  if (noneCould) {
    const tried = noneCould.value;
    return {
      verdict: { verdict: 'no', how: 'none-fits', tried, foretold: false },
      then,
      ...said(noneCould),
    };
  }
  return { verdict: { verdict: 'no', how: 'not-said' }, then, ...said(line) };
}

/** The verdict on a mount that is only predicted. */
function foretold({ plan, expected }: MountCase): MountResult {
  const { because: ground, evidence } = expected;
  const why = { because: ground, evidence };
  if (expected.kind === 'mounted') {
    const { fstype, readonly, certain } = expected;
    return {
      verdict: { verdict: 'yes', how: 'foretold', fstype, readonly },
      then: { mounted: { fstype, device: plan.number } },
      ...(certain ? why : assumedFor(why)),
    };
  }
  return {
    verdict:
      expected.kind === 'fails'
        ? {
            verdict: 'no',
            how: 'error',
            error: expected.error,
            fstype: expected.fstype,
            foretold: true,
          }
        : { verdict: 'no', how: 'none-fits', tried: expected.tried, foretold: true },
    then: { panics: noRoot(plan.number) },
    ...unlessSure(plan.source.exists !== null, why),
  };
}

/** Evidence overrides expectation. */
export const MOUNT_RULES: readonly DecisionRule<MountCase, MountResult>[] = [
  {
    when: (each) => shownMount(each) !== undefined,
    then: (each) => {
      const line = shownMount(each)!;
      const result = hasMounted(line.value, said(line));
      if (each.expected.kind === 'mounted') return result;
      return {
        ...result,
        contradiction: contradicts({ by: 'log', line: line.said }, each.expected),
      };
    },
  },
  {
    when: (each) => rememberedMount(each) !== null,
    then: (each) => {
      const result = hasMounted(rememberedMount(each)!, because('mounts-of-today'));
      if (each.expected.kind === 'mounted') return result;
      return { ...result, contradiction: contradicts({ by: 'mounts' }, each.expected) };
    },
  },
  {
    when: (each) => shownFailure(each) !== undefined,
    then: (each) => {
      const { t, expected } = each;
      const line = shownFailure(each)!;
      const result = panicked(t, line);
      if (expected.kind !== 'mounted' || !expected.certain) return result;
      return { ...result, contradiction: contradicts({ by: 'log', line: line.said }, expected) };
    },
  },
  {
    when: (each) => runsAnyway(each),
    then: (each) => {
      const line = behindMount(each);
      const result = wentOn(each, line ? said(line) : because('user-space-runs'));
      if (each.plan.source.exists === null) return result;
      return { ...result, contradiction: contradicts({ by: 'user-space' }, each.expected) };
    },
  },
  {
    when: (each) => behindMount(each) !== undefined,
    then: (each) => wentOn(each, said(behindMount(each)!)),
  },
  {
    when: ({ t }) => t.given.onlySeen === true,
    then: () => ({
      verdict: { verdict: 'unknown' },
      then: { open: true },
      ...because('mount-not-shown'),
    }),
  },
  { when: otherwise, then: foretold },
];

/** Decides one mount. Returns the root, or the panic. */
export function mounts(t: DecisionLog, plan: MountPlan): MountEnd {
  const expected = predictMount(t, plan.source, plan.writable);
  const { verdict, then, contradiction, ...why } = decideBy(MOUNT_RULES, { t, plan, expected });
  if (contradiction) t.contradictions.push(contradiction);
  t.decide(plan.id, verdict, why);
  return then;
}
