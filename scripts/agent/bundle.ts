import { chmodSync, mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { NODE, NO_REHASH } from '../../src/facts/installation.js';
import { own } from '../lib/npm.js';
import { checkout } from '../lib/report.js';

/**
 * The module that finds an addon of ffi-napi's packages: beside the bundle, in
 * native/<platform>-<architecture>/.
 */
const addon = (name: string): string => `
  const { join } = require('node:path');
  const folder = process.platform + '-' + process.arch;
  module.exports = () => require(join(__dirname, 'native', folder, '${name}.node'));`;

/** Replacements of modules that ffi-napi and ref-napi import, by name. */
const STAND_INS: Record<string, string> = {
  // Loading the original cost a fifth of the bundle's start on the board, and nobody reads its log.
  debug: 'module.exports = () => { const log = () => {}; log.enabled = false; return log; };',
  // Node's own loads the terminal's colours, these load stderr as a stream, and that loads
  // node:net: 120 of the 616 ms that a warm start took.
  assert: `
    const check = (holds, message) => {
      if (!holds) throw new Error(message || 'an assertion of ffi-napi or ref-napi failed');
    };
    module.exports = Object.assign(check, {
      equal: (one, other, message) => check(one == other, message),
      strictEqual: (one, other, message) => check(one === other, message),
    });`,
};

/**
 * yargs' translations, without the original, which makes the path of a file from LC_ALL and LANG.
 * Whoever asks for a report over SSH may set these, and root would read any file of that name, or
 * wait for a FIFO. The words stay English, as in the rest of the agent.
 */
const UNTRANSLATED = `
  const { format } = require('node:util');
  const words = (given) => given.filter((each) => typeof each !== 'function');
  module.exports = () => ({
    __: (text, ...given) =>
      Array.isArray(text) ? String.raw({ raw: text }, ...given) : format(text, ...words(given)),
    __n: (one, many, count, ...given) => {
      const text = count === 1 ? one : many;
      return format(text, ...(text.includes('%d') ? [count] : []), ...words(given));
    },
    setLocale() {},
    getLocale: () => 'en',
    updateLocale() {},
    locale: 'en',
  });`;

const untranslated: Plugin = {
  name: 'untranslated',
  setup(builder) {
    builder.onResolve({ filter: /^y18n$/ }, ({ path }) => ({ path, namespace: 'untranslated' }));
    builder.onLoad({ filter: /.*/, namespace: 'untranslated' }, () => ({
      contents: UNTRANSLATED,
    }));
  },
};

/**
 * Finds the addons of ffi-napi and ref-napi, which use node-gyp-build: it searches folders that a
 * bundle does not have.
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
 * Puts the verbs that a boot does not call into a separate file, `<name>-cli.cjs`. V8 reads all of
 * a file, whatever is called in it, and these are five sixths of the agent.
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

/** The path of the file with the reporting verbs, beside the agent's. */
export const cliBeside = (agent: string): string => agent.replace(/\.cjs$/, '-cli.cjs');

/**
 * The agent as boards run it. The first line of a script can pass one option to its interpreter,
 * and no more.
 */
export const forBoard = (agent: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`#!${NODE} ${NO_REHASH}\n`), agent.subarray(agent.indexOf('\n') + 1)]);

interface BundleOptions {
  /** Leaves npm packages in node_modules, so that a test can watch which are imported. */
  packagesOutside?: boolean;
}

/**
 * Bundles one entry to a CommonJS file for Node 20 and later. Lazy imports stay lazy. The agent
 * becomes two files. Returns `outfile`.
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
  // The file appears in one step, because another run may be reading it.
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
      ...(packagesOutside ? [] : [nativeParts, untranslated]),
    ],
  });
  chmodSync(next, 0o755);
  renameSync(next, outfile);
  return outfile;
}

/** Makes dist/mountroot.cjs, the agent, and dist/mountroot-cli.cjs, its reports. */
export function buildBundle(): Promise<string> {
  mkdirSync(join(checkout, 'dist'), { recursive: true });
  return bundle('src/main.ts', join(checkout, 'dist', 'mountroot.cjs'));
}
