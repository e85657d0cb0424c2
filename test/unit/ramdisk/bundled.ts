import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';

/**
 * A module of ours bundled as the agent is, with the native libraries beside it, and loaded into
 * this process: the libraries are found only beside a bundle. It has its own classes, so
 * `instanceof` fails for the classes that a test imports.
 */
export async function bundled<T>(source: string): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-test-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const file = await bundle(source, join(folder, 'bundle.cjs'));
  await placeNative('host', folder);
  return createRequire(import.meta.url)(file) as T;
}
