/**
 * Whether the agent's files are those that were built together. It is asked after a fault only:
 * half of a script may be a script too, and then fails anywhere.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import {
  AGENT_FILE,
  BOOTS_FILE,
  LAYER_FILE,
  REPORTS_FILE,
  buildLine,
} from '../facts/installation.js';

/** The path of a file of the agent, beside the agent's own, which has another name in tests. */
export const fileBeside = (agent: string, file: string): string =>
  join(dirname(agent), basename(agent, '.cjs') + file.slice(basename(AGENT_FILE, '.cjs').length));

/** The paths of the files of an agent, in the order in which its build is made. */
export const agentFiles = (agent: string): string[] =>
  [BOOTS_FILE, REPORTS_FILE, LAYER_FILE, AGENT_FILE].map((file) => fileBeside(agent, file));

/** The build: 24 hexadecimal digits that stand for the content of all files, without the line. */
export function buildOf(texts: readonly string[]): string {
  const hash = createHash('sha256');
  // The first line names the interpreter, which is another one on boards.
  for (const text of texts) hash.update(text.slice(text.indexOf('\n'))).update('\0');
  return hash.digest('hex').slice(0, 24);
}

/** False if a file of the agent is missing, was changed, or is of another build. */
export function areFilesWhole(agent: string): boolean {
  try {
    const texts = agentFiles(agent).map((path) => readFileSync(path, 'utf8'));
    const parts = texts.map((text) => /^(.*\n)(\/\/build [0-9a-f]+\n)([^]*)$/.exec(text));
    const line = buildLine(buildOf(parts.map((part) => (part ? part[1]! + part[3]! : ''))));
    return parts.every((part) => part?.[2] === line);
  } catch {
    return false;
  }
}
