import { EXIT } from '../../plan/plan.js';
import { attributesFor, comparedLayers, newerFor, pathsOnRoot } from '../diff-inputs.js';
import { writeOut } from '../stdout.js';
import { verb, type OptionRows, type OptionValues } from '../verb-row.js';

/** Calls through FFI leave memory behind that is freed only while this process is idle. */
const LOOKED_AT_ONCE = 2048;
const CHUNK = 1 << 15;

const OPTIONS = {
  json: { type: 'flag', describe: 'as one value' },
  format: {
    type: 'choice',
    choices: ['table', 'ndjson'],
    default: 'table',
    describe: 'as a person reads it, or a line of JSON for each',
  },
  'exit-code': { type: 'flag', describe: 'exit with 4 if anything differs' },
  biggest: {
    type: 'number',
    argument: 'N',
    label: 'N',
    range: [1, 10_000],
    describe: 'also list the N largest',
  },
  upper: {
    type: 'text',
    argument: 'DIR',
    label: 'DIR',
    describe: 'the upper layer of an overlay that is not mounted here',
  },
  lower: {
    type: 'text',
    argument: 'DIR',
    label: 'DIR',
    describe: 'the image that it changes',
  },
} as const satisfies OptionRows;

type DiffValues = OptionValues<typeof OPTIONS> & { path: readonly string[] };

const latin1 = (path: string): string => Buffer.from(path, 'utf8').toString('latin1');

/** Prints the differences as they are found. Returns whether there are any. */
async function printDiff({ path, biggest: most, ...options }: DiffValues): Promise<boolean> {
  const { Biggest, Totals } = await import('../../layer/diff/diff-entry.js');
  const { report } = await import('../../layer/diff/diff-report.js');
  const { walk } = await import('../../layer/diff/walk.js');
  const layers = comparedLayers(options);
  const { notes } = layers;
  const wanted = await pathsOnRoot(path);
  const attributes = await attributesFor(notes);
  const newer = await newerFor(layers);
  const form = report(options.json ? 'json' : options.format);
  const [totals, biggest] = [new Totals(), most === undefined ? null : new Biggest(most)];

  let held = form.begin({ upper: layers.upper, lower: layers.lower, notes });
  const flush = (): void => {
    writeOut(held);
    held = '';
  };
  let pause = LOOKED_AT_ONCE;
  const [upper, lower] = [latin1(layers.upper), latin1(layers.lower)];
  for (const found of walk({ upper, lower, wanted, attributes, ...(newer && { newer }) })) {
    totals.add(found);
    biggest?.add(found);
    if (found !== null && 'problem' in found) held += form.problem(found.problem);
    else if (found !== null && 'added' in found) held += form.added(found.added);
    else if (found !== null) held += form.entry(found);
    if (held.length >= CHUNK) flush();
    if (totals.looked >= pause) {
      pause = totals.looked + LOOKED_AT_ONCE;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  held += form.end(totals, biggest);
  flush();
  return totals.different;
}

export const diffVerb = verb({
  name: 'diff',
  summary: 'the changes of the overlay against rom',
  positionals: {
    path: {
      type: 'repeated',
      completes: 'paths',
      describe: 'only this path and what is below it, as on the root',
    },
  },
  options: OPTIONS,
  examples: [
    ['$0 diff /etc', 'the settings that differ from the image'],
    ['$0 diff --upper overlay/upper --lower squashfs-root', 'for an unpacked overlay'],
  ],
  overSsh: { options: ['json', 'format', 'exit-code', 'biggest'] },
  exits: [{ exit: 'problems', with: '--exit-code' }],
  run: async (values) => {
    const different = await printDiff(values);
    return different && values['exit-code'] ? EXIT.problems : EXIT.done;
  },
});
