/**
 * The tests of the native parts, again with libraries that were built with ASan and UBSan. Node
 * itself is not built with them, so ASan's library is loaded before it. V8 keeps memory until its
 * end, so leaks are not looked for here; the fuzzers of native/fuzz look for them.
 */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { checkout } from '../../../scripts/lib/report.js';

const SELF = 'sanitized.slow.test.ts';
/** The tests of what ramdisks need. */
const RAMDISK = ['compression', 'ext2'].map((name) => `test/unit/ramdisk/${name}.slow.test.ts`);

const runtime = realpathSync(
  spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout.trim(),
);

const environment = {
  ...process.env,
  NODE_OPTIONS: undefined,
  MOUNTROOT_SANITIZED: '1',
  LD_PRELOAD: runtime,
  ASAN_OPTIONS: 'detect_leaks=0:allocator_may_return_null=1',
  UBSAN_OPTIONS: 'print_stacktrace=1',
};

const run = (words: string[]): SpawnSyncReturns<string> =>
  spawnSync(process.execPath, words, {
    cwd: checkout,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });

t.test('the sanitizers see a fault in the libraries', (t) => {
  const { status, stderr } = run(['--import', 'tsx', 'test/unit/native/sanitized-fault.ts']);
  t.not(status, 0);
  t.match(stderr, /ERROR: AddressSanitizer: heap-buffer-overflow/);
  t.end();
});

for (const file of [
  ...readdirSync(join(checkout, 'test/unit/native'))
    .filter((name) => name.endsWith('.test.ts') && name !== SELF)
    .map((name) => `test/unit/native/${name}`),
  ...RAMDISK,
])
  t.test(`${file} passes with them`, (t) => {
    const { status, stdout, stderr } = run(['--import', 'tsx', file]);
    t.equal(
      status,
      0,
      stdout
        .split('\n')
        .filter((line) => /not ok/.test(line))
        .join('\n'),
    );
    t.notMatch(stdout + stderr, /AddressSanitizer|runtime error:/);
    t.end();
  });
