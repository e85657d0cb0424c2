import { concludedFrom, nothingSays, seenIn } from './ground-row.js';
import { placeName, type RootPlace } from './words.js';

/** The source of the name of a program that the kernel tries as process 1. */
export type InitOrigin =
  | { from: 'rdinit'; word: string }
  | { from: 'usual-early' }
  | { from: 'init'; word: string }
  | { from: 'default-init' }
  | { from: 'list' };

function originWords(origin: InitOrigin): string {
  switch (origin.from) {
    case 'rdinit':
      return `rdinit=${origin.word}`;
    case 'usual-early':
      return 'the usual name in an initramfs';
    case 'init':
      return `init=${origin.word}`;
    case 'default-init':
      return 'CONFIG_DEFAULT_INIT';
    case 'list':
      return "the kernel's own list";
  }
}

/** Reasons for the choice of process 1. */
export const INIT_GROUNDS = {
  'process-1-not-shown': nothingSays(() => 'the log does not show it'),
  'process-1-called-so': seenIn('facts', () => 'process 1 was called so'),
  'init-candidate': concludedFrom(
    'facts',
    ({ origin, failed, known }: { origin: InitOrigin; failed: string[]; known: boolean }) =>
      originWords(origin) +
      (failed.length > 0 ? `; ${failed.join(', ')} cannot` : '') +
      (known ? '' : '; whether it is there and runs is not known'),
  ),
  /** The sentence comes from the facts about this program. */
  'program-fails': seenIn('facts', ({ why }: { why: string }) => why),
  'program-missing': concludedFrom(
    'facts',
    ({ path, place }: { path: string; place: RootPlace }) =>
      `${path} does not exist on ${placeName(place)}`,
  ),
  'requested-init-is-last': concludedFrom(
    'rule',
    () => 'since Linux 4.0 an init= that does not run is the end',
  ),
  'none-runs': concludedFrom(
    'facts',
    ({ tried }: { tried: string[] }) => `none of ${tried.join(', ')} runs`,
  ),
  'proc-1': seenIn('facts', () => '/proc/1 shows it'),
  mountinfo: seenIn('facts', () => '/proc/self/mountinfo shows it'),
};
