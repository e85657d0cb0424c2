import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { DecisionData } from '../sentences/decisions.js';
import { because, type Because } from '../sentences/grounds.js';
import type { DecisionLog } from './decision-log.js';

interface BuiltIn extends Because {
  data: DecisionData<'built-in'>;
}

/** INITRAMFS_SOURCE; null if the configuration is unknown. */
const source = ({ given }: DecisionLog): string | null =>
  given.config === null ? null : (given.config['INITRAMFS_SOURCE'] ?? '');

export const BUILT_IN_RULES: readonly DecisionRule<DecisionLog, BuiltIn>[] = [
  {
    when: (t) => t.option('BLK_DEV_INITRD') === false,
    then: () => ({
      data: { verdict: 'nothing' },
      ...because('built-without', { option: 'BLK_DEV_INITRD' }),
    }),
  },
  {
    when: (t) => source(t) === null,
    then: () => ({ data: { verdict: 'usual' }, ...because('usual-built-in') }),
  },
  {
    when: (t) => source(t) === '',
    then: () => ({ data: { verdict: 'usual' }, ...because('no-initramfs-source') }),
  },
  {
    when: otherwise,
    then: (t) => ({
      data: { verdict: 'source', source: source(t)! },
      ...because('initramfs-source'),
    }),
  },
];

/**
 * Decides which cpio was linked into the kernel. Returns whether it has only the kernel's own three
 * names; null if unknown.
 */
export function builtIn(t: DecisionLog): boolean | null {
  const { data, ...why } = decideBy(BUILT_IN_RULES, t);
  t.decide('built-in', data, why);
  if (why.evidence.kind === 'unknown') return null;
  return data.verdict === 'nothing' || data.verdict === 'usual';
}
