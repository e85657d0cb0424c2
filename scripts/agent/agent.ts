import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildBundle } from './bundle.js';
import { digest } from '../lib/cache.js';
import { buildNative, buildSanitized, buildWorkstation } from './native.js';
import { checkout } from '../lib/report.js';
import { TOOLS, type Target } from './compile.js';

/**
 * The native parts that the agent loads on a board. Tests and benchmarks use the other parts of
 * buildNative().
 */
export const NATIVE_PARTS = [
  'ffi-napi.node',
  'ref-napi.node',
  'libmountroot.so',
  'libmountroot-tree.so',
];

/**
 * Makes dist/mountroot.cjs, and in dist/native/ the native parts for each target. Returns the
 * bundle's path.
 */
export async function buildAgent(targets: readonly Target[]): Promise<string> {
  const bundle = await buildBundle();
  for (const target of targets) await placeNative(target, join(checkout, 'dist'));
  return bundle;
}

/**
 * Copies the native parts to the folder where a bundle in `folder` looks for them. It leaves files
 * that are up to date, because another run may be using them.
 */
export async function placeNative(target: Target, folder: string): Promise<void> {
  const native = await buildNative(target);
  const from = NATIVE_PARTS.map((part) => join(native, part));
  // Only workstations make ramdisks.
  if (target === 'host') from.push(...(await buildWorkstation()));
  // Set by test/unit/native/sanitized.slow.test.ts.
  if (target === 'host' && process.env['MOUNTROOT_SANITIZED'] === '1') {
    const sanitized = await buildSanitized();
    from.forEach((file, index) => {
      const other = join(sanitized, basename(file));
      if (existsSync(other)) from[index] = other;
    });
  }
  const to = join(folder, 'native', `linux-${TOOLS[target].architecture}`);
  if (
    from.every(
      (file) =>
        existsSync(join(to, basename(file))) && digest(join(to, basename(file))) === digest(file),
    )
  )
    return;
  const next = `${to}.next-${process.pid}`;
  mkdirSync(next, { recursive: true });
  for (const file of from) cpSync(file, join(next, basename(file)));
  rmSync(to, { recursive: true, force: true });
  renameSync(next, to);
}
