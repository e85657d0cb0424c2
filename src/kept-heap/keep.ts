/**
 * Writes a heap. Node runs an entry (boot-entry.ts, reports-entry.ts) once with --build-snapshot
 * and writes all that it made to a file, from which later processes start.
 *
 * Measured on the emulated board, in guest time of a warm start: 472 ms without a heap, 390 with
 * one, 374 without Node's code cache in it (scripts/agent/heap-file.ts), 341 without compilers to
 * machine code, which a short start does not need, 330 without the model kernel and Node's streams
 * in it, and 302 without code that only Node's own start-up needed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Modules of Node that only --expose-internals makes available. */
interface Internals {
  'internal/process/pre_execution': {
    prepareMainThreadExecution: (expandArgv1: boolean, initializeModules: boolean) => void;
  };
  'internal/v8/startup_snapshot': {
    namespace: { addSerializeCallback: (callback: () => void) => void };
    runDeserializeCallbacks: () => void;
  };
  'internal/test/binding': {
    internalBinding: <Name extends keyof Bindings>(name: Name) => Bindings[Name];
  };
}
interface Bindings {
  mksnapshot: { setDeserializeMainFunction: (main: () => void) => void };
  v8: { setFlagsFromString: (flag: string) => void };
}
declare const __dirname: string;
declare const require: <Name extends keyof Internals>(name: Name) => Internals[Name];

const { prepareMainThreadExecution } = require('internal/process/pre_execution');
const snapshot = require('internal/v8/startup_snapshot');
const { internalBinding } = require('internal/test/binding');

/** V8 drops the code of a function that did not run between this many collections. */
const BYTECODE_OLD_AGE = 6;

/**
 * Drops the compiled code of all functions that Node needed before this file, or compiled in
 * advance: a quarter of the heap.
 */
function dropCompiledCode(): void {
  const { setFlagsFromString } = internalBinding('v8');
  setFlagsFromString('--allow-natives-syntax');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- only V8 knows this syntax
  const collect = new Function('%CollectGarbage(0)') as () => void;
  // Node accepts a heap only with the flags that wrote it.
  setFlagsFromString('--no-allow-natives-syntax');
  for (let each = 0; each <= BYTECODE_OLD_AGE; each++) collect();
}

/**
 * Fills the heap and has it written.
 * @param resume the main function of a process that starts from the heap.
 * @param warmUp the name of the file that runs `core` before. It is a separate file so that V8 can
 *   free its code after it ran.
 */
export function keep<Core>(core: Core, resume: () => Promise<void>, warmUp: string): void {
  /** What a process does that starts from the heap: Node's own start-up, without module loaders. */
  const main = (then: () => Promise<void> = resume): void => {
    prepareMainThreadExecution(false, false);
    void then();
  };
  /** Calls functions that `main` needs, so that the heap has them compiled. */
  const compileNodesStart = (): void => {
    const nothing = (): void => {};
    main(() => Promise.resolve());
    process.on('mountroot', nothing).off('mountroot', nothing);
    Buffer.from(new ArrayBuffer(1));
  };

  // Node forgets its working directory when it begins to write the heap, and makes a function then
  // that forgets it once more in a process from the heap. That function runs here, last of all, so
  // that no process must compile it.
  snapshot.namespace.addSerializeCallback(snapshot.runDeserializeCallbacks);
  dropCompiledCode();
  compileNodesStart();
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the snapshot has no require()
  const run = new Function('core', readFileSync(join(__dirname, warmUp), 'utf8')) as (
    core: Core,
  ) => Promise<void>;
  run(core).catch((error: unknown) => {
    process.stderr.write(`mountroot: cannot warm up the heap: ${(error as Error).stack}\n`);
    process.exit(1);
  });
  // v8.startupSnapshot would also offer this function, but node:v8 brings all of Node's streams
  // into the heap: 240 KB, and 10 ms of each start.
  internalBinding('mksnapshot').setDeserializeMainFunction(main);
}
