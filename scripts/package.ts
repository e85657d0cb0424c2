/**
 * `npm run package`: makes build/packages/ with the agent for armhf and arm64 as Debian packages
 * and as archives, the folder of a package for OpenWrt's build, and their checksums.
 */
import { statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildAgent } from './agent/agent.js';
import { buildNative } from './agent/native.js';
import { makePackages } from './package/build-packages.js';
import { checkout, main, say } from './lib/report.js';
import { run } from './lib/run.js';

/** The time of the last commit. In a checkout without git, the time of package.json. */
async function epochOf(): Promise<number> {
  const asked = process.env['SOURCE_DATE_EPOCH'];
  if (asked !== undefined && asked !== '') return Number(asked);
  return run('git', ['-C', checkout, 'log', '-1', '--format=%ct']).then(Number, () =>
    Math.floor(statSync(join(checkout, 'package.json')).mtimeMs / 1000),
  );
}

await main(async () => {
  const bundle = await buildAgent(['host', 'arm', 'arm64']);
  const made = await makePackages({
    bundle,
    natives: { arm: await buildNative('arm'), arm64: await buildNative('arm64') },
    to: join(checkout, 'build', 'packages'),
    epoch: await epochOf(),
  });
  for (const file of made)
    say(`${relative(checkout, file)}, ${(statSync(file).size / 1024).toFixed(0)} KiB`);
});
