/** A user of Debian: three commands to a root that is an overlay, and one back. */
import t from 'tap';
import { failedUnits, output, rootType, status, switchOff } from '../harness/debian-asks.js';
import { enabledDebian, needsRecovery } from '../harness/debian.js';

t.test('a plain Debian is switched on, and keeps what is written', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian();
  t.teardown(() => bench.clear());
  const { said } = bench;
  t.match(said.root.output, /^ext4/);
  t.match(said.install.output, /^Status: install ok installed/m);
  t.equal(said.failed.output, '', 'nothing fails because it is installed');
  t.match(said.refused, { status: 5, output: /no volume "LABEL=nowhere"/ });
  t.equal(said.unchanged.status, 1, 'a refusal changes nothing');
  t.match(said.enable, { status: 0, output: /back for good: mountroot disable/ });
  t.equal(said.off.output, 'guest-shutdown');

  const first = await bench.boot();
  t.equal(await rootType(first), 'overlay');
  t.match(await status(first), { rung: 'persistent', reason: null });
  t.equal(await failedUnits(first), '');
  t.equal(await output(first, 'systemctl is-system-running'), 'running');
  t.equal((await first.run('touch /rom/x')).status, 1, 'the root below is read-only');
  t.equal(
    await output(first, 'ls -d /run/mountroot /tmp/mountroot 2>&- || true'),
    '/run/mountroot',
    'the state of the boot is in memory, where systemd cleans nothing',
  );
  const ownTmp = 'systemd-run --quiet --wait --pipe -p PrivateTmp=yes mountroot status';
  t.match(await output(first, ownTmp), /rung +persistent/, 'a service with its own /tmp sees it');
  t.match(await output(first, 'systemctl is-active mountroot.service'), /^active$/);
  await output(first, 'echo kept >/etc/marker');
  await switchOff(first);
  t.notOk(await needsRecovery(bench.disks.data), 'the volume is clean after the shutdown');

  const second = await bench.boot();
  t.equal(await output(second, 'cat /etc/marker'), 'kept');
  const asUser =
    'setpriv --reuid 1000 --regid 1000 --clear-groups env PATH=/usr/bin:/bin mountroot';
  t.match(await output(second, `${asUser} status`), /rung +persistent/);
  t.notMatch(await output(second, `${asUser} doctor`), /^problem/m);
  await switchOff(second);
});
