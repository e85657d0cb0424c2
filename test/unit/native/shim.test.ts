import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/lib/agent.js';
import { bundle } from '../../../scripts/lib/bundle.js';
import { buildNative } from '../../../scripts/lib/native.js';

t.test('the errno of a refused call is the kernel\'s own, 300 times of 300, while garbage is collected between the calls', async (t) => {
  const folder = t.testdir({});
  const program = await bundle('test/unit/native/refusals.ts', join(folder, 'refusals.cjs'));
  await placeNative('host', folder);
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', program], { encoding: 'utf8' });
  t.equal(status, 0, stderr);
  const root = process.getuid?.() === 0;
  t.same(JSON.parse(stdout), {
    mount: { ENOENT: 300 },
    move: { [root ? 'ENOENT' : 'EPERM']: 300 },
    umount: { ENOENT: 300 },
    pivotRoot: { [root ? 'ENOENT' : 'EPERM']: 300 },
    nul: { EINVAL: 300 },
    longData: { EINVAL: 300 },
  });
});

t.test('measure tells time, memory and exit status of what it ran', async (t) => {
  const measure = join(await buildNative('host'), 'measure');
  const { stderr, status } = spawnSync(measure, ['--', 'sh', '-c', 'exit 7'], { encoding: 'utf8' });
  t.equal(status, 7);
  const line = JSON.parse(stderr) as Record<string, number>;
  t.equal(line['status'], 7);
  t.ok(line['wall_us']! > 0 && line['max_rss_kib']! > 100);
  t.equal(spawnSync(measure, ['--', '/nonexistent/program']).status, 127);
  t.equal(spawnSync(measure, []).status, 2);
});
