import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import { because, unlessSure, type Because } from '../sentences/grounds.js';
import type { DecisionLog } from './decision-log.js';

interface FirstRoot extends Because {
  verdict: 'ramfs' | 'tmpfs' | 'unknown';
}

const namesTmpfs = ({ words }: DecisionLog): boolean =>
  words.fstypes?.some((type) => type.includes('tmpfs')) === true;
const namesNothing = ({ words }: DecisionLog): boolean =>
  words.root === null && words.fstypes === null;

/** The file system of rootfs (init/do_mounts.c: init_rootfs). */
export const FIRST_ROOT_RULES: readonly DecisionRule<DecisionLog, FirstRoot>[] = [
  {
    when: (t) => !t.given.spoken && t.words.root === null,
    then: () => ({ verdict: 'unknown', ...because('rootfs-kind-unknown') }),
  },
  {
    when: (t) => !namesNothing(t) && !namesTmpfs(t),
    then: ({ words }) => ({
      verdict: 'ramfs',
      ...because('word-given', { word: words.root === null ? 'rootfstype=' : 'root=' }),
    }),
  },
  {
    when: (t) => t.option('TMPFS') === false,
    then: () => ({ verdict: 'ramfs', ...because('built-without', { option: 'TMPFS' }) }),
  },
  {
    when: otherwise,
    then: (t) => {
      const configured = t.option('TMPFS') !== null;
      const code = namesNothing(t) ? 'no-root-no-type' : 'type-is-tmpfs';
      return { verdict: 'tmpfs', ...unlessSure(configured, because(code, { configured })) };
    },
  },
];

export function firstRoot(t: DecisionLog): void {
  const { verdict, ...why } = decideBy(FIRST_ROOT_RULES, t);
  t.decide('rootfs', { verdict }, why);
}
