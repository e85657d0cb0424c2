import type { Argv } from 'yargs';
import type { Boot } from '../../report/journal/boot-runs.js';
import type { BootChoice, Boots } from '../../report/journal/gather-boots.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { CommandDeps } from './locate-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

/**
 * `--boot N`: one of the numbers that `journal` shows; 0 is this boot, and -1 the one before it.
 */
export const bootOption = {
  number: true,
  requiresArg: true,
  coerce: lastValue<number | undefined>,
  describe: 'N: one boot, by its number; 0 is the newest, -1 the one before it',
} as const;

/** The journals that have to be read for one boot to be found. */
export const whichBoot = (wanted: number): BootChoice =>
  wanted > 0 ? { number: wanted } : { newest: 1 - wanted };

/** The boot that was asked for. */
export function chosenBoot(
  { boots, problems }: Pick<Boots, 'boots' | 'problems'>,
  wanted: number,
): Boot {
  if (!Number.isInteger(wanted))
    throw new UsageError(
      `--boot takes the number of a boot, 0 or a negative number; \`mountroot journal\` lists them`,
    );
  const chosen = wanted > 0 ? boots.find(({ number }) => number === wanted) : boots.at(wanted - 1);
  if (chosen !== undefined) return chosen;
  const numbers = boots.flatMap(({ number }) => number ?? []);
  const there =
    boots.length === 0
      ? `there is no journal of any boot${problems.length > 0 ? ` (${problems.join('; ')})` : ''}`
      : numbers.length === 0
        ? 'only this one is (--boot 0)'
        : `those of boots ${numbers.join(', ')} are`;
  throw new UsageError(`the journal of boot ${wanted} is not there: ${there}`);
}

interface JournalOptions {
  boot: number | undefined;
  json: boolean;
  ndjson: boolean;
  last: number | undefined;
}

async function run(
  { boot, json, ndjson, last }: JournalOptions,
  { print, finish }: CommandDeps,
): Promise<void> {
  const { gatherBoots, gatherSummaries } = await import('../../report/journal/gather-boots.js');
  const { reportBoot, reportBoots } = await import('../../report/journal/journal-report.js');
  const { renderBoot, renderBoots } = await import('../../report/journal/journal-text.js');
  if (json && ndjson)
    throw new UsageError('--json is one value and --ndjson one a line; use one of them');
  if (boot !== undefined && last !== undefined)
    throw new UsageError('--boot N chooses one boot and --last K several; use one of them');
  if (last !== undefined && (!Number.isInteger(last) || last < 1))
    throw new UsageError('--last takes the number of boots to show, 1 or more');
  if (boot !== undefined) {
    finish(EXIT.done);
    const chosen = chosenBoot(gatherBoots(reader, whichBoot(boot)), boot);
    if (json) return print(`${JSON.stringify(reportBoot(chosen), null, 2)}\n`);
    if (ndjson) return print(chosen.records.map((each) => `${JSON.stringify(each)}\n`).join(''));
    return print(renderBoot(chosen));
  }
  const shown = gatherSummaries(reader, last);
  finish(EXIT.done);
  if (json) return print(`${JSON.stringify(reportBoots(shown), null, 2)}\n`);
  if (ndjson) return print(shown.boots.map((each) => `${JSON.stringify(each)}\n`).join(''));
  print(renderBoots(shown));
}

/** `journal`: the boots so far, or one of them. */
export function journalCommand(y: Argv, deps: CommandDeps): Argv {
  return y.command(
    'journal',
    'the boots so far, or one of them step by step',
    (parser) =>
      parser
        .option('boot', bootOption)
        .option('last', {
          number: true,
          requiresArg: true,
          coerce: lastValue<number | undefined>,
          describe: 'K: only the last boots',
        })
        .option('json', { boolean: true, default: false, describe: 'as data' })
        .option('ndjson', {
          boolean: true,
          default: false,
          describe: 'as data, a line for each boot; of one boot, its records',
        })
        .example('$0 journal --boot -1', 'what the boot before this one did'),
    async ({ boot, json, ndjson, last }) => run({ boot, json, ndjson, last }, deps),
  );
}
