import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import {
  AGENT_FILE,
  BOOTS_FILE,
  LAYER_FILE,
  NODE,
  NO_REHASH,
  REPORTS_FILE,
  buildLine,
} from '../../src/facts/installation.js';
import { agentFiles, buildOf, fileBeside } from '../../src/boot/whole-files.js';
import { own } from '../lib/npm.js';
import { Failure, checkout } from '../lib/report.js';

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
      notStrictEqual: (one, other, message) => check(one !== other, message),
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

/**
 * The width of a text for yargs, whose texts are ours and English. The original holds a segmenter
 * of ICU, which no heap can hold, and tables of emoji.
 */
const WIDTH = 'module.exports = (text) => [...text].length;';

/** yargs would load a configuration, or commands, from packages around it. */
const NO_PACKAGES = `
  exports.createRequire = () => () => {
    throw new Error('nothing is around the agent');
  };`;

const YARGS_STAND_INS: Record<string, string> = {
  y18n: UNTRANSLATED,
  'string-width': WIDTH,
  'node:module': NO_PACKAGES,
  assert: STAND_INS['assert']!,
};

/**
 * yargs checks the types of its own callers' arguments, which the compiler does for us. It parses a
 * description at each call for that: 20 ms of a report.
 */
const UNCHECKED = 'export function argsert() {}';

/**
 * With each command yargs writes its whole help, in case that something asks for it later. Nothing
 * does, and it takes 10 ms of a report.
 */
const HELP_IN_ADVANCE = 'yargs.getInternalMethods().getUsageInstance().cacheHelpMessage();';

/** @throws {Failure} unless the source has the text once. */
function without(file: string, text: string): string {
  const parts = readFileSync(file, 'utf8').split(text);
  if (parts.length !== 2) throw new Failure(`${file} has not once: ${text}`);
  return parts.join('');
}

export const plainYargs: Plugin = {
  name: 'plain-yargs',
  setup(builder) {
    builder.onResolve(
      { filter: /^(y18n|string-width|node:module|assert)$/ },
      ({ path, importer }) =>
        /node_modules\/(yargs|cliui|wrap-ansi)/.test(importer)
          ? { path, namespace: 'plain-yargs' }
          : null,
    );
    builder.onLoad({ filter: /.*/, namespace: 'plain-yargs' }, ({ path }) => ({
      contents: YARGS_STAND_INS[path]!,
    }));
    builder.onLoad({ filter: /node_modules\/yargs\/build\/lib\/argsert\.js$/ }, () => ({
      contents: UNCHECKED,
    }));
    builder.onLoad({ filter: /node_modules\/yargs\/build\/lib\/command\.js$/ }, ({ path }) => ({
      contents: without(path, HELP_IN_ADVANCE),
    }));
  },
};

/** yargs would ask for the width of the terminal, which loads Node's streams, and not use it. */
export const NO_COLUMNS = { 'process.stdout.columns': 'undefined' };

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

const ENTRY = 'src/main.ts';

/**
 * The agent's files, by their entries, the agent's own as the last one. V8 reads all of a file,
 * whatever is called in it, and that of the reports is two thirds of the agent.
 */
const FILES: Readonly<Record<string, string>> = {
  'src/boot-main.ts': BOOTS_FILE,
  'src/cli/cli.ts': REPORTS_FILE,
  'src/cli/layer-cli.ts': LAYER_FILE,
  [ENTRY]: AGENT_FILE,
};

/** Leaves the other files out of the one that loads them. */
const filesApart = (agent: string): Plugin => ({
  name: 'files-apart',
  setup(builder) {
    builder.onResolve({ filter: /^\.\/.*\.js$/ }, ({ path, importer }) => {
      const source = relative(checkout, join(dirname(importer), path)).replace(/\.js$/, '.ts');
      const file = FILES[source];
      if (file === undefined) return null;
      return { path: `./${basename(fileBeside(agent, file))}`, external: true };
    });
  },
});

