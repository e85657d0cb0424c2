import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { asRoot, program } from './sandbox.js';

t.test(
  'the model kernel answers thousands of calls as the real one does, and has the same mounts and files behind each',
  async (t) => {
    const built = await program(t, 'model-inside');
    const root = mkdtempSync(join(tmpdir(), 'mountroot-namespace-'));
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    const enter = fileURLToPath(new URL('enter.sh', import.meta.url));
    const [unshare, ...words] = asRoot([
      'unshare',
      '--mount',
      '--propagation',
      'private',
      'sh',
      enter,
      root,
      built,
      process.execPath,
      'no',
      '/opt/model-inside.cjs',
      '400',
    ]);
    const { stdout, stderr, status } = spawnSync(unshare!, words, {
      encoding: 'utf8',
      timeout: 120_000,
    });
    t.equal(status, 0, stderr);
    const { calls, differ } = JSON.parse(stdout) as { calls: number; differ: string[] };
    t.same(differ, []);
    t.ok(calls > 8000, `${calls} calls`);
  },
);
