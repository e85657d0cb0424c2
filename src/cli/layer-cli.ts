/**
 * The verbs that walk through whole layers, in a file of their own: V8 reads all of a file, and to
 * read that of all verbs takes as long as a tar of several thousand files.
 */
import { plainMessages as messages } from '../log/plain-messages.js';
import { runWords } from './run-words.js';
import type { VerbRunner } from './verb-runner.js';
import { diffVerb } from './verbs/diff-verb.js';
import { exportVerb } from './verbs/export-verb.js';
import { importVerb } from './verbs/import-verb.js';

/** Those of LAYER_VERBS. */
export const LAYER_TABLE = [diffVerb, exportVerb, importVerb];

/** Runs a command line for which isLayerCall() holds. Returns the exit status. */
export const layerCli = (words: string[], boot: VerbRunner): Promise<number> =>
  runWords(words, boot, { table: LAYER_TABLE, messages });
