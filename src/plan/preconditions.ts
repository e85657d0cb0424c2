/** Decides whether a verb may run, and whether `/` is already a root of ours. */
import type { Facts } from '../facts/facts.js';
import { PREINIT_MARK } from '../facts/gather.js';
import { visibleAt } from '../facts/mountinfo.js';
import { DATA, FLASH_SOURCE, RAM_SOURCE } from '../facts/places.js';
import { problemSentence } from '../text/problem-text.js';
import { reachWords } from './failsafe.js';
import {
  EXIT,
  already,
  makesRoot,
  refuse,
  type Already,
  type PlanningOptions,
  type Refusal,
  type Verb,
} from './plan.js';
import type { Cause, RefusalReason } from './reasons.js';
import { firstMatch, type PlanRule } from './rule-table.js';

interface Call {
  verb: Verb;
  facts: Facts;
  options: PlanningOptions;
}

const refused =
  (reason: RefusalReason) =>
  ({ verb }: Call, cause: Cause): Refusal =>
    refuse(verb, reason, cause);

function whyNotEarly({ findings }: Facts): string {
  const mark = findings.find((each) => each.code === 'not-ours' && each.path === PREINIT_MARK);
  return mark === undefined
    ? 'neither PREINIT is set nor /tmp/.preinit exists'
    : `PREINIT is not set, and ${problemSentence(mark)}`;
}

export const PRECONDITIONS: readonly PlanRule<Call, Refusal | null, Cause>[] = [
  {
    id: 'not-linux',
    when: ({ facts }) => facts.platform !== 'linux',
    then: refused('not-linux'),
    because: ({ verb, facts }) => ({
      found: `${verb} needs a Linux kernel, and this is ${facts.platform}`,
      cure: 'run it on the board, or plan for a captured board with --facts FILE',
    }),
  },
  { id: 'dry-run', when: ({ options }) => options.dryRun, then: () => null },
  {
    id: 'not-early',
    when: ({ verb, facts, options }) =>
      makesRoot(verb) && !facts.preinit && facts.failsafe !== true && !options.force,
    then: refused('guard'),
    because: ({ verb, facts }) => ({
      found:
        `${verb} was refused because this does not look like the early boot ` +
        `(${whyNotEarly(facts)})`,
      cure: 'call it from /etc/preinit, look with --dry-run, or insist with --force',
    }),
  },
  {
    id: 'not-root',
    when: ({ facts }) => facts.uid !== 0,
    then: refused('not-root'),
    because: ({ verb, facts }) => ({
      found: `${verb} needs root to mount, and this is user ${facts.uid}`,
      cure: 'run it as root, or look with --dry-run',
    }),
  },
];

/** The reason why the verb may not run; null if it may. */
export const preconditions = (verb: Verb, facts: Facts, options: PlanningOptions): Refusal | null =>
  firstMatch(PRECONDITIONS, { verb, facts, options });

type Root = Pick<Call, 'verb' | 'facts'>;

const isOverlayOn =
  (source: string) =>
  ({ facts }: Root): boolean => {
    const root = visibleAt(facts.mounts, '/');
    return root !== undefined && root.fstype.startsWith('overlay') && root.source === source;
  };

export const ROOTS_OF_OURS: readonly PlanRule<Root, Already, string>[] = [
  {
    id: 'external-root',
    when: ({ facts }) => visibleAt(facts.mounts, '/') !== undefined && facts.external?.at === '/',
    then: ({ verb }, summary) => already(verb, summary, EXIT.done),
    because: () => '/ already is the external root; there is nothing to do',
  },
  {
    id: 'on-flash',
    when: isOverlayOn(FLASH_SOURCE),
    then: ({ verb }, summary) => already(verb, summary, EXIT.done),
    because: () => `/ already is the overlay on ${DATA}; there is nothing to do`,
  },
  {
    id: 'in-memory',
    when: isOverlayOn(RAM_SOURCE),
    then: ({ verb, facts }, summary) =>
      already(
        verb,
        summary,
        verb === 'ram' || facts.state?.reason === 'persist' ? EXIT.done : EXIT.degraded,
      ),
    because: ({ facts }) => {
      const reach = facts.failsafe === true ? reachWords(facts) : null;
      const said = '/ already is an overlay in memory; there is nothing to do';
      return reach === null ? said : `${said}; ${reach}`;
    },
  },
];

/** The result if `/` is already a root of ours; null if it is not. */
export const alreadyThere = (verb: Verb, facts: Facts): Already | null =>
  firstMatch(ROOTS_OF_OURS, { verb, facts });
