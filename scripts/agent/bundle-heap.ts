import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { ELSEWHERE } from '../../src/cli/verb-runner.js';
import {
  DEFINE_VERSION,
  NO_COLUMNS,
  currentBuild,
  inAscii,
  nativeParts,
  plainYargs,
} from './bundle.js';
import { checkout } from '../lib/report.js';

const WITHIN = {
  absWorkingDir: checkout,
  bundle: true,
  platform: 'node',
  target: 'node24',
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
} as const;

/** What libffi itself takes. */
const BINDINGS = 'ffi-napi/lib/bindings.js';

/** What is imported of the packages, and its name in what their function returns. */
const LATE: Record<string, string> = {
  'ffi-napi': 'ffi',
  'ref-napi': 'ref',
  [BINDINGS]: 'bindings',
};

/**
 * ffi-napi and ref-napi as the body of a function, so that they can run again over other addons.
 */
async function packagesAsFunction(): Promise<string> {
  const { outputFiles } = await build({
    ...WITHIN,
    stdin: {
      contents: `module.exports = {
        ffi: require('ffi-napi'),
        ref: require('ref-napi'),
        bindings: require('${BINDINGS}'),
      };`,
      resolveDir: checkout,
    },
    format: 'cjs',
    write: false,
    plugins: [nativeParts],
  });
  return outputFiles[0]!.text;
}

/**
 * Bundles modules that run again on the board. Their importers then have the new ones, because an
 * import is a live binding.
 */
const latePackages = (body: string): Plugin => ({
  name: 'late-packages',
  setup(builder) {
    builder.onResolve({ filter: /^(late-packages|(ffi|ref)-napi(\/.*)?)$/ }, ({ path }) => ({
      path,
      namespace: 'late',
    }));
    builder.onLoad({ filter: /^late-packages$/, namespace: 'late' }, () => ({
      contents: `
        const run = (require, module) => { ${body} \n return module.exports; };
        export let ffi, ref, bindings;
        export const loadPackages = (require) => {
          ({ ffi, ref, bindings } = run(require, { exports: {} }));
        };`,
    }));
    builder.onLoad({ filter: /-napi/, namespace: 'late' }, ({ path }) => ({
      contents: `export { ${LATE[path]!} as default } from 'late-packages';`,
    }));
  },
});

/** Gives the model kernel the agent's own class of errors, which the agent recognises. */
const coresErrors: Plugin = {
  name: 'cores-errors',
  setup(builder) {
    builder.onResolve({ filter: /\/system-error\.js$/ }, ({ path }) => ({
      path,
      namespace: 'core',
    }));
    builder.onLoad({ filter: /.*/, namespace: 'core' }, () => ({
      contents: 'export const { SystemError } = core;',
    }));
  },
};

/** What the reports' heap leaves to the agent's own file: it takes long, and is large. */
const NOT_IN_HEAP =
  /\/src\/(ramdisk|bundle|layer\/archive|explain\/initrd|remote)\/(?!ssh-shell\.)/;

/** Makes imports of those on request throw what src/cli/cli.ts knows. */
const leftOut: Plugin = {
  name: 'left-out',
  setup(builder) {
    builder.onResolve({ filter: /^\..*\.js$/ }, ({ kind, path, resolveDir }) => {
      const whole = join(resolveDir, path);
      if (kind !== 'dynamic-import' || !NOT_IN_HEAP.test(whole)) return null;
      return { path: whole, namespace: 'left-out' };
    });
    builder.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({
      contents: `throw new Error(${JSON.stringify(ELSEWHERE)}); module.exports = {};`,
    }));
  },
};

/** The messages of a heap, which has no winston. */
const plainMessages: Plugin = {
  name: 'plain-messages',
  setup(builder) {
    builder.onResolve({ filter: /\/log\/winston\.js$/ }, ({ path }) => ({
      path,
      namespace: 'plain-messages',
    }));
    builder.onLoad({ filter: /.*/, namespace: 'plain-messages' }, () => ({
      contents: "export { plainMessages as messages } from './src/log/plain-messages.ts';",
      resolveDir: checkout,
    }));
  },
};

/**
 * Node's modules that a heap takes in only once something in them is used: reports seldom do, and
 * each brings others.
 */
const LAZY = [
  ...['child_process', 'crypto', 'fs/promises', 'readline/promises'],
  ...['timers/promises', 'tty', 'url'],
];

/**
 * Node's own modules, also in a process from the heap, which has no `require`. Writing it needs
 * Node's internal ones too.
 */
const BUILTINS = `
  var require = ((own) => (name) => {
    if (name.startsWith('internal/')) return own(name);
    if (!${JSON.stringify(LAZY)}.includes(name.replace('node:', '')))
      return process.getBuiltinModule(name);
    return new Proxy({}, { get: (_, key) => process.getBuiltinModule(name)[key] });
  })(require);`;

/** The files that bundleHeap() makes. */
export const HEAP_SCRIPTS = [
  'heap.js',
  'warm-up.js',
  'reports-heap.js',
  'warm-up-reports.js',
] as const;

/**
 * Bundles HEAP_SCRIPTS (src/kept-heap), which write the heaps, into a folder. They belong to the
 * agent that the sources make now.
 */
export async function bundleHeap(folder: string): Promise<void> {
  const define = { ...DEFINE_VERSION, MOUNTROOT_BUILD: JSON.stringify(await currentBuild()) };
  const shared = { ...WITHIN, format: 'iife' } as const;
  const packages = latePackages(await packagesAsFunction());
  const heap = async (entry: string, outfile: string, url: object): Promise<void> => {
    const { outputFiles } = await build({
      ...shared,
      entryPoints: [`src/kept-heap/${entry}`],
      write: false,
      define,
      banner: { js: BUILTINS },
      external: ['internal/*'],
      plugins: [packages, plainYargs, plainMessages, leftOut],
      ...url,
    });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, outfile), inAscii(outputFiles[0]!.text));
  };
  // The body of a function that returns a promise of its end.
  const warmUp = (name: string, plugins: Plugin[]): Promise<unknown> =>
    build({
      ...shared,
      entryPoints: [`src/kept-heap/${name}.ts`],
      outfile: join(folder, `${name}.js`),
      define,
      globalName: 'made',
      footer: { js: 'return made.default;' },
      banner: { js: 'const require = (name) => process.getBuiltinModule(name);' },
      plugins,
    });
  await heap('boot-entry.ts', 'heap.js', {});
  await heap('reports-entry.ts', 'reports-heap.js', {
    define: { ...define, ...NO_COLUMNS, 'import.meta.url': 'importMetaUrl' },
    inject: [join(checkout, 'scripts/agent/import-meta-url.js')],
  });
  await warmUp('warm-up', [coresErrors]);
  await warmUp('warm-up-reports', []);
}
