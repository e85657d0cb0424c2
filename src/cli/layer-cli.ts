/**
 * The verbs that walk through whole layers, in a file of their own: V8 reads all of a file, and to
 * read that of all verbs takes as long as a tar of several thousand files.
 */
import { setFlagsFromString } from 'node:v8';
import { plainMessages as messages } from '../log/plain-messages.js';
import { runWords } from './answer-words.js';
import { simpleArgs } from './simple-words.js';
import type { VerbRunner } from './verb-runner.js';
import { diffVerb } from './verbs/diff-verb.js';
import { exportVerb } from './verbs/export-verb.js';
import { importVerb } from './verbs/import-verb.js';

export const LAYER_TABLE = [diffVerb, exportVerb, importVerb];

/** Runs a command line of these verbs. Returns the exit status; null if it is not simple. */
export async function layerCli(
  [verb, ...words]: string[],
  boot: VerbRunner,
): Promise<number | null> {
  const row = LAYER_TABLE.find(({ name }) => name === verb);
  const args = row === undefined ? null : simpleArgs(row, words);
  if (row === undefined || args === null) return null;
  // In C is done what takes long. What is left is done before it would be compiled.
  if (row !== importVerb) setFlagsFromString('--no-opt');
  const understand = (): Promise<{ row: typeof row; args: typeof args }> =>
    Promise.resolve({ row, args });
  return runWords([row.name, ...words], boot, { table: LAYER_TABLE, understand, messages });
}
