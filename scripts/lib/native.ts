import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cached, digest } from './cache.js';
import { checkout, say } from './report.js';
import { run } from './run.js';

export type Target = 'host' | 'arm';

/** Compiler prefix and node-gyp's name of the architecture. Debian's cross compiler makes ARMv7 code for the VFP, which every Cortex-A runs. */
const TOOLS: Record<Target, { prefix: string; architecture: string }> = {
  host: { prefix: '', architecture: process.arch },
  arm: { prefix: 'arm-linux-gnueabihf-', architecture: 'arm' },
};

interface Addon {
  name: string;
  /** What node-gyp makes of it. */
  product: string;
}

const ADDONS: readonly Addon[] = [
  { name: 'ref-napi', product: 'binding.node' },
  { name: 'ffi-napi', product: 'ffi_bindings.node' },
];

/** ffi-napi 4.0.3 defines NAPI_EXPERIMENTAL, under which Node 20.12 and later type finalizers differently; this asks for the older type. */
const CXXFLAGS = '-DNODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT';

/** assert() puts the path of its source into the program: without this, the same sources give other bytes in another checkout, and tell where it was. */
const PREFIX_MAP = `-ffile-prefix-map=${checkout}=.`;

const packageFolder = (name: string): string => join(checkout, 'node_modules', name);
const versionOf = (name: string): string => JSON.parse(readFileSync(join(packageFolder(name), 'package.json'), 'utf8')).version;
const patchesFor = (name: string): string[] =>
  readdirSync(join(checkout, 'native', 'patches'))
    .filter((file) => file.startsWith(`${name}-`))
    .sort()
    .map((file) => join(checkout, 'native', 'patches', file));

/** Node's own headers lie beside its program in most installations; where they do not, node-gyp fetches them. */
function headers(): string[] {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? [`--nodedir=${prefix}`] : [];
}

/** Compiles one addon from a copy inside the checkout, where its binding.gyp finds the packages it asks for. */
async function buildAddon({ name, product }: Addon, target: Target, folder: string): Promise<void> {
  const { prefix, architecture } = TOOLS[target];
  const work = join(checkout, 'build', `native-${target}-${process.pid}`, name);
  try {
    cpSync(packageFolder(name), work, { recursive: true });
    for (const patch of patchesFor(name)) await run('patch', ['-p1', '--batch', '--forward', '-i', patch], { cwd: work });
    await run(process.execPath, [join(packageFolder('node-gyp'), 'bin', 'node-gyp.js'), 'rebuild', `--arch=${architecture}`, ...headers()], {
      cwd: work,
      label: `native ${target}: ${name}`,
      env: { CC: `${prefix}gcc`, CXX: `${prefix}g++`, AR: `${prefix}ar`, LINK: `${prefix}g++`, CXXFLAGS: `${CXXFLAGS} ${PREFIX_MAP}`, CFLAGS: PREFIX_MAP },
    });
    await run(`${prefix}strip`, ['-o', join(folder, `${name}.node`), join(work, 'build', 'Release', product)]);
  } finally {
    rmSync(dirname(work), { recursive: true, force: true });
  }
}

/**
 * The cached folder with `ffi-napi.node`, `ref-napi.node`, `libmountroot.so` and `measure` for this machine or for the board. One script makes both, so
 * what the tests run here is what runs there. N-API is stable: headers of this machine's Node do for the board's.
 */
export async function buildNative(target: Target): Promise<string> {
  const { prefix } = TOOLS[target];
  const inputs = {
    target,
    compiler: (await run(`${prefix}g++`, ['--version'])).split('\n')[0],
    node: process.version,
    addons: ADDONS.map(({ name }) => [name, versionOf(name), digest(join(packageFolder(name), 'src')), patchesFor(name).map((file) => digest(file))]),
    sources: digest(join(checkout, 'native')),
    script: digest(join(checkout, 'scripts', 'lib', 'native.ts')),
  };
  return cached(`native-${target}`, inputs, async (folder) => {
    say(`native ${target}: building`);
    const source = (name: string): string => join(checkout, 'native', name);
    const flags = ['-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-s'];
    mkdirSync(folder, { recursive: true });
    await run(`${prefix}gcc`, [...flags, '-shared', '-fPIC', '-o', join(folder, 'libmountroot.so'), source('mountroot.c')]);
    await run(`${prefix}gcc`, [...flags, '-static', '-o', join(folder, 'measure'), source('measure.c')]);
    for (const addon of ADDONS) await buildAddon(addon, target, folder);
  });
}
