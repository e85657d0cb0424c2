/** The compilers, for this machine and for the board, and how we call them. */
import { dirname, delimiter } from 'node:path';
import { checkout } from '../lib/report.js';
import { run } from '../lib/run.js';

/** The processors of boards. */
export type BoardTarget = 'arm' | 'arm64';
export type Target = 'host' | BoardTarget;

/**
 * The compiler's prefix, and Node's name of the architecture. Debian's cross compiler for 32 bits
 * makes ARMv7 code for the VFP, which every Cortex-A of 32 bits runs.
 */
export const TOOLS: Record<Target, { prefix: string; architecture: string }> = {
  host: { prefix: '', architecture: process.arch },
  arm: { prefix: 'arm-linux-gnueabihf-', architecture: 'arm' },
  arm64: { prefix: 'aarch64-linux-gnu-', architecture: 'arm64' },
};

/**
 * ffi-napi 4.0.3 defines NAPI_EXPERIMENTAL, under which Node 20.12 and later type finalizers
 * differently; this flag asks for the older type.
 */
export const ADDON_FLAG = '-DNODE_API_EXPERIMENTAL_NOGC_ENV_OPT_OUT';

export const FLAGS = ['-O2', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden', '-s'];

export const LIBRARY_FLAGS = [...FLAGS, '-shared', '-fPIC'];
/**
 * assert() puts the path of its source into the program. Without this flag the bytes would depend
 * on where the checkout is, and would tell it.
 */
const PREFIX_MAP = `-ffile-prefix-map=${checkout}=.`;

/** Variables that may stay in the environment: node-gyp may have to fetch headers. */
const NETWORK = /^npm_config_(https?_proxy|proxy|noproxy|cafile)$/i;
/**
 * Variables that change a build: npm's configuration overrides node-gyp's arguments, and compilers,
 * make and gyp read their own.
 */
const INFLUENCES =
  /^(npm_|GYP_|(C|CPP|CXX|LD|MAKE|MFLAG)\w*FLAGS|MAKE(LEVEL)?$|NODE_OPTIONS$|(CC|CXX|AR|NM|LINK)(_host|_target)$|C(PLUS)?_?(INCLUDE_)?PATH$|LIBRARY_PATH$|GCC_EXEC_PREFIX$)/i;

/**
 * The environment of a build: the tools and the flags, without the user's own settings, which the
 * key of the cache could not tell apart.
 * @param work the folder of the build, whose path stays out of the results.
 */
export function environment(
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
    CXXFLAGS: `${ADDON_FLAG} ${places}`,
    // Otherwise gyp reads ~/.gyp/include.gypi.
    GYP_CONFIG_DIR: work,
    // The binding.gyp files ask `node` for paths.
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
}

/** The compiler's name and version, for the keys of caches. */
export const compilerVersion = async (target: Target): Promise<string> =>
  (await run(`${TOOLS[target].prefix}gcc`, ['--version'])).split('\n')[0]!.trim();

/** Compiles one of our own sources to a static program. @throws {Failure} on any warning. */
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

/** Compiles one of our own sources to a shared library. @throws {Failure} on any warning. */
export async function compileLibrary(
  target: Target,
  source: string,
  output: string,
  libraries: readonly string[] = [],
): Promise<void> {
  await run(`${TOOLS[target].prefix}gcc`, [...LIBRARY_FLAGS, '-o', output, source, ...libraries], {
    env: environment(TOOLS[target], dirname(output)),
  });
}

/** Faults of memory and of arithmetic end the program. */
const SANITIZED_FLAGS = [
  ...['-O1', '-g', '-Wall', '-Wextra', '-Werror'],
  ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-omit-frame-pointer'],
];

/** The board has no libraries of sanitizers. */
const SANITIZED_FOR: Record<Target, readonly string[]> = {
  host: [],
  arm: ['-static-libasan', '-static-libubsan'],
  arm64: ['-static-libasan', '-static-libubsan'],
};

/**
 * Compiles a program or a library of tests with ASan and UBSan. @throws {Failure} on any warning.
 */
export async function compileSanitized(
  source: string,
  output: string,
  options: readonly string[],
  target: Target = 'host',
): Promise<void> {
  const flags = [...SANITIZED_FLAGS, ...SANITIZED_FOR[target]];
  await run(`${TOOLS[target].prefix}gcc`, [...flags, '-o', output, source, ...options], {
    env: environment(TOOLS[target], dirname(output)),
  });
}

/** For compileSanitized(): a library as compileLibrary() makes it. */
export const SANITIZED_LIBRARY = ['-shared', '-fPIC', '-fvisibility=hidden'];
