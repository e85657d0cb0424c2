/** Our C under musl, the C library of OpenWrt. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { buildMusl } from '../../scripts/agent/musl.js';
import { checkout } from '../../scripts/lib/report.js';

const CHECK = join(checkout, 'test/fixtures/libc-check.c');

t.test('our libraries work in a process of musl', async (t) => {
  const { folder, loader } = await buildMusl('host', CHECK);
  const { status, stdout, stderr } = spawnSync(
    join(folder, loader),
    [join(folder, 'check'), folder, t.testdir({})],
    { encoding: 'utf8' },
  );
  t.equal(stderr, '');
  t.equal(status, 0);
  t.equal(stdout, 'libc-check: all calls do what they should\n');
});

t.test('the libraries for musl need nothing of glibc', async (t) => {
  for (const target of ['host', 'arm'] as const) {
    const { folder } = await buildMusl(target, CHECK);
    for (const name of ['libmountroot.so', 'libmountroot-tree.so', 'check']) {
      const { stdout } = spawnSync('readelf', ['--wide', '-d', '-s', join(folder, name)], {
        encoding: 'utf8',
      });
      t.notMatch(stdout, /GLIBC|libc\.so\.6|ld-linux/, `${target}: ${name}`);
    }
    for (const name of ['launch', 'measure']) {
      const { stdout } = spawnSync('readelf', ['--wide', '-l', join(folder, name)], {
        encoding: 'utf8',
      });
      t.notMatch(stdout, /INTERP/, `${target}: ${name} is static`);
    }
  }
});
