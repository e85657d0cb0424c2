import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { own } from '../lib/npm.js';
import { NODE, NO_REHASH } from '../../src/facts/installation.js';
import { checkout } from '../lib/report.js';

/**
 * Where an addon of ffi-napi's packages is, in the bundle: beside it, in
 * native/<platform>-<architecture>/.
 */
const addon = (name: string): string => `
  const { join } = require('node:path');
  module.exports = () => require(join(__dirname, 'native', process.platform + '-' + process.arch, '${name}.node'));`;

/** What stands in for modules that ffi-napi and ref-napi ask for, by name. */
const STAND_INS: Record<string, string> = {
  // Loading it cost a fifth of the bundle's start on the board, and nobody reads what it logs.
  debug: 'module.exports = () => { const log = () => {}; log.enabled = false; return log; };',
  // Node's own brings the terminal's colours, with them stderr as a stream, and with that node:net:
  // 120 of the 616 ms that a warm start took.
  assert: `
    const check = (holds, message) => { if (!holds) throw new Error(message || 'an assertion of ffi-napi or ref-napi failed'); };
    module.exports = Object.assign(check, { equal: (one, other, message) => check(one == other, message), strictEqual: (one, other, message) => check(one === other, message) });`,
};

/**
 * ffi-napi and ref-napi find their addons through node-gyp-build, which searches folders that are
 * not there in a bundle.
 */
export const nativeParts: Plugin = {
  name: 'native-parts',
  setup(builder) {
    builder.onResolve({ filter: /^node-gyp-build$/ }, ({ importer }) => {
      const name = /node_modules\/((?:ffi|ref)-napi)\//.exec(importer)?.[1];
      return name ? { path: name, namespace: 'addon' } : null;
    });
    builder.onLoad({ filter: /.*/, namespace: 'addon' }, ({ path }) => ({
      contents: addon(path),
      resolveDir: checkout,
    }));
    builder.onResolve({ filter: /^(debug|assert)$/ }, ({ path, importer }) =>
      /node_modules\/(ffi|ref)-/.test(importer) ? { path, namespace: 'stand-in' } : null,
    );
    builder.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[path]!,
    }));
  },
};

/** Replaces the version in the sources with the one of package.json. */
export const DEFINE_VERSION = { MOUNTROOT_VERSION: JSON.stringify(own.version) };

/**
 * The verbs that a boot does not call are a file of their own, `<name>-cli.cjs`: V8 reads the whole
 * of a file, whatever is called in it, and this is five sixths.
 */
const reportsApart = (file: string): Plugin => ({
  name: 'reports-apart',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/cli\/cli\.js$/ }, () => ({
      path: `./${basename(file)}`,
      external: true,
    }));
  },
});

/** The file with the reporting verbs, beside the agent's. */
export const cliBeside = (agent: string): string => agent.replace(/\.cjs$/, '-cli.cjs');

/** The agent as boards run it. The first line of a script can hand over one option, and no more. */
export const forBoard = (agent: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`#!${NODE} ${NO_REHASH}\n`), agent.subarray(agent.indexOf('\n') + 1)]);

interface BundleOptions {
  /**
   * Leaves npm packages to be found in node_modules, so that a test can watch which are asked for.
   */
  packagesOutside?: boolean;
}

/**
 * Bundles one entry to a CommonJS file that runs under Node 20 and later; what is imported lazily
 * stays lazy. The agent becomes two files.
 */
export async function bundle(
  entry: string,
  outfile: string,
  options: BundleOptions = {},
): Promise<string> {
  if (entry === 'src/main.ts') await bundleFile('src/cli/cli.ts', cliBeside(outfile), options);
  return bundleFile(entry, outfile, options);
}

async function bundleFile(
  entry: string,
  outfile: string,
  { packagesOutside = false }: BundleOptions,
): Promise<string> {
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
    define: { ...DEFINE_VERSION, 'import.meta.url': 'importMetaUrl' },
    inject: [join(checkout, 'scripts/agent/import-meta-url.js')],
    ...(packagesOutside ? { packages: 'external' } : {}),
    plugins: [
      ...(entry === 'src/main.ts' ? [reportsApart(cliBeside(outfile))] : []),
      ...(packagesOutside ? [] : [nativeParts]),
    ],
  });
  chmodSync(next, 0o755);
  renameSync(next, outfile);
  return outfile;
}

/** dist/mountroot.cjs, the agent, and dist/mountroot-cli.cjs, its reports. */
export function buildBundle(): Promise<string> {
  mkdirSync(join(checkout, 'dist'), { recursive: true });
  return bundle('src/main.ts', join(checkout, 'dist', 'mountroot.cjs'));
}
