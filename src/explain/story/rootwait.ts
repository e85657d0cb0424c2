import type { KernelMessage } from '../messages/message-row.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { DecisionData } from '../sentences/decisions.js';
import { because, unlessSure, type Because } from '../sentences/grounds.js';
import { said, type DecisionLog } from './decision-log.js';
import type { RootName } from './root-name.js';

/** PARTUUID=ID, or PARTUUID=ID/PARTNROFF=NUMBER (block/early-lookup.c: devt_from_partuuid). */
const isMalformed = ({ name: { form, said: text } }: WaitCase): boolean =>
  form === 'partuuid' && !/^PARTUUID=[^/]+(?:\/PARTNROFF=[+-]?\d+)?$/.test(text);

interface WaitCase {
  t: DecisionLog;
  name: RootName;
  /** The number of mounts in the log before the root's. */
  earlier: number;
}

interface Wait extends Because, DecisionData<'rootwait'> {}

/** The kernel waits only for a name without a number (init/do_mounts.c). */
const hasNoNumber = ({ name }: WaitCase): boolean =>
  name.number === '0:0' && name.form !== 'mtd' && name.form !== 'ubi';

/** A message that the kernel prints only when it waits no longer. */
function behindWait({ t: { seen }, earlier }: WaitCase): KernelMessage<unknown> | undefined {
  const { cannotOpen, noneCould, panic, started, runs, down } = seen;
  return seen.mounted[earlier] ?? cannotOpen ?? noneCould ?? panic ?? started ?? runs[0] ?? down;
}

/** The wait ended without a device: the time of rootwait=SECONDS was over. */
const timedOut = ({ t: { seen, root } }: WaitCase): boolean =>
  seen.waiting !== undefined &&
  (seen.cannotOpen ?? seen.panic) !== undefined &&
  root.number === '0:0';

/** The kernel found the partition, whatever came then. */
const scannedRoot = ({ t: { seen }, name }: WaitCase): KernelMessage<unknown> | undefined =>
  seen.scanned.find(
    ({ at, value: { disk, partitions } }) =>
      at > (seen.waiting?.at ?? -1) &&
      [disk, ...partitions].some((each) => name.said === `/dev/${each}`),
  );

/** A machine that runs has its root by now. Whether the kernel waited for it does not show. */
const mayHaveCome = ({ given }: DecisionLog, { form }: RootName): boolean =>
  given.running === true && ['device', 'partuuid', 'partlabel'].includes(form);

const whyNotToWait = ({ name }: WaitCase): Because =>
  unlessSure(
    name.exists !== null,
    because(name.form === 'number' ? 'rootwait-number' : 'rootwait-there'),
  );

export const ROOTWAIT_RULES: readonly DecisionRule<WaitCase, Wait>[] = [
  {
    when: ({ t }) => t.seen.rootwaitOff !== undefined,
    then: ({ t }) => ({ verdict: 'invalid', ...said(t.seen.rootwaitOff!) }),
  },
  {
    when: timedOut,
    then: ({ t }) => ({ verdict: 'timed-out', ...said((t.seen.cannotOpen ?? t.seen.panic)!) }),
  },
  {
    when: (each) =>
      each.t.seen.waiting !== undefined &&
      behindWait(each) === undefined &&
      scannedRoot(each) === undefined,
    then: ({ t }) => ({ verdict: 'did-not-come', ...said(t.seen.waiting!) }),
  },
  {
    when: ({ t }) => t.seen.waiting !== undefined,
    then: (each) => ({
      verdict: 'came',
      ...said(behindWait(each) ?? scannedRoot(each) ?? each.t.seen.waiting!),
    }),
  },
  {
    when: ({ t, name }) => t.given.onlySeen === true || mayHaveCome(t, name),
    then: () => ({ verdict: 'if-missing', ...because('rootwait-word') }),
  },
  {
    when: isMalformed,
    then: () => ({ verdict: 'invalid', ...because('rootwait-malformed') }),
  },
  {
    when: hasNoNumber,
    then: ({ name }) => ({
      verdict: 'waits',
      ...unlessSure(name.exists !== null, because('rootwait-missing')),
    }),
  },
  {
    when: ({ name }) => name.number === null || name.exists === null,
    then: (each) => ({ verdict: 'if-missing', ...whyNotToWait(each) }),
  },
  { when: otherwise, then: (each) => ({ verdict: 'no', ...whyNotToWait(each) }) },
];

/** Decides what rootwait does. Returns the device of an endless wait, or null. */
export function waitsForRoot(t: DecisionLog, name: RootName, earlier: number): string | null {
  if (!t.words.wait && t.words.waitLimit === null) return null;
  const { verdict, ...why } = decideBy(ROOTWAIT_RULES, { t, name, earlier });
  t.decide('rootwait', { verdict }, why);
  if (verdict === 'did-not-come') return t.seen.waiting!.value;
  const gone = name.exists === false && (t.given.devices !== null || name.lacks !== undefined);
  return verdict === 'waits' && gone ? name.said : null;
}
