/** The next release of Debian, on a processor of 64 bits. */
import { join } from 'node:path';
import t from 'tap';
import {
  bootWithOffFile,
  failedUnits,
  output,
  putOffFile,
  rootType,
  status,
  switchOff,
} from '../harness/debian-asks.js';
import { enabledDebian, makeFat, needsRecovery } from '../harness/debian.js';

t.test('arm64 and the next release keep what is written', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian({ boardName: 'debian-virt-arm64' });
  t.teardown(() => bench.clear());
  bench.disks.third = join(t.testdir(), 'firmware.img');
  await makeFat(bench.disks.third, 'FIRMWARE');
  t.match(bench.said.install.output, /^Status: install ok installed/m);
  t.match(bench.said.enable, { status: 0, output: /back for good: mountroot disable/ });

  const first = await bench.boot();
  t.equal(await output(first, 'uname -m'), 'aarch64');
  t.equal(await rootType(first), 'overlay');
  t.match(await status(first), { rung: 'persistent', reason: null });
  t.equal(await failedUnits(first), '');
  t.equal(await output(first, 'systemctl is-system-running'), 'running');
  t.notMatch((await first.run('mountroot doctor')).output, /^problem/m);
  await output(
    first,
    'mountroot maintain -- sh -c "mkdir /boot/firmware && ' +
      'echo LABEL=FIRMWARE /boot/firmware vfat defaults >>/etc/fstab"',
  );
  await putOffFile(first);
  await output(first, 'echo kept >/etc/marker; sync');
  await first.cut();

  await bootWithOffFile(bench);

  const second = await bench.boot();
  t.match(await status(second), { rung: 'persistent', reason: null });
  t.equal(await output(second, 'cat /etc/marker'), 'kept');
  t.match(await output(second, 'mountroot disable'), /next boot starts the root without/);
  await switchOff(second);
  t.notOk(await needsRecovery(bench.disks.data), 'the volume is clean after the shutdown');

  const back = await bench.boot();
  t.equal(await rootType(back), 'ext4');
  t.equal((await back.run('test -e /etc/marker')).status, 1);
});
