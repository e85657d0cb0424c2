import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Test } from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';

// The test runner hooks itself into every Node it starts.
const environment = { ...process.env, NODE_OPTIONS: undefined };

/** Far more than any of these programs needs, and less than the test runner's own limit. */
const LONGEST = 15 * 60 * 1000;

/**
 * Runs a program that calls the real kernel through src/system/ffi.ts, bundled as the agent is, as
 * root and in its own mount namespace, with an empty folder and `more` as arguments. Returns its
 * output, which is JSON, and its messages.
 */
export async function asRootAlone(
  t: Test,
  source: string,
  ...more: string[]
): Promise<{ json: Record<string, unknown>; stderr: string }> {
  const folder = t.testdir({});
  const work = join(folder, 'work');
  mkdirSync(work);
  const program = await bundle(source, join(folder, `${basename(source, '.ts')}.cjs`));
  await placeNative('host', folder);
  const words = ['unshare', '--mount', '--propagation', 'private', process.execPath];
  words.push(program, work, ...more);
  const [name, ...rest] = process.getuid?.() === 0 ? words : ['sudo', '-n', ...words];
  const { status, signal, stdout, stderr } = spawnSync(name!, rest, {
    encoding: 'utf8',
    env: environment,
    timeout: LONGEST,
    killSignal: 'SIGABRT',
  });
  if (status !== 0) t.fail(`the program ended with ${status ?? signal}`, { stderr });
  return { json: JSON.parse(stdout) as Record<string, unknown>, stderr };
}
