/**
 * The entry of the heap. Node runs this file once with --build-snapshot and writes all that it made
 * to a file, from which each boot starts. It contains the boot's verbs only; other verbs are handed
 * to the agent's own file.
 *
 * Measured on the emulated board, in guest time of a warm start: 472 ms without a heap, 390 with
 * one, 374 without Node's code cache in it (scripts/agent/heap-file.ts), 341 without compilers to
 * machine code, which a short start does not need, and 322 without the model kernel and Node's
 * streams in it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { core, type Core } from './core.js';

declare const __dirname: string;
declare const require: (name: 'internal/v8/startup_snapshot') => {
  namespace: { setDeserializeMainFunction: (main: () => Promise<void>) => void };
};

// The warm-up is a separate file so that V8 can free its code after it ran.
// eslint-disable-next-line @typescript-eslint/no-implied-eval -- the snapshot has no require()
const warmUp = new Function('core', readFileSync(join(__dirname, 'warm-up.js'), 'utf8')) as (
  core: Core,
) => Promise<void>;
warmUp(core).catch((error: unknown) => {
  process.stderr.write(`mountroot: cannot warm up the heap: ${(error as Error).stack}\n`);
  process.exit(1);
});
// node:v8 would also offer this function, but brings all of Node's streams into the heap: 240 KB,
// and 10 ms of each start. --expose-internals makes this module available.
require('internal/v8/startup_snapshot').namespace.setDeserializeMainFunction(core.resume);
