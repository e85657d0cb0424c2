/**
 * Some thousand damaged inputs for every parser, those in C with ASan and UBSan. `npm run fuzz`
 * gives them as many as are asked for.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { C_FUZZERS } from '../../../scripts/fuzz/c-fuzzers.js';
import { CORPUS, fuzz, parserNames } from '../../../scripts/fuzz/fuzz.js';
import { mutations } from '../../../scripts/fuzz/mutate.js';
import { checkout } from '../../../scripts/lib/report.js';

const SEED = 20;

t.test('no parser in C does what its sanitizers report', async (t) => {
  for (const name of Object.keys(C_FUZZERS))
    t.same(await fuzz(name, { runs: 3000, seed: SEED }), null, name);
});

t.test('a parser in TypeScript throws only its own errors, in bounded time', async (t) => {
  for (const name of await parserNames())
    t.same(await fuzz(name, { runs: 1000, seed: SEED }), null, name);
});

/** Sources that parse nothing. */
const NO_PARSERS = ['launch.c', 'probe.c', 'walk.c'];

t.test('every source in C has a fuzzer, unless it parses nothing', (t) => {
  const sources = (folder: string): string[] =>
    readdirSync(join(checkout, folder))
      .filter((name) => name.endsWith('.c'))
      .sort();
  const used = new Set(Object.values(C_FUZZERS).map(({ source }) => source));
  t.same(sources('native/fuzz'), [...used].sort());
  t.same(
    sources('native').filter((name) => !used.has(name)),
    NO_PARSERS,
    'add a fuzzer in native/fuzz and a row in scripts/fuzz/c-fuzzers.ts',
  );
  t.end();
});

t.test('every kept input belongs to a parser', async (t) => {
  const names = [...Object.keys(C_FUZZERS), ...(await parserNames())];
  for (const folder of existsSync(CORPUS) ? readdirSync(CORPUS) : [])
    t.ok(names.includes(folder), folder);
  t.pass();
});

t.test('the same seed makes the same inputs', (t) => {
  const some = (seed: number): string[] => {
    const made = mutations([Buffer.from('one'), Buffer.from('other')], seed);
    return Array.from({ length: 50 }, () => made.next().value.toString('hex'));
  };
  t.same(some(1), some(1));
  t.not(some(1).join(), some(2).join());
  t.end();
});
