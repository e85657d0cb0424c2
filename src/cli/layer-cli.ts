/**
 * The verbs that walk through whole layers, in a file of their own: V8 reads all of a file, and to
 * read that of all verbs takes as long as a tar of several thousand files.
 */
import { setFlagsFromString } from 'node:v8';
import { plainMessages as messages } from '../log/plain-messages.js';
import { REPORTS_ONLY, runWords, type Chosen } from './answer-words.js';
import { simpleCall } from './simple-words.js';
import { diffVerb } from './verbs/diff-verb.js';
import { exportVerb } from './verbs/export-verb.js';
import { importVerb } from './verbs/import-verb.js';

export const LAYER_TABLE = [diffVerb, exportVerb, importVerb];

/** The V8 of Node 20. Others may lack a flag, and complain. */
const KNOWN_V8 = '11.';

function tuneV8(isLong: boolean): void {
  if (!process.versions.v8.startsWith(KNOWN_V8)) return;
  // A young heap that grows takes more memory than it saves time.
  setFlagsFromString('--semi-space-growth-factor=1');
  // What takes long is done in C. What is left is done before it would be compiled.
  if (!isLong) setFlagsFromString('--no-opt');
}

/** Runs a command line of these verbs. Returns the exit status; null if it is not simple. */
export async function layerCli(words: string[]): Promise<number | null> {
  const call = simpleCall(LAYER_TABLE, words);
  if (call === null) return null;
  tuneV8(call.row === importVerb);
  const understand = (): Promise<Chosen> => Promise.resolve(call);
  return runWords(words, REPORTS_ONLY, { table: LAYER_TABLE, understand, messages });
}
