import { HEAP_FILE, HOME, REPORTS_HEAP } from '../../facts/installation.js';
import type { Boot } from './boot-runs.js';

/** The environment may come from anybody. */
const KNOWN = [HEAP_FILE, REPORTS_HEAP];

/**
 * The heaps that this boot could not use: those of its verbs, from the journal, and the one of this
 * report, which the launcher names.
 */
export function refusedHeaps(boot: Boot | undefined, own: string | undefined): string[] {
  const inBoot = boot?.records.some((record) => record.type === 'begin' && record.heapRefused);
  return [
    ...new Set([...(inBoot === true ? [HEAP_FILE] : []), ...KNOWN.filter((name) => name === own)]),
  ];
}

/** What that means, as a clause. */
export const refusedWords = (heaps: readonly string[]): string =>
  `${heaps.join(' and ')} ${heaps.length === 1 ? 'was' : 'were'} refused (of another Node or ` +
  'another agent, or damaged), so the agent is compiled anew each time';

export const KEEP_HEAP_CURE = `run ${HOME}/keep-heap on the board`;
