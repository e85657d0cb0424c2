/** The agent as it is shipped, for tests that call it as a user does. */
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { scratch } from './trees.js';

const folder = join(scratch(), 'agent');
mkdirSync(folder);
export const agent = await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
await placeNative('host', folder);

export interface Result {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

export interface Calling {
  input?: Buffer;
  cwd?: string;
  env?: Record<string, string>;
  /** Options of Node. */
  node?: string[];
  /** The program that calls it, such as strace. */
  before?: string[];
}

/** `env -i`, because the test runner hooks itself into every Node it starts. */
export function mountroot(
  words: readonly string[],
  { input = Buffer.alloc(0), cwd = folder, env = {}, node = [], before = [] }: Calling = {},
): Result {
  const environment = Object.entries({ PATH: process.env['PATH'] ?? '', ...env }).map(
    ([name, value]) => `${name}=${value}`,
  );
  const { status, stdout, stderr } = spawnSync(
    'env',
    ['-i', ...environment, ...before, process.execPath, ...node, agent, ...words],
    { input, cwd, timeout: 60_000, maxBuffer: 1 << 28 },
  );
  return { status, stdout, stderr: stderr.toString() };
}
