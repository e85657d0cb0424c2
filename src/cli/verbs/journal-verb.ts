import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { BOOT_OPTION, chosenBoot, whichBoot } from '../boot-choice.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';
import { printableJson } from '../../text/printable.js';

interface Form {
  json: boolean;
  ndjson: boolean;
}

const lines = (values: readonly object[]): string =>
  values.map((each) => `${printableJson(each)}\n`).join('');

async function oneBoot(wanted: number, { json, ndjson }: Form): Promise<string> {
  const { gatherBoots } = await import('../../report/journal/gather-boots.js');
  const chosen = chosenBoot(gatherBoots(reader, whichBoot(wanted)), wanted);
  if (json)
    return jsonText((await import('../../report/journal/journal-report.js')).reportBoot(chosen));
  if (ndjson) return lines(chosen.records);
  return (await import('../../report/journal/journal-text.js')).renderBoot(chosen);
}

async function allBoots(last: number | undefined, { json, ndjson }: Form): Promise<string> {
  const { gatherSummaries } = await import('../../report/journal/gather-boots.js');
  const shown = gatherSummaries(reader, last);
  if (json)
    return jsonText((await import('../../report/journal/journal-report.js')).reportBoots(shown));
  if (ndjson) return lines(shown.boots);
  return (await import('../../report/journal/journal-text.js')).renderBoots(shown);
}

export const journalVerb = verb({
  name: 'journal',
  summary: 'the boots so far, or one boot step by step',
  positionals: {},
  options: {
    boot: BOOT_OPTION,
    last: {
      type: 'number',
      argument: 'K',
      label: 'K',
      range: [1, Infinity],
      describe: 'only the last boots',
    },
    json: { type: 'flag', describe: 'as data' },
    ndjson: {
      type: 'flag',
      describe: 'as data, a line for each boot; of one boot, its records',
    },
  },
  examples: [['$0 journal --boot -1', 'what the boot before this one did']],
  overSsh: { options: ['json', 'ndjson', 'boot', 'last'] },
  exits: [],
  run: async ({ boot, last, json, ndjson }, { print }) => {
    if (json && ndjson)
      throw new UsageError('--json is one value and --ndjson one a line; use one of them');
    if (boot !== undefined && last !== undefined)
      throw new UsageError('--boot N chooses one boot and --last K several; use one of them');
    const form = { json, ndjson };
    print(await (boot === undefined ? allBoots(last, form) : oneBoot(boot, form)));
    return EXIT.done;
  },
});
