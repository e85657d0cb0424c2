/** Runs the doctor on this machine's kernel, on a root that a start has just made. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import { checkout } from '../../scripts/lib/report.js';
import type { Diagnosis } from '../../src/report/doctor/diagnose.js';
import { asRoot, runInSandbox } from './sandbox.js';

const [sudo, ...words] = asRoot(['true']);
const skip = spawnSync(sudo!, words).status === 0 ? false : 'needs root to mount';

/** The volume is a loop device, so both the doctor and the start need its name as a setting. */
const DOCTOR =
  `device=$(sed -n 's|^\\(/dev/[^ ]*\\) /overlay .*|\\1|p' /proc/mounts); /node.bin ` +
  '/opt/mountroot.cjs doctor --json --set "volume=$device" || [ $? -eq 4 ]';

t.test(
  "after a start the doctor reports the state before it, and the volume's health",
  { skip },
  async (t) => {
    // runInSandbox() puts its own program here, and the small board sees it as /opt.
    const folder = join(checkout, 'build', 'test', `inside-${process.pid}`);
    mkdirSync(folder, { recursive: true });
    await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
    const { output, ran } = await runInSandbox(t, { then: DOCTOR });
    t.equal(ran[0]?.state?.rung, 'persistent');
    const { checks, rung } = JSON.parse(output) as Diagnosis;
    t.equal(rung, 'persistent');
    const check = (id: string) => checks.find((each) => each.id === id);
    t.match(check('ladder'), {
      verdict: 'ok',
      finding:
        /keeps its changes on loop\d+ .*, from the facts that the start of this boot began with/,
    });
    for (const id of [
      'content',
      'overlay',
      'volume-filesystem',
      'xattr',
      'directories',
      'native',
      'node',
      'space',
      'write-protection',
      'orders',
      'notice',
    ])
      t.match(check(id), { verdict: 'ok' }, id);
    t.match(check('space'), { evidence: /^statfs\(2\): \/overlay: / });
  },
);

t.test('an unusable volume is a problem, with what to do', { skip }, async (t) => {
  const folder = join(checkout, 'build', 'test', `inside-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  await bundle('src/main.ts', join(folder, 'mountroot.cjs'));
  const { output } = await runInSandbox(t, {
    unformatted: true,
    then: '/node.bin /opt/mountroot.cjs doctor --json || [ $? -eq 4 ]',
  });
  const { checks } = JSON.parse(output) as Diagnosis;
  t.match(
    checks.find(({ id }) => id === 'notice'),
    {
      verdict: 'warning',
      finding: /lower rung \(volatile, unknown-content\)/,
      cure: /mountroot reset/,
    },
  );
});
