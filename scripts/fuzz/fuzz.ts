/** Runs one fuzzer, whatever its parser is written in. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { placeNative } from '../agent/agent.js';
import { bundle } from '../agent/bundle.js';
import type { Target } from '../agent/compile.js';
import { checkout } from '../lib/report.js';
import { C_FUZZERS, buildFuzzers, runFuzzer } from './c-fuzzers.js';

const FIXTURES = join(checkout, 'test/fixtures');
export const CORPUS = join(FIXTURES, 'corpus');
const FOUND = join(checkout, 'build/fuzz');

type Runner = typeof import('./run-parsers.js');
let runner: Promise<Runner> | undefined;

/** run-parsers.ts as a bundle with the native libraries beside it. */
async function loadRunner(): Promise<Runner> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-fuzz-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const file = await bundle('scripts/fuzz/run-parsers.ts', join(folder, 'bundle.cjs'));
  await placeNative('host', folder);
  return createRequire(import.meta.url)(file) as Runner;
}

const parsers = (): Promise<Runner> => (runner ??= loadRunner());

export const parserNames = async (): Promise<string[]> => Object.keys((await parsers()).PARSERS);

/** The inputs that were once too much for a parser. */
function keptFor(name: string): string[] {
  const folder = join(CORPUS, name);
  return existsSync(folder)
    ? readdirSync(folder)
        .sort()
        .map((file) => join(folder, file))
    : [];
}

/** @returns what was found, and the file with the input; null if all was well. */
export async function fuzz(
  name: string,
  { runs, seed, target = 'host' }: { runs: number; seed: number; target?: Target },
): Promise<{ what: string; file: string } | null> {
  mkdirSync(FOUND, { recursive: true });
  const file = join(FOUND, `${name}-${seed}`);
  const kept = keptFor(name);
  if (name in C_FUZZERS) {
    const program = join(await buildFuzzers(target), name);
    const what = await runFuzzer(program, { runs, seed, report: file, kept, target });
    return what === null ? null : { what, file };
  }
  const { fuzzParser } = await parsers();
  const finding = await fuzzParser(name, {
    runs,
    seed,
    kept: kept.map((each) => readFileSync(each)),
    fixtures: FIXTURES,
  });
  if (finding === null) return null;
  writeFileSync(file, finding.input);
  return { what: finding.what, file };
}
