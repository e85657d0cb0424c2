import { join } from 'node:path';
import { NATIVE_PARTS } from '../agent/agent.js';
import { run } from '../lib/run.js';

/**
 * Versions of libraries, oldest first: libstdc++'s GLIBCXX_3.4.N, and the GCC that introduced it.
 */
const GCC_OF_GLIBCXX = [
  [21, 5],
  [24, 7],
  [25, 8],
  [28, 9],
  [29, 11],
  [30, 12],
  [32, 13],
  [33, 14],
  [34, 15],
] as const;

/**
 * Returns the newest versions of glibc and GCC that the native parts require. They depend on the
 * machine that compiled the parts, and a board may have older ones. Source:
 * https://gcc.gnu.org/onlinedocs/libstdc++/manual/abi.html
 */
export async function requirements(native: string): Promise<{ glibc: string; gcc: number }> {
  const text = (
    await Promise.all(
      NATIVE_PARTS.map((part) => run('readelf', ['-V', '--wide', join(native, part)])),
    )
  ).join('\n');
  const newest = (name: string): number[] =>
    [...text.matchAll(new RegExp(`Name: ${name}_([0-9.]+)`, 'g'))]
      .map(([, version]) => version!.split('.').map(Number))
      .sort((a, b) => a[0]! - b[0]! || (a[1] ?? 0) - (b[1] ?? 0) || (a[2] ?? 0) - (b[2] ?? 0))
      .at(-1) ?? [];
  const minor = newest('GLIBCXX')[2] ?? 0;
  const gcc = GCC_OF_GLIBCXX.find(([most]) => minor <= most)?.[1] ?? 15;
  return { glibc: newest('GLIBC').join('.'), gcc };
}
