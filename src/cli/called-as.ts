/**
 * Calls by the names of OpenWrt's programs for a factory reset (fstools, jffs2reset.c), with their
 * options, their question, and the two exit statuses that their callers test.
 */
import { UPGRADE } from '../facts/places.js';
import { EXIT } from '../plan/plan.js';
import { rebootNow } from './reboot-now.js';
import { UsageError } from './usage-error.js';
import type { VerbContext } from './verb-row.js';

/** What those programs return unless the reset is done or ordered. */
const NOT_DONE = 255;

const QUESTION = 'This removes all settings and all installed packages. Go on? [y/N] ';

const LETTERS = ['y', 'r', 'k'] as const;
type Letter = (typeof LETTERS)[number];

interface ResetWords {
  letters: ReadonlySet<Letter>;
  /** The device of the volume to reset; undefined for the configured one. */
  device: string | undefined;
}

const isLetter = (text: string): text is Letter => LETTERS.some((letter) => letter === text);

/** @throws {UsageError} for a word that could mean another reset than this one. */
export function resetWords(name: string, words: readonly string[]): ResetWords {
  const end = words.indexOf('--');
  const before = end < 0 ? words : words.slice(0, end);
  const options = before.filter((word) => word.startsWith('-') && word !== '-');
  const others = words.filter(
    (word, index) => word !== '' && index !== end && !options.includes(word),
  );
  const letters = options.flatMap((word) => [...word.slice(1)]);
  const unknown = letters.find((letter) => !isLetter(letter));
  const cure = `${name} takes -y (do not ask), -r (reboot) and -k (keep ${UPGRADE})`;
  if (unknown !== undefined)
    throw new UsageError(`${name} knows no option -${unknown}, so nothing was reset; ${cure}`);
  const [device] = others;
  if (others.length > 1 || (device !== undefined && !device.startsWith('/dev/')))
    throw new UsageError(
      `${name} takes no word beside its options but one device below /dev, and was given ` +
        `${others.map((word) => JSON.stringify(word)).join(' ')}, so nothing was reset; ${cure}`,
    );
  return { letters: new Set(letters.filter(isLetter)), device };
}

/** The first character of the answer on standard input; '' at its end. */
async function firstCharacter(): Promise<string> {
  for await (const chunk of process.stdin) return String(chunk).slice(0, 1);
  return '';
}

/** Returns the exit status. @throws {UsageError} */
export async function calledAs(
  [name = '', ...words]: readonly string[],
  { boot, log }: Pick<VerbContext, 'boot' | 'log'>,
  answer: () => Promise<string> = firstCharacter,
): Promise<number> {
  const { letters, device } = resetWords(name, words);
  if (!letters.has('y')) {
    process.stderr.write(QUESTION);
    if ((await answer()) !== 'y') {
      log.info(`${name} was not confirmed with y on standard input, so nothing was reset`);
      return NOT_DONE;
    }
  }
  const status = await boot.run('reset', {
    force: false,
    keep: letters.has('k') ? [`/${UPGRADE}`] : [],
    settings: device === undefined ? [] : [`volume=${device}`],
  });
  if (status !== EXIT.done && status !== EXIT.degraded) return NOT_DONE;
  return letters.has('r') && (await rebootNow(log)) !== EXIT.done ? NOT_DONE : EXIT.done;
}
