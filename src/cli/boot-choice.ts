/** `--boot N`: one of the numbers that `journal` shows; 0 is this boot, -1 the one before it. */
import type { Boot } from '../report/journal/boot-runs.js';
import type { BootChoice, Boots } from '../report/journal/gather-boots.js';
import { UsageError } from './usage-error.js';
import type { OptionRow } from './verb-row.js';

export const BOOT_OPTION = {
  type: 'number',
  argument: 'N',
  label: 'N',
  describe: 'one boot, by its number; 0 is the newest, -1 the one before it',
} as const satisfies OptionRow;

/** The journals that must be read to find one boot. */
export const whichBoot = (wanted: number): BootChoice =>
  wanted > 0 ? { number: wanted } : { newest: 1 - wanted };

type FoundBoots = Pick<Boots, 'boots' | 'problems'>;

/** The existing boots, for a message. */
function bootsThere({ boots, problems }: FoundBoots): string {
  if (boots.length === 0) {
    const why = problems.length > 0 ? ` (${problems.join('; ')})` : '';
    return `there is no journal of any boot${why}`;
  }
  const numbers = boots.flatMap(({ number }) => number ?? []);
  return numbers.length === 0
    ? 'only this one is (--boot 0)'
    : `those of boots ${numbers.join(', ')} are`;
}

/** The boot that was asked for. @throws {UsageError} */
export function chosenBoot(found: FoundBoots, wanted: number): Boot {
  if (!Number.isInteger(wanted))
    throw new UsageError(
      '--boot takes the number of a boot, 0 or a negative number; `mountroot journal` lists them',
    );
  const { boots } = found;
  const chosen = wanted > 0 ? boots.find(({ number }) => number === wanted) : boots.at(wanted - 1);
  if (chosen !== undefined) return chosen;
  throw new UsageError(`the journal of boot ${wanted} is not there: ${bootsThere(found)}`);
}
