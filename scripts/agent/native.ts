import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheRoot, cached, digest } from '../lib/cache.js';
import { packageFolder, versionOf } from '../lib/npm.js';
import { checkout, say } from '../lib/report.js';
import { run } from '../lib/run.js';
import {
  SANITIZED_LIBRARY,
  TOOLS,
  compileLibrary,
  compileProgram,
  compileSanitized,
  compilerVersion,
  environment,
  type Target,
} from './compile.js';

interface Addon {
  name: string;
  /** The file that node-gyp makes. */
  product: string;
}

const ADDONS: readonly Addon[] = [
  { name: 'ref-napi', product: 'binding.node' },
  { name: 'ffi-napi', product: 'ffi_bindings.node' },
];

/** Our own sources that buildNative() compiles. */
export const TREE = [
  'tree.c',
  'tree-entries.h',
  'tree-way.h',
  'tree-change.h',
  'tree-build.h',
  'tree-remove.h',
  'tree-pairs.h',
  'tree-walk.h',
  'tree-tar.h',
  'tree-lone.h',
  'tree-both.h',
  'tree-copy.h',
  'tree-known.h',
  'tree-member.h',
  'tree-import.h',
];
/** The library of system calls. */
export const SHIM = ['mountroot.c', 'maintain.h'];
const SOURCES = [...SHIM, ...TREE, 'measure.c'];
export const sourceFile = (name: string): string => join(checkout, 'native', name);
/** How we compile, for the keys of caches. */
const COMPILE = digest(join(checkout, 'scripts/agent/compile.ts'));

/** Packages of headers, and of gyp files that say where the headers are, for the addons. */
const HEADERS = ['node-addon-api', 'get-symbol-from-current-process-h', 'get-uv-event-loop-napi-h'];

const patchesFor = (name: string): string[] =>
  readdirSync(join(checkout, 'native', 'patches'))
    .filter((file) => file.startsWith(`${name}-`))
    .sort()
    .map((file) => join(checkout, 'native', 'patches', file));

/**
 * node-gyp's option for Node's headers. Most installations have them beside the program; otherwise
 * node-gyp fetches them, into a folder where we may write.
 */
function headers(): string[] {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h'))
    ? [`--nodedir=${prefix}`]
    : [`--devdir=${join(cacheRoot, 'node-gyp')}`];
}

/**
 * Compiles one addon from a copy inside the checkout, with its headers copied beside it: gyp builds
 * node-addon-api by a path relative to the addon, and would otherwise leave makefiles in
 * build/node_modules, where builds for two targets collide.
 */
async function buildAddon({ name, product }: Addon, target: Target, folder: string): Promise<void> {
  const { prefix, architecture } = TOOLS[target];
  const top = join(checkout, 'build', `native-${target}-${process.pid}`);
  const work = join(top, name);
  try {
    cpSync(packageFolder(name), work, { recursive: true });
    for (const header of [...HEADERS, 'ref-napi'])
      cpSync(packageFolder(header), join(top, 'node_modules', header), { recursive: true });
    for (const patch of patchesFor(name))
      await run('patch', ['-p1', '--batch', '--forward', '--fuzz=0', '-i', patch], { cwd: work });
    await run(
      process.execPath,
      [
        join(packageFolder('node-gyp'), 'bin', 'node-gyp.js'),
        'rebuild',
        `--arch=${architecture}`,
        ...headers(),
      ],
      {
        cwd: work,
        label: `native ${target}: ${name}`,
        env: environment(TOOLS[target], top),
      },
    );
    await run(`${prefix}strip`, [
      '-o',
      join(folder, `${name}.node`),
      join(work, 'build', 'Release', product),
    ]);
  } finally {
    rmSync(top, { recursive: true, force: true });
  }
}

/** The folder of Node's own headers, once node-gyp has built with them. */
export const nodeHeaders = (): string =>
  [
    join(dirname(dirname(process.execPath)), 'include/node'),
    join(cacheRoot, 'node-gyp', process.versions.node, 'include/node'),
  ].find((path) => existsSync(join(path, 'node_api.h'))) ?? '/usr/include/node';

/** The sources of an addon. */
export interface AddonSources {
  sources: string[];
  headers: string[];
}

/** The C++ of the addons, and the folders of the headers that it needs besides Node's. */
export function addonSources(architecture: string): AddonSources[] {
  const common = [
    packageFolder('node-addon-api'),
    ...['get-symbol-from-current-process-h', 'get-uv-event-loop-napi-h', 'ref-napi'].map((name) =>
      join(packageFolder(name), 'include'),
    ),
  ];
  const ffi = packageFolder('ffi-napi');
  return [
    { sources: [join(packageFolder('ref-napi'), 'src/binding.cc')], headers: common },
    {
      sources: ['ffi.cc', 'callback_info.cc', 'threaded_callback_invokation.cc'].map((name) =>
        join(ffi, 'src', name),
      ),
      headers: [
        ...common,
        ...['include', `config/linux/${architecture}`].map((path) =>
          join(ffi, 'deps/libffi', path),
        ),
      ],
    },
  ];
}

