import { basename } from 'node:path';
import { CALLED_AS, RESET_NAMES } from '../facts/installation.js';

/** The words of the call. A symlink to the agent's own file may have another program's name. */
export function calledWords([, file = '', ...words]: readonly string[]): string[] {
  const name = basename(file);
  return RESET_NAMES.some((known) => known === name) ? [CALLED_AS, name, ...words] : words;
}
