import fc from 'fast-check';
import t from 'tap';
import { isLayerCall } from '../../../src/boot/layer-call.js';
import { LAYER_TABLE } from '../../../src/cli/layer-cli.js';
import { simpleArgs } from '../../../src/cli/simple-words.js';
import { VERB_TABLE } from '../../../src/cli/verb-table.js';
import { parserFor } from '../../../src/cli/yargs-parser.js';

t.test('the file of the layers is asked for its verbs only', (t) => {
  for (const row of VERB_TABLE)
    t.equal(
      isLayerCall([row.name, '-o']),
      LAYER_TABLE.some(({ name }) => name === row.name),
      row.name,
    );
  t.notOk(isLayerCall([]));
  t.end();
});

/** What yargs makes of the words; null if it refuses them, or answers by itself. */
async function byYargs(words: readonly string[]): Promise<Record<string, unknown> | null> {
  let found: Record<string, unknown> | null = null;
  try {
    await parserFor(VERB_TABLE, words, (_row, args) => void (found = args)).parseAsync(
      [...words],
      {},
      () => {},
    );
  } catch {
    return null;
  }
  return found;
}

t.test('simple words mean what they mean to yargs', async (t) => {
  let simple = 0;
  const word = fc.oneof(
    fc.constantFrom('--output', '-o', '--gzip', '-z', '--upper', '--lower', '--json', '--merge'),
    fc.constantFrom('--format', 'table', 'ndjson', '--exit-code', '--dry-run', '--cancel'),
    fc.constantFrom('--limit', '--biggest', '10', '--', '-', '', '--no-json', '--json=false'),
    fc.constantFrom('--help', '--verbose', '--upp', '-zo', '--output=x', '-ox', 'a=b', 'true'),
    fc.constantFrom('/etc', 'file.tar', './-x', 'a b', '_', '1e3', '.5', 'false', '/tmp/ü'),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...LAYER_TABLE),
      fc.array(word, { maxLength: 6 }),
      async (row, words) => {
        const mine = simpleArgs(row, words);
        if (mine === null) return;
        simple++;
        const theirs = await byYargs([row.name, ...words]);
        const names = [...Object.keys(row.options), ...Object.keys(row.positionals)];
        const wanted = Object.fromEntries(names.map((name) => [name, theirs?.[name]]));
        if (theirs === null || JSON.stringify({ ...wanted, ...mine }) !== JSON.stringify(wanted))
          throw new Error(JSON.stringify({ words, mine, theirs }));
      },
    ),
    { numRuns: 400 },
  );
  t.ok(simple > 20, `${simple} were simple`);
});
