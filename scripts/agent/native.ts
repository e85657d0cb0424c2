import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { cacheRoot, cached, digest } from '../lib/cache.js';
import { packageFolder, versionOf } from '../lib/npm.js';
import { checkout, say } from '../lib/report.js';
import { run } from '../lib/run.js';

export type Target = 'host' | 'arm';

/**
 * Compiler prefix and node-gyp's name of the architecture. Debian's cross compiler makes ARMv7 code
 * for the VFP, which every Cortex-A runs.
 */
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

/**
 * ffi-napi 4.0.3 defines NAPI_EXPERIMENTAL, under which Node 20.12 and later type finalizers
 * differently; this asks for the older type.
 */
const CXXFLAGS = '-DNODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT';

const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-s'];
const SHIM_FLAGS = [...FLAGS, '-shared', '-fPIC'];
/** Our own sources of what buildNative() makes. */
const SOURCES = ['mountroot.c', 'measure.c'];

/**
 * assert() puts the path of its source into the program: without this, the same sources give other
 * bytes in another checkout, and tell where it was.
 */
const PREFIX_MAP = `-ffile-prefix-map=${checkout}=.`;

/**
 * What the addons compile against besides Node: headers, and gyp files that say where those are.
 */
const HEADERS = ['node-addon-api', 'get-symbol-from-current-process-h', 'get-uv-event-loop-napi-h'];

const patchesFor = (name: string): string[] =>
  readdirSync(join(checkout, 'native', 'patches'))
    .filter((file) => file.startsWith(`${name}-`))
    .sort()
    .map((file) => join(checkout, 'native', 'patches', file));

/**
 * Node's own headers lie beside its program in most installations; where they do not, node-gyp
 * fetches them, and must keep them where we may write.
 */
function headers(): string[] {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, 'include', 'node', 'node_api.h'))
    ? [`--nodedir=${prefix}`]
    : [`--devdir=${join(cacheRoot, 'node-gyp')}`];
}

/** How the network is reached may stay in the environment: node-gyp may have to fetch headers. */
const NETWORK = /^npm_config_(https?_proxy|proxy|noproxy|cafile)$/i;
/**
 * node-gyp lets npm's configuration override its own arguments, and compilers, make and gyp each
 * read a set of variables of their own.
 */
const INFLUENCES =
  /^(npm_|GYP_|(C|CPP|CXX|LD|MAKE|MFLAG)\w*FLAGS|MAKE(LEVEL)?$|NODE_OPTIONS$|(CC|CXX|AR|NM|LINK)(_host|_target)$|C(PLUS)?_?(INCLUDE_)?PATH$|LIBRARY_PATH$|GCC_EXEC_PREFIX$)/i;

/**
 * The environment of a build: the tools, the flags, and nothing the user has set for other
 * programs. The cache's key could not tell that apart.
 */
function environment(
  { prefix }: { prefix: string },
  work: string,
): Record<string, string | undefined> {
  const without = Object.keys(process.env).filter(
    (name) => INFLUENCES.test(name) && !NETWORK.test(name),
  );
  // The work folder's name holds a process id. GCC tries the last map first.
  const places = `${PREFIX_MAP} -ffile-prefix-map=${work}=.`;
  return {
    ...Object.fromEntries(without.map((name) => [name, undefined])),
    CC: `${prefix}gcc`,
    CXX: `${prefix}g++`,
    AR: `${prefix}ar`,
    LINK: `${prefix}g++`,
    CFLAGS: places,
    CXXFLAGS: `${CXXFLAGS} ${places}`,
    // gyp reads ~/.gyp/include.gypi otherwise.
    GYP_CONFIG_DIR: work,
    // The binding.gyp files ask `node` for paths.
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
}

/**
 * Compiles one addon from a copy inside the checkout. Its headers are copied beside it:
 * node-addon-api is built by a path relative to the addon, and would otherwise leave makefiles in
 * build/node_modules, where builds for two targets meet.
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

/** All that goes into an addon; its prebuilt binaries, tests and pages do not. */
const sourcesOf = (name: string): string[] =>
  ['binding.gyp', 'src', 'include', 'deps', 'lib']
    .map((part) => join(packageFolder(name), part))
    .filter((path) => existsSync(path));

/** What the compiler says of itself, for the keys of caches. */
export const compilerVersion = async (target: Target): Promise<string> =>
  (await run(`${TOOLS[target].prefix}gcc`, ['--version'])).split('\n')[0]!.trim();

/** Compiles one of our own sources to a static program. */
export async function compileProgram(
  target: Target,
  source: string,
  output: string,
  definitions: readonly string[] = [],
): Promise<void> {
  await run(
    `${TOOLS[target].prefix}gcc`,
    [...FLAGS, '-static', ...definitions, '-o', output, source],
    { env: environment(TOOLS[target], dirname(output)) },
  );
}

/**
 * The cached folder with `probe`, a static program for ramdisks in tests. By itself, because a
 * kernel is built with it.
 */
export async function buildProbe(): Promise<string> {
  const source = join(checkout, 'native', 'probe.c');
  const inputs = { source: digest(source), compiler: await compilerVersion('arm') };
  return cached('probe', inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    await compileProgram('arm', source, join(folder, 'probe'));
  });
}

/**
 * The libraries that only the workstation has, for ramdisks: their source in native/, what they are
 * linked with, and the Debian packages of that.
 */
const WORKSTATION = [
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

/** Their files. By themselves, because nothing on the board needs them. */
export async function buildWorkstation(): Promise<string[]> {
  const inputs = {
    sources: WORKSTATION.map(({ source, ...how }) => [
      digest(join(checkout, 'native', source)),
      how,
    ]),
    flags: SHIM_FLAGS,
    compiler: await compilerVersion('host'),
    architecture: process.arch,
    packages: await run('dpkg-query', ['-W', ...WORKSTATION.flatMap(({ packages }) => packages)]),
  };
  const folder = await cached('native-workstation', inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    const env = environment(TOOLS.host, folder);
    for (const { name, source, libraries } of WORKSTATION)
      await run(
        'gcc',
        [...SHIM_FLAGS, '-o', join(folder, name), join(checkout, 'native', source), ...libraries],
        { env },
      );
  });
  return WORKSTATION.map(({ name }) => join(folder, name));
}

/**
 * The cached folder with `ffi-napi.node`, `ref-napi.node`, `libmountroot.so` and `measure` for this
 * machine or for the board. One script makes both, so what the tests run here is what runs there.
 * N-API is stable: headers of this machine's Node do for the board's.
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
    sources: digest(...SOURCES.map((name) => join(checkout, 'native', name))),
    script: digest(join(checkout, 'scripts', 'agent', 'native.ts')),
  };
  return cached(`native-${target}`, inputs, async (folder) => {
    say(`native ${target}: building`);
    const source = (name: string): string => join(checkout, 'native', name);
    mkdirSync(folder, { recursive: true });
    const env = environment(TOOLS[target], folder);
    await run(
      `${prefix}gcc`,
      [...SHIM_FLAGS, '-o', join(folder, 'libmountroot.so'), source('mountroot.c')],
      { env },
    );
    await compileProgram(target, source('measure.c'), join(folder, 'measure'));
    for (const addon of ADDONS) await buildAddon(addon, target, folder);
  });
}
