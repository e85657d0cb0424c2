import { chmodSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { checkout } from './report.js';

/** Where an addon of ffi-napi's packages is, in the bundle: beside it, in native/<platform>-<architecture>/. */
const addon = (name: string): string => `
  const { join } = require('node:path');
  module.exports = () => require(join(__dirname, 'native', process.platform + '-' + process.arch, '${name}.node'));`;

/**
 * ffi-napi and ref-napi find their addons through node-gyp-build, which searches folders that are not there in a bundle; and both log through `debug`,
 * whose loading alone costs a fifth of the bundle's start on the board.
 */
const nativeParts: Plugin = {
  name: 'native-parts',
  setup(builder) {
    builder.onResolve({ filter: /^node-gyp-build$/ }, ({ importer }) => {
      const name = /node_modules\/((?:ffi|ref)-napi)\//.exec(importer)?.[1];
      return name ? { path: name, namespace: 'addon' } : null;
    });
    builder.onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({ contents: addon(path), resolveDir: checkout }));
    builder.onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'silent' }));
    builder.onLoad({ filter: /.*/, namespace: 'silent' }, () => ({ contents: 'module.exports = () => { const log = () => {}; log.enabled = false; return log; };' }));
  },
};

const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')) as { version: string };

/**
 * Bundles one entry to a CommonJS file that runs under Node 20 and later; what is imported lazily stays lazy.
 * @param packagesOutside leaves npm packages to be found in node_modules, so that a test can watch which are asked for.
 */
export async function bundle(entry: string, outfile: string, { packagesOutside = false } = {}): Promise<string> {
  // Appears whole: another run may be reading it at this moment.
  const next = `${outfile}.next-${process.pid}`;
  await build({
    absWorkingDir: checkout,
    entryPoints: [entry],
    outfile: next,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: '#!/usr/bin/env node' },
    define: { MOUNTROOT_VERSION: JSON.stringify(version), 'import.meta.url': 'importMetaUrl' },
    inject: [join(checkout, 'scripts/lib/import-meta-url.js')],
    ...(packagesOutside ? { packages: 'external' } : { plugins: [nativeParts] }),
  });
  chmodSync(next, 0o755);
  renameSync(next, outfile);
  return outfile;
}

/** dist/mountroot.cjs, the agent. */
export function buildBundle(): Promise<string> {
  mkdirSync(join(checkout, 'dist'), { recursive: true });
  return bundle('src/main.ts', join(checkout, 'dist', 'mountroot.cjs'));
}