/** The sources of an addon, without its prebuilt binaries, tests and documentation. */
const sourcesOf = (name: string): string[] =>
  ['binding.gyp', 'src', 'include', 'deps', 'lib']
    .map((part) => join(packageFolder(name), part))
    .filter((path) => existsSync(path));

/**
 * Returns the cached folder with `probe`, a static program for ramdisks in tests. It is separate,
 * because it is a key of the kernel's cache.
 */
export async function buildProbe(): Promise<string> {
  const source = sourceFile('probe.c');
  const inputs = { source: digest(source), compiler: await compilerVersion('arm') };
  return cached('probe', inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    await compileProgram('arm', source, join(folder, 'probe'));
  });
}

/**
 * The libraries that make and read ramdisks on the workstation: their source in native/, the
 * libraries that they are linked with, and the Debian packages of these.
 */
export const WORKSTATION = [
  {
    name: 'libmountroot-codecs.so',
    source: 'codecs.c',
    libraries: ['-llzma', '-lzstd', '-llz4', '-lbz2', '-llzo2'],
    packages: ['liblzma-dev', 'libzstd-dev', 'liblz4-dev', 'libbz2-dev', 'liblzo2-dev'],
  },
  {
    name: 'libmountroot-ext2.so',
    source: 'ext2.c',
    libraries: ['-lext2fs', '-lcom_err'],
    packages: ['libext2fs-dev', 'comerr-dev'],
  },
];

/** Returns their files. They are separate, because the board does not need them. */
export async function buildWorkstation(): Promise<string[]> {
  const inputs = {
    sources: WORKSTATION.map(({ source, ...how }) => [digest(sourceFile(source)), how]),
    script: COMPILE,
    compiler: await compilerVersion('host'),
    architecture: process.arch,
    packages: await run('dpkg-query', ['-W', ...WORKSTATION.flatMap(({ packages }) => packages)]),
  };
  const folder = await cached('native-workstation', inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    for (const { name, source, libraries } of WORKSTATION)
      await compileLibrary('host', sourceFile(source), join(folder, name), libraries);
  });
  return WORKSTATION.map(({ name }) => join(folder, name));
}

/**
 * Returns the cached folder with our libraries, built with ASan and UBSan. A program that loads one
 * of them has ASan's own library in LD_PRELOAD.
 */
export async function buildSanitized(): Promise<string> {
  const libraries = [
    { name: 'libmountroot.so', source: 'mountroot.c', libraries: [] },
    { name: 'libmountroot-tree.so', source: 'tree.c', libraries: [] },
    ...WORKSTATION,
  ];
  const inputs = {
    sources: libraries.map(({ source, name }) => [name, digest(sourceFile(source))]),
    headers: digest(...[...SHIM, ...TREE].map(sourceFile)),
    script: [digest(join(checkout, 'scripts/agent/native.ts')), COMPILE],
    compiler: await compilerVersion('host'),
  };
  return cached('native-sanitized', inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    for (const { name, source, libraries: others } of libraries)
      await compileSanitized(sourceFile(source), join(folder, name), [
        ...SANITIZED_LIBRARY,
        ...others,
      ]);
  });
}

/**
 * Returns the cached folder with `ffi-napi.node`, `ref-napi.node`, `libmountroot.so`,
 * `libmountroot-tree.so` and `measure`, for this machine or for the board. One script makes both,
 * so tests here run what runs there.
 * N-API is stable, so the headers of this machine's Node fit the board's Node.
 */
export async function buildNative(target: Target): Promise<string> {
  const { prefix } = TOOLS[target];
  const inputs = {
    target,
    compiler: [
      await compilerVersion(target),
      await run(`${prefix}g++`, ['-dumpfullversion']),
      await run(`${prefix}g++`, ['-dumpmachine']),
    ],
    node: process.version,
    addons: ADDONS.map(({ name }) => [
      name,
      versionOf(name),
      digest(...sourcesOf(name)),
      patchesFor(name).map((file) => digest(file)),
    ]),
    headers: HEADERS.map((name) => [name, versionOf(name)]),
    gyp: versionOf('node-gyp'),
    sources: digest(...SOURCES.map(sourceFile)),
    script: [digest(join(checkout, 'scripts/agent/native.ts')), COMPILE],
  };
  return cached(`native-${target}`, inputs, async (folder) => {
    say(`native ${target}: building`);
    mkdirSync(folder, { recursive: true });
    await compileLibrary(target, sourceFile('mountroot.c'), join(folder, 'libmountroot.so'));
    await compileLibrary(target, sourceFile('tree.c'), join(folder, 'libmountroot-tree.so'));
    await compileProgram(target, sourceFile('measure.c'), join(folder, 'measure'));
    for (const addon of ADDONS) await buildAddon(addon, target, folder);
  });
}
