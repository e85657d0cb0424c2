import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { DecisionData } from '../sentences/decisions.js';
import { because, unlessSure, type Because } from '../sentences/grounds.js';
import { said, type DecisionLog } from './decision-log.js';
import type { RootName } from './root-name.js';

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

/** The log has no message that would follow the wait. */
const didNotCome = ({ t: { seen }, earlier }: WaitCase): boolean =>
  seen.mounted.length <= earlier && seen.runs.length === 0;

const whyNotToWait = ({ name }: WaitCase): Because =>
  unlessSure(
    name.exists !== null,
    because(name.form === 'number' ? 'rootwait-number' : 'rootwait-there'),
  );

export const ROOTWAIT_RULES: readonly DecisionRule<WaitCase, Wait>[] = [
  {
    when: (each) => each.t.seen.waiting !== undefined && didNotCome(each),
    then: ({ t }) => ({ verdict: 'did-not-come', ...said(t.seen.waiting!) }),
  },
  {
    when: ({ t }) => t.seen.waiting !== undefined,
    then: ({ t }) => ({ verdict: 'came', ...said(t.seen.waiting!) }),
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
  if (!t.words.wait) return null;
  const { verdict, ...why } = decideBy(ROOTWAIT_RULES, { t, name, earlier });
  t.decide('rootwait', { verdict }, why);
  if (verdict === 'did-not-come') return t.seen.waiting!.value;
  const gone = name.exists === false && name.form !== 'none' && t.given.devices !== null;
  return verdict === 'waits' && gone ? name.said : null;
}
