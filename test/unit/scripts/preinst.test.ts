/** The package refuses processors that it cannot run on. */
import { spawnSync } from 'node:child_process';
import t from 'tap';

const PREINST = new URL('../../../scripts/package/debian/preinst', import.meta.url).pathname;

for (const [machine, status] of [
  ['armv6l', 1],
  ['armv5tel', 1],
  ['armv7l', 0],
  ['armv8l', 0],
  ['aarch64', 0],
  ['x86_64', 0],
] as const)
  t.test(`on ${machine} the package is ${status === 0 ? 'installed' : 'refused'}`, async (t) => {
    const bin = t.testdir({ uname: `#!/bin/sh\necho ${machine}\n` });
    spawnSync('chmod', ['755', `${bin}/uname`]);
    const said = spawnSync('/bin/sh', [PREINST, 'install'], {
      encoding: 'utf8',
      env: { PATH: bin },
    });
    t.equal(said.status, status);
    t.match(said.stderr, status === 0 ? /^$/ : new RegExp(`is an ${machine}, .*ARMv7 or later`));
  });
