import type { KernelMessage } from '../messages/message-row.js';
import { mountsItself } from '../messages/kernel-messages.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { DecisionData } from '../sentences/decisions.js';
import { because, type Because } from '../sentences/grounds.js';
import { said, type DecisionLog } from './decision-log.js';
import { initrdSeen } from './initrd.js';

interface BuiltIn extends Because {
  data: DecisionData<'built-in'>;
}

/** INITRAMFS_SOURCE; null if the configuration is unknown. */
const source = ({ given }: DecisionLog): string | null =>
  given.config === null ? null : (given.config['INITRAMFS_SOURCE'] ?? '');

/**
 * A program of rootfs that ran although a complete log shows no initrd, so it must be built in.
 * null if there is none.
 */
function ranWithoutInitrd({ seen, words }: DecisionLog): KernelMessage<string> | null {
  const [first] = seen.runs;
  return first?.value === (words.rdinit ?? '/init') &&
    seen.whole &&
    initrdSeen(seen) === undefined &&
    mountsItself(seen) === null
    ? first
    : null;
}

export const BUILT_IN_RULES: readonly DecisionRule<DecisionLog, BuiltIn>[] = [
  {
    when: (t) => t.option('BLK_DEV_INITRD') === false,
    then: () => ({
      data: { verdict: 'nothing' },
      ...because('built-without', { option: 'BLK_DEV_INITRD' }),
    }),
  },
  {
    when: (t) => source(t) === null && ranWithoutInitrd(t) !== null,
    then: (t) => {
      const ran = ranWithoutInitrd(t)!;
      return { data: { verdict: 'program', program: ran.value }, ...said(ran) };
    },
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
