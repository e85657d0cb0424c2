import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { DEFINE_VERSION, nativeParts } from './bundle.js';
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

/** Bundles `heap.js` and `warm-up.js` (src/kept-heap), which write a heap, into a folder. */
export async function bundleHeap(folder: string): Promise<void> {
  const shared = {
    ...WITHIN,
    format: 'iife',
    define: { ...DEFINE_VERSION, 'import.meta.url': 'undefined' },
  } as const;
  await build({
    ...shared,
    entryPoints: ['src/kept-heap/heap-entry.ts'],
    outfile: join(folder, 'heap.js'),
    external: ['internal/*'],
    plugins: [latePackages(await packagesAsFunction())],
  });
  // The body of a function that returns a promise of its end.
  await build({
    ...shared,
    entryPoints: ['src/kept-heap/warm-up.ts'],
    outfile: join(folder, 'warm-up.js'),
    globalName: 'made',
    footer: { js: 'return made.default;' },
    banner: { js: 'const require = (name) => process.getBuiltinModule(name);' },
    plugins: [coresErrors],
  });
}
