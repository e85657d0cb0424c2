/** Builds and runs the fuzzers of native/fuzz, with ASan and UBSan. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS, compileSanitized, compilerVersion, type Target } from '../agent/compile.js';
import { WORKSTATION } from '../agent/native.js';
import { cached, digest } from '../lib/cache.js';
import { Failure, checkout } from '../lib/report.js';

interface CFuzzer {
  /** In native/fuzz. */
  source: string;
  options?: readonly string[];
}

const librariesOf = (source: string): readonly string[] =>
  WORKSTATION.find((each) => each.source === source)?.libraries ?? [];

const codec = (method: string): CFuzzer => ({
  source: 'codecs.c',
  options: [`-DMETHOD=${method}`],
});

export const C_FUZZERS: Readonly<Record<string, CFuzzer>> = {
  'c-xz': codec('XZ'),
  'c-lzma': codec('LZMA'),
  'c-zstd': codec('ZSTD'),
  'c-bzip2': codec('BZIP2'),
  'c-lz4': codec('LZ4'),
  'c-lzo': codec('LZO'),
  'c-ext2': { source: 'ext2.c' },
  'c-kernel-record': { source: 'mountroot.c', options: ['-pthread'] },
  'c-measure': { source: 'measure.c' },
  'c-tree': { source: 'tree.c' },
  'c-import': { source: 'import.c' },
};

const NATIVE = join(checkout, 'native');

/** The sources that boards have in their agent. */
const ON_BOARDS: readonly string[] = ['tree.c', 'import.c', 'mountroot.c'];

/** The names of the fuzzers that are built for a processor. */
export const fuzzersFor = (target: Target): string[] =>
  Object.keys(C_FUZZERS).filter(
    (name) => target === 'host' || ON_BOARDS.includes(C_FUZZERS[name]!.source),
  );

/** The folder with the programs, each named as its row. */
export async function buildFuzzers(target: Target = 'host'): Promise<string> {
  const rows = fuzzersFor(target).map((name) => [name, C_FUZZERS[name]!] as const);
  const files = [NATIVE, join(NATIVE, 'fuzz')].flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => join(folder, name)),
  );
  const inputs = {
    sources: digest(...files.sort()),
    rows,
    script: digest(join(checkout, 'scripts/agent/compile.ts')),
    compiler: await compilerVersion(target),
  };
  return cached(`fuzzers-${target}`, inputs, async (folder) => {
    mkdirSync(folder, { recursive: true });
    for (const [name, { source, options = [] }] of rows) {
      const words = [...options, ...librariesOf(source)];
      await compileSanitized(join(NATIVE, 'fuzz', source), join(folder, name), words, target);
    }
  });
}

/** A library may allocate more than there is, as a damaged header says, if it bears the refusal. */
const ASAN = 'allocator_may_return_null=1:quarantine_size_mb=8:malloc_context_size=8';

/** How this machine runs a processor's programs: through QEMU's user mode if they are foreign. */
const RUNNERS: Record<Target, readonly string[]> = {
  host: [],
  arm: ['qemu-arm', '-L', '/usr/arm-linux-gnueabihf'],
  arm64: ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu'],
};

const isForeign = (target: Target): boolean =>
  target !== 'host' && TOOLS[target].architecture !== process.arch;

/** @returns what the sanitizers reported; null if all was well. */
export async function runFuzzer(
  program: string,
  {
    runs,
    seed,
    report,
    kept,
    target = 'host',
  }: {
    runs: number;
    seed: number;
    report: string;
    kept: readonly string[];
    target?: Target;
  },
): Promise<string | null> {
  const foreign = isForeign(target);
  const [command, ...words] = [...(foreign ? RUNNERS[target] : []), program];
  const child = spawn(command, [...words, String(runs), String(seed), report, ...kept], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...process.env,
      // The leak sanitizer traces the program, which QEMU's user mode has no call for.
      ASAN_OPTIONS: foreign ? `${ASAN}:detect_leaks=0` : ASAN,
      UBSAN_OPTIONS: 'print_stacktrace=1',
    },
  });
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    if (said.length < 8000) said += bytes.toString();
  });
  const [status, signal] = (await once(child, 'close').catch((error: NodeJS.ErrnoException) => {
    const cure = error.code === 'ENOENT' && foreign ? '; apt-get install qemu-user' : '';
    throw new Failure(`cannot run ${command}: ${error.message}${cure}`);
  })) as [number | null, string | null];
  return status === 0 ? null : `it ended with ${status ?? signal}\n${said}`;
}
