/**
 * The native parts under musl, the C library of OpenWrt, built with GCC and Debian's packages of
 * musl. OpenWrt builds them with its own toolchain; this build shows beforehand that our C needs
 * nothing of glibc.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { HOME, NODE } from '../../src/facts/installation.js';
import { unpackedPackage } from '../image/packages.js';
import { cached, digest } from '../lib/cache.js';
import { Failure, checkout } from '../lib/report.js';
import { run } from '../lib/run.js';
import {
  ADDON_FLAG,
  FLAGS,
  LIBRARY_FLAGS,
  TOOLS,
  compilerVersion,
  environment,
  type Target,
} from './compile.js';
import { LAUNCH, launcherDefinitions } from './launcher.js';
import { SHIM, TREE, addonSources, nodeHeaders, sourceFile } from './native.js';

/** The suite of musl's packages: 1.2.5, as OpenWrt 24.10 has it. */
const SUITE = 'trixie';

interface Musl {
  /** dpkg's name of the architecture. */
  debian: string;
  /** The name of the folders in Debian's packages. */
  folder: string;
  loader: string;
  /** Where Debian keeps the kernel's headers for this architecture, beside those of glibc. */
  kernel: readonly string[];
}

/** OpenWrt's toolchain for arm64 differs from these in its names only. */
type MuslTarget = Exclude<Target, 'arm64'>;

const MUSL: Record<MuslTarget, Musl> = {
  host: {
    debian: 'amd64',
    folder: 'x86_64-linux-musl',
    loader: 'ld-musl-x86_64.so.1',
    kernel: ['/usr/include', '/usr/include/x86_64-linux-gnu'],
  },
  arm: {
    debian: 'armhf',
    folder: 'arm-linux-musleabihf',
    loader: 'ld-musl-armhf.so.1',
    kernel: ['/usr/arm-linux-gnueabihf/include'],
  },
};

const KERNEL_HEADERS = ['linux', 'asm', 'asm-generic', 'mtd'];

/** Names of glibc that GCC's headers of libstdc++ use. The addons call neither function. */
const FOR_LIBSTDCXX = `#pragma once
#include <locale.h>
#include <pthread.h>
#define __GLIBC_PREREQ(major, minor) 0
#define __locale_t locale_t
extern "C" int pthread_cond_clockwait(pthread_cond_t *, pthread_mutex_t *, clockid_t,
                                      const struct timespec *);
extern "C" int pthread_mutex_clocklock(pthread_mutex_t *, clockid_t, const struct timespec *);
`;

export interface MuslBuild {
  /**
   * Has `libmountroot.so`, `libmountroot-tree.so`, the static programs `launch` and `measure`, and
   * `check`.
   */
  folder: string;
  /** The name of musl's loader in this folder. `LOADER check …` runs a program. */
  loader: string;
}

/** A folder with musl's own files, and how to compile with them. */
class Compiler {
  private readonly files: string;
  private readonly include: string;

  /**
   * @param dev the unpacked package of headers.
   * @param work a folder with libc.so.
   */
  constructor(
    private readonly target: MuslTarget,
    dev: string,
    private readonly work: string,
  ) {
    const { folder, kernel } = MUSL[target];
    this.files = join(dev, 'files/usr/lib', folder);
    this.include = join(dev, 'files/usr/include', folder);
    mkdirSync(join(work, 'kernel'), { recursive: true });
    for (const name of KERNEL_HEADERS) {
      const from = kernel.map((path) => join(path, name)).find((path) => existsSync(path));
      if (from === undefined) throw new Failure(`the kernel's headers lack ${name}`);
      symlinkSync(from, join(work, 'kernel', name));
    }
  }

  private async call(tool: 'gcc' | 'g++', words: readonly string[]): Promise<void> {
    const program = `${TOOLS[this.target].prefix}${tool}`;
    const own = (await run(program, ['-print-file-name=include'])).trim();
    const headers = [
      ...(tool === 'g++' ? await this.standardHeaders(program) : []),
      ...[this.include, own, join(this.work, 'kernel')],
    ];
    await run(program, ['-nostdinc', ...headers.flatMap((each) => ['-isystem', each]), ...words], {
      env: environment(TOOLS[this.target], this.work),
    });
  }

