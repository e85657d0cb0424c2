/** `tsx scripts/build-native.ts [host|arm]`: builds the native parts, of both machines unless one is named, and prints their folders. */
import { Failure, main } from './lib/report.js';
import { buildNative, type Target } from './lib/native.js';

const TARGETS: readonly Target[] = ['host', 'arm'];

await main(async () => {
  const wanted = process.argv.slice(2);
  const unknown = wanted.find((word) => !TARGETS.some((target) => target === word));
  if (unknown !== undefined) throw new Failure(`cannot build native parts for ${JSON.stringify(unknown)}: the targets are ${TARGETS.join(' and ')}; without one both are built`);
  for (const target of TARGETS) if (wanted.length === 0 || wanted.includes(target)) process.stdout.write(`${await buildNative(target)}\n`);
});
