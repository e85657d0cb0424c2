import fc from 'fast-check';
import t from 'tap';
import { isLayerCall } from '../../../src/boot/layer-call.js';
import { LAYER_TABLE } from '../../../src/cli/layer-cli.js';
import { simpleArgs, simpleCall } from '../../../src/cli/simple-words.js';
import { choicesOf } from '../../../src/cli/spelling.js';
import { isGroup, type VerbRow } from '../../../src/cli/verb-row.js';
import { VERB_TABLE } from '../../../src/cli/verb-table.js';
import { parserFor } from '../../../src/cli/yargs-parser.js';
import { someOf } from '../../fixtures/sampling.js';

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

/** Values, whatever an option or a positional takes; and words that are not simple. */
const VALUES = [
  ...['/etc', 'file.tar', './-x', 'a b', '_', '1e3', '.5', 'false', '/tmp/ü', 'table', 'ndjson'],
  ...['10', '--', '-', '', '--no-json', '--json=false', '--help', '--verbose', '--upp', '-zo'],
  ...[
    '--output=x',
    '-ox',
    'a=b',
    'true',
    'start',
    'done',
    'json',
    'prometheus',
    'bash',
    '--no-color',
  ],
];

t.test('simple words mean what they mean to yargs', async (t) => {
  const rows = VERB_TABLE.filter((row) => !isGroup(row)) as VerbRow[];
  const line = fc.constantFrom(...rows).chain((row) => {
    const names = Object.entries(row.options).flatMap(([name, { alias }]) => [
      `--${name}`,
      ...(alias === undefined ? [] : [`-${alias}`]),
    ]);
    const name = names.length > 0 ? [fc.constantFrom(...names)] : [];
    const choices = Object.values(row.positionals).flatMap(choicesOf);
    const choice = choices.length > 0 ? [fc.constantFrom(...choices)] : [];
    const word = fc.oneof(...name, ...choice, fc.constantFrom(...VALUES));
    return fc.tuple(fc.constant(row), fc.array(word, { maxLength: 5 }));
  });
  await fc.assert(
    fc.asyncProperty(line, async ([row, words]) => {
      const mine = simpleArgs(row, words);
      if (mine === null) return;
      const theirs = await byYargs([row.name, ...words]);
      const names = [...Object.keys(row.options), ...Object.keys(row.positionals)];
      const values = (args: Record<string, unknown> | null): string =>
        JSON.stringify(names.map((name) => [name, args?.[name]]));
      if (theirs === null || values(mine) !== values(theirs))
        throw new Error(JSON.stringify({ verb: row.name, words, mine, theirs }));
    }),
    { numRuns: someOf(5000) },
  );
  for (const [name, ...words] of [
    ['status'],
    ['doctor'],
    ['explain'],
    ['journal'],
    ['plan', 'start'],
    ['facts'],
    ['export'],
  ] as const) {
    const row = rows.find((each) => each.name === name)!;
    t.ok(simpleArgs(row, words), `${name} is called in simple words`);
  }
});

t.test('a verb that needs words, or has verbs of its own, is not called without them', (t) => {
  for (const words of [['plan'], ['plan', 'nothing'], ['ramdisk'], ['ramdisk', 'list'], [], ['x']])
    t.equal(simpleCall(VERB_TABLE, words), null, words.join(' '));
  t.match(simpleCall(VERB_TABLE, ['plan', 'start']), { args: { verb: 'start', set: [] } });
  t.end();
});
