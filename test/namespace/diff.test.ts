import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import type { DiffReport } from './diff-inside.js';
import { asRoot, program, runInSandbox } from './sandbox.js';

const skip =
  process.getuid?.() === 0 || spawnSync('sudo', ['-n', 'true']).status === 0
    ? false
    : 'needs root to mount';

t.test(
  'diff names each kind of change in a real overlay, and random ones exactly',
  { skip },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-diff-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const built = await program('diff-inside');
    const [unshare, ...words] = asRoot([
      'env',
      '-u',
      'NODE_OPTIONS',
      'unshare',
      '--mount',
      '--propagation',
      'private',
      process.execPath,
      join(built, 'diff-inside.cjs'),
      folder,
      '300',
    ]);
    const { stdout, stderr, status } = spawnSync(unshare!, words, {
      encoding: 'utf8',
      timeout: 120_000,
      maxBuffer: 1 << 26,
    });
    t.equal(status, 0, stderr);
    const { every, problems, seeds, wrong, unlike } = JSON.parse(stdout) as DiffReport;
    t.same(unlike, [], 'whole directories are read as each file by its path');
    t.same(every, [
      'metacopy capable',
      'added device',
      'changed etc/changed',
      'deleted etc/gone',
      'changed etc/link',
      'metacopy etc/mode',
      'metadata etc/touched',
      'added fifo',
      'replaced file',
      'added file/below',
      'replaced folder',
      'opaque lib/d',
      'changed lib/d/one',
      'added lib/d/sub/new',
      'deleted lib/d/sub/three',
      'deleted lib/d/two',
      'deleted moved',
      'metacopy moved-on from moved',
      'redirected new from old',
      'changed new/in',
      'deleted old',
      'metadata permissions',
      'deleted removed',
    ]);
    t.same(problems, ['mounted: something is mounted there, and it is not looked into']);
    t.equal(seeds, 300);
    t.same(wrong, [], 'and as looking at both trees whole finds');
  },
);

t.test(
  'diff finds the layers of a running root, and done records the image',
  { skip },
  async (t) => {
    const folder = join(checkout, 'build', 'test', `inside-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    await bundle('test/namespace/diff-program.ts', join(folder, 'diff-program.cjs'));
    const diff = '/node.bin /opt/diff-program.cjs diff';
    const { output, ran } = await runInSandbox(t, {
      then:
        `echo new >/written; ${diff} --format ndjson; ${diff} /written --exit-code || echo ` +
        `exit $?; ${diff} /nothing --exit-code && echo exit $?`,
    });
    t.match(ran, [{ exit: 0 }]);
    t.match(
      output,
      /^\{"type":"begin","schema":"mountroot.diff\/1","upper":"\/overlay\/upper","lower":"\/rom","notes":\["there is no record of the image in \/overlay,/,
    );
    t.match(output, /"kind":"added","path":"written"/);
    t.match(output, /\nadded +4 B +written\n/);
    t.match(output, /\nexit 4\n/);
    t.match(output, /Nothing is changed\.\nexit 0\n/);

    await bundle('test/namespace/diff-program.ts', join(folder, 'diff-program.cjs'));
    const done = await runInSandbox(t, { verbs: ['start', 'done'] });
    t.match(done.ran, [{ exit: 0 }, { exit: 0, state: { warnings: [] } }]);
    for (const name of ['rom-manifest', 'rom-baseline'])
      t.ok(done.files.includes(`/overlay/.mountroot/${name}`), name);
  },
);

t.test('a root in memory is an overlay like others', { skip }, async (t) => {
  const folder = join(checkout, 'build', 'test', `inside-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  await bundle('test/namespace/diff-program.ts', join(folder, 'diff-program.cjs'));
  const { output } = await runInSandbox(t, {
    verbs: ['ram'],
    then: 'echo new >/written; /node.bin /opt/diff-program.cjs diff',
  });
  t.match(output, /^What \/tmp\/root\/upper changes against \/rom\n/);
  t.match(output, /\nadded +4 B +written\n/);
});
