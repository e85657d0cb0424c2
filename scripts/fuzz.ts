/**
 * `npm run fuzz -- [--runs N] [--seed S] [--arm] [NAME…]`: gives damaged inputs to every parser, in
 * C with ASan and UBSan, and in TypeScript. With --arm, the parsers in C that boards have run as
 * ARM programs, through QEMU's user mode. The same seed makes the same inputs.
 *
 * An input that a parser does not bear is kept in build/fuzz. Once the parser is mended, it belongs
 * into the parser's folder in test/fixtures/corpus, from which each later run takes it first.
 */
import { parseArgs } from 'node:util';
import { buildFuzzers, fuzzersFor } from './fuzz/c-fuzzers.js';
import { fuzz, parserNames } from './fuzz/fuzz.js';
import { Failure, main, say } from './lib/report.js';

await main(async () => {
  const { values, positionals } = parseArgs({
    options: {
      runs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: '1' },
      arm: { type: 'boolean', default: false },
    },
    allowPositionals: true,
  });
  const [runs, seed] = [Number(values.runs), Number(values.seed)];
  if (!Number.isSafeInteger(runs) || runs < 0 || !Number.isSafeInteger(seed) || seed < 0)
    throw new Failure('--runs and --seed are whole numbers');
  const target = values.arm ? 'arm' : 'host';
  const all = [...fuzzersFor(target), ...(values.arm ? [] : await parserNames())];
  const unknown = positionals.find((name) => !all.includes(name));
  if (unknown !== undefined)
    throw new Failure(`there is no parser ${unknown}; there are ${all.join(', ')}`);
  await buildFuzzers(target);
  let found = 0;
  for (const name of positionals.length > 0 ? positionals : all) {
    const started = performance.now();
    const finding = await fuzz(name, { runs, seed, target });
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`${name}: ${runs} inputs in ${seconds} s${finding === null ? '' : ', and a finding'}`);
    if (finding !== null)
      process.stderr.write(`${finding.what}\nThe input is in ${finding.file}\n`);
    if (finding !== null) found++;
  }
  return found === 0 ? 0 : 1;
});
