import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';

t.test(
  "300 refused calls give the kernel's errno, with garbage collection in between",
  async (t) => {
    const folder = t.testdir({});
    const program = await bundle('test/unit/native/refusals.ts', join(folder, 'refusals.cjs'));
    await placeNative('host', folder);
    const { stdout, stderr, status } = spawnSync(process.execPath, ['--expose-gc', program], {
      encoding: 'utf8',
    });
    t.equal(status, 0, stderr);
    const root = process.getuid?.() === 0;
    t.same(JSON.parse(stdout), {
      mount: { ENOENT: 300 },
      move: { [root ? 'ENOENT' : 'EPERM']: 300 },
      umount: { ENOENT: 300 },
      pivotRoot: { [root ? 'ENOENT' : 'EPERM']: 300 },
      nul: { EINVAL: 300 },
      lazy: { ENOENT: 300 },
      syncfs: { ENOENT: 300 },
      whiteout: { ENOENT: 300 },
      makeNode: { ENOENT: 300 },
      setModified: { ENOENT: 300 },
      attributes: { ENOENT: 300 },
      setAttribute: { ENOENT: 300 },
      eraseNothing: { ENOENT: 300 },
      eraseNoFlash: { ENOTTY: 300 },
      lock: { ENOENT: 300 },
      watchdog: { ENOENT: 300 },
      nulInName: { EINVAL: 300 },
      longData: { EINVAL: 300 },
    });
  },
);
