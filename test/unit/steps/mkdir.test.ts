import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { IS_MARKED } from '../../../src/plan/first-script-frame.js';
import { mkdir } from '../../../src/steps/mkdir.js';
import { makeBoard } from '../../../src/system/model/board.js';
import { powerOn, type Kernel } from '../../../src/system/model/kernel.js';

const STAGING = '/tmp/overlay';
const step = { path: STAGING, mode: 0o755, accept: 'directory' } as const;

const put: Record<string, (kernel: Kernel) => void> = {
  "somebody else's directory": (kernel) => {
    kernel.mkdir(STAGING, 0o755);
    kernel.setOwner(STAGING, 1000, 1000);
  },
  'a directory that all may write to': (kernel) => {
    kernel.mkdir(STAGING, 0o755);
    kernel.setMode(STAGING, 0o777);
  },
  'a symlink': (kernel) => kernel.symlink('/etc', STAGING),
  "somebody else's file": (kernel) => {
    kernel.create(STAGING, 'x', 0o644);
    kernel.setOwner(STAGING, 1000, 1000);
  },
};

t.test('what others made in /tmp is moved aside, and is no mountpoint of ours', async (t) => {
  for (const [what, make] of Object.entries(put)) {
    const kernel = powerOn(makeBoard());
    make(kernel);
    const result = mkdir.execute(step, kernel);
    t.match(result, { changed: true, warnings: [/so it is \/tmp\/overlay\.not-ours-/] }, what);
    t.match(kernel.details(STAGING), { kind: 'directory', uid: 0, mode: 0o755 });
    t.equal(mkdir.execute(step, kernel), false, 'ours is kept');
  }
});

t.test('the scripts believe neither the mark nor a directory of others', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mkdir-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const isTrue = (shell: string, test: string, prepare: string): boolean =>
    spawnSync('sh', ['-c', `cd ${folder}; rm -rf x; ${prepare}; exec ${shell} -c '${test}'`])
      .status === 0;
  const mark = IS_MARKED.replaceAll('/tmp/.preinit', 'x');
  const skips = mkdir.shellSkips!(step).replaceAll(STAGING, 'x');
  for (const shell of ['busybox sh', 'dash']) {
    t.equal(isTrue(shell, mark, 'touch x'), true);
    t.equal(isTrue(shell, mark, ':'), false);
    t.equal(isTrue(shell, mark, 'touch x; chown 1000 x'), process.getuid?.() !== 0);
    t.equal(isTrue(shell, mark, 'ln -s /etc/passwd x'), false);
    t.equal(isTrue(shell, skips, 'mkdir x'), true);
    t.equal(isTrue(shell, skips, 'mkdir x; chown 1000 x'), process.getuid?.() !== 0);
    t.equal(isTrue(shell, skips, 'ln -s /etc x'), false);
  }
});
