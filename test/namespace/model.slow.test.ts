import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { enterBoard, program } from './sandbox.js';

t.test('the model kernel answers thousands of calls like the real one', async (t) => {
  const built = await program('model-inside');
  const root = mkdtempSync(join(tmpdir(), 'mountroot-namespace-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  const { stdout, stderr, status } = enterBoard({
    root,
    folder: built,
    words: ['/opt/model-inside.cjs', '400'],
  });
  t.equal(status, 0, stderr);
  const { calls, differ } = JSON.parse(stdout) as { calls: number; differ: string[] };
  t.same(differ, []);
  t.ok(calls > 8000, `${calls} calls`);
});