/** The paths of the files that are beside the agent's. */
export const filesBeside = (agent: string): string[] =>
  agentFiles(agent).filter((path) => path !== agent);

/**
 * The agent as boards run it. The first line of a script can pass one option to its interpreter,
 * and no more.
 */
export const forBoard = (agent: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`#!${NODE} ${NO_REHASH}\n`), agent.subarray(agent.indexOf('\n') + 1)]);

/**
 * Escapes what esbuild leaves as it is in regular expressions: one such character, and V8 holds two
 * bytes for each of the whole source.
 */
export const inAscii = (source: string): string =>
  source.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

interface BundleOptions {
  /** Leaves npm packages in node_modules, so that a test can watch which are imported. */
  packagesOutside?: boolean;
}

interface OneFile extends BundleOptions {
  /** The agent's own file, if this is one of its files. */
  agent?: string;
}

/**
 * Bundles one entry to a CommonJS file for Node 20 and later. Lazy imports stay lazy. The agent
 * becomes several files. Returns `outfile`.
 */
export async function bundle(
  entry: string,
  outfile: string,
  options: BundleOptions = {},
): Promise<string> {
  if (entry !== ENTRY) {
    putProgram(outfile, await bundleText(entry, outfile, options));
    return outfile;
  }
  const { texts, build } = await agentTexts(outfile, options);
  // The agent's own file is the last one.
  for (const [path, text] of texts) putProgram(path, withBuild(text, build));
  return outfile;
}

interface AgentTexts {
  texts: [path: string, text: string][];
  /** Stands for the content of all. */
  build: string;
}

async function agentTexts(outfile: string, options: BundleOptions): Promise<AgentTexts> {
  const texts: AgentTexts['texts'] = [];
  for (const [entry, file] of Object.entries(FILES)) {
    const path = fileBeside(outfile, file);
    texts.push([path, await bundleText(entry, path, { ...options, agent: outfile })]);
  }
  return { texts, build: buildOf(texts.map(([, text]) => text)) };
}

/** The build of the agent that the sources make now, as its files have it. */
export const currentBuild = async (): Promise<string> =>
  (await agentTexts(join(checkout, 'dist', AGENT_FILE), {})).build;

/** Puts the build below the first line, which names the interpreter. */
const withBuild = (text: string, build: string): string =>
  text.replace('\n', () => `\n${buildLine(build)}`);

function putProgram(path: string, text: string): void {
  // The file appears in one step, because another run may be reading it.
  const next = `${path}.next-${process.pid}`;
  writeFileSync(next, text, { mode: 0o755 });
  chmodSync(next, 0o755);
  renameSync(next, path);
}

async function bundleText(
  entry: string,
  outfile: string,
  { packagesOutside = false, agent }: OneFile,
): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: checkout,
    entryPoints: [entry],
    outfile,
    write: false,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    minify: true,
    keepNames: false,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: '#!/usr/bin/env node' },
    define: { ...DEFINE_VERSION, ...NO_COLUMNS, 'import.meta.url': 'importMetaUrl' },
    // import() of our other file would have Node look for names that it exports, in all of it.
    supported: { 'dynamic-import': false },
    inject: [join(checkout, 'scripts/agent/import-meta-url.js')],
    ...(packagesOutside ? { packages: 'external' } : {}),
    plugins: [
      ...(agent === undefined ? [] : [filesApart(agent)]),
      ...(packagesOutside ? [] : [nativeParts, plainYargs]),
    ],
  });
  return inAscii(outputFiles[0]!.text);
}

/** Makes dist/mountroot.cjs, the agent, and beside it the files of its other verbs. */
export function buildBundle(): Promise<string> {
  mkdirSync(join(checkout, 'dist'), { recursive: true });
  return bundle(ENTRY, join(checkout, 'dist', AGENT_FILE));
}
