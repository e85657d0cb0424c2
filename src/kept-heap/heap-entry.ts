/**
 * The agent as a heap that is kept: Node runs this file once with --build-snapshot, writes down all
 * that it made, and each boot goes on from there. The boot's verbs are in it and nothing else;
 * whatever else is asked for is handed to the agent's own file.
 *
 * Measured on the emulated board, in guest time of a warm start: 472 ms without a heap, 390 with
 * one, 374 without Node's code cache in it (scripts/agent/heap-file.ts), 341 without compilers to
 * machine code, which a start is too short for, 322 without the model kernel and Node's streams in
 * it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { core, type Core } from './core.js';

declare const __dirname: string;
declare const require: (name: 'internal/v8/startup_snapshot') => {
  namespace: { setDeserializeMainFunction: (main: () => Promise<void>) => void };
};

// A file of its own: what is compiled of it goes when it has run.
const warmUp = new Function('core', readFileSync(join(__dirname, 'warm-up.js'), 'utf8')) as (
  core: Core,
) => Promise<void>;
warmUp(core).catch((error: unknown) => {
  process.stderr.write(`mountroot: cannot warm up the heap: ${(error as Error).stack}\n`);
  process.exit(1);
});
// The public way to this function is node:v8, which brings all of Node's streams into the heap: 240
// KB, and 10 ms of each start. With --expose-internals there is this one.
require('internal/v8/startup_snapshot').namespace.setDeserializeMainFunction(core.resume);