  /** The folders of GCC's own C++ headers. */
  private async standardHeaders(program: string): Promise<string[]> {
    const listed = await run('sh', ['-c', 'exec "$1" -E -v -x c++ /dev/null 2>&1', 'sh', program]);
    return [...listed.matchAll(/^ (\/\S+)$/gm)]
      .map(([, path]) => path!)
      .filter((path) => /\/c\+\+\//.test(path));
  }

  private part = (name: string): string => join(this.files, name);

  library = (source: string, output: string): Promise<void> =>
    this.call('gcc', [
      ...LIBRARY_FLAGS,
      '-nostdlib',
      '-o',
      output,
      source,
      `-L${this.work}`,
      '-lc',
      '-lgcc',
    ]);

  staticProgram = (source: string, output: string, definitions: readonly string[]): Promise<void> =>
    this.call('gcc', [
      ...[...FLAGS, ...definitions, '-static', '-no-pie', '-nostdlib', '-o', output],
      ...[this.part('crt1.o'), this.part('crti.o'), source],
      ...[this.part('libc.a'), '-lgcc', this.part('libc.a'), this.part('crtn.o')],
    ]);

  program = (source: string, output: string): Promise<void> =>
    this.call('gcc', [
      ...[...FLAGS, '-no-pie', '-nostdlib', '-o', output, this.part('crt1.o'), this.part('crti.o')],
      ...[source, `-L${this.work}`, '-lc', '-lgcc', this.part('crtn.o')],
    ]);

  /** Compiles an addon's source, and leaves no result. */
  addon = (source: string, definitions: readonly string[]): Promise<void> => {
    const shim = join(this.work, 'for-libstdcxx.h');
    writeFileSync(shim, FOR_LIBSTDCXX);
    return this.call('g++', [
      '-std=c++17',
      '-fsyntax-only',
      ADDON_FLAG,
      '-include',
      shim,
      ...definitions,
      source,
    ]);
  };
}

/**
 * Returns our native parts for musl. The addons are compiled, but not linked: Debian has no
 * libstdc++ and no Node for musl.
 * @param check the source of a program that tests them.
 * @throws {Failure} on any warning of the compiler.
 */
export async function buildMusl(target: MuslTarget, check: string): Promise<MuslBuild> {
  const { debian, loader } = MUSL[target];
  const dev = await unpackedPackage('musl-dev', SUITE, debian);
  const libc = await unpackedPackage('musl', SUITE, debian);
  const definitions = launcherDefinitions(HOME, NODE);
  const addons = addonSources(TOOLS[target].architecture);
  const inputs = {
    packages: [dev, libc],
    sources: digest(...[...SHIM, ...TREE, 'measure.c', ...LAUNCH].map(sourceFile), check),
    addons: addons.map(({ sources }) => sources.map((file) => digest(file))),
    definitions,
    script: ['musl.ts', 'compile.ts'].map((name) => digest(join(checkout, 'scripts/agent', name))),
    compiler: await compilerVersion(target),
  };
  const folder = await cached(`native-musl-${target}`, inputs, async (made) => {
    const shared = join(made, loader);
    const inPackage = ['files/usr/lib', 'files/lib'].map((path) => join(libc, path, loader));
    copyFileSync(inPackage.find((path) => existsSync(path)) ?? inPackage[0]!, shared);
    chmodSync(shared, 0o755);
    // The loader is the library too. A program must need it by this name.
    symlinkSync(loader, join(made, 'libc.so'));
    const compiler = new Compiler(target, dev, made);
    await compiler.library(sourceFile('mountroot.c'), join(made, 'libmountroot.so'));
    await compiler.library(sourceFile('tree.c'), join(made, 'libmountroot-tree.so'));
    await compiler.staticProgram(sourceFile('measure.c'), join(made, 'measure'), []);
    await compiler.staticProgram(sourceFile('launch.c'), join(made, 'launch'), definitions);
    await compiler.program(check, join(made, 'check'));
    for (const { sources, headers } of addons)
      for (const source of sources)
        await compiler.addon(
          source,
          [...headers, nodeHeaders()].map((path) => `-I${path}`),
        );
  });
  return { folder, loader };
}
