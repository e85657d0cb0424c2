/** A user of Debian: some directories last, the root below is changed, and changes go below. */
import { join } from 'node:path';
import t from 'tap';
import {
  bootWithOffFile,
  failedUnits,
  output,
  putOffFile,
  switchOff,
  wholeStatus,
} from '../harness/debian-asks.js';
import { enabledDebian, makeFat } from '../harness/debian.js';

const BELOW = 'findmnt -n -o OPTIONS,FS-OPTIONS /rom | tr "\\n" " "';

t.test('directories last, and the root below is changed', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian();
  t.teardown(() => bench.clear());
  bench.disks.third = join(t.testdir(), 'firmware.img');
  await makeFat(bench.disks.third, 'FIRMWARE');

  const plain = await bench.boot('mountroot=off');
  t.match(
    await output(plain, 'mountroot enable --persist /etc/network --persist /srv/app 2>&1'),
    /except for \/etc\/network and \/srv\/app on vdb/,
  );
  await switchOff(plain);

  const first = await bench.boot();
  t.match(await wholeStatus(first), {
    rung: { rung: 'volatile', reason: 'persist' },
    degraded: false,
    lasting: [
      { path: '/etc/network', kept: true },
      { path: '/srv/app', kept: true },
    ],
  });
  t.equal(await failedUnits(first), '');
  await output(first, 'echo kept >/etc/network/marker; echo rows >/srv/app/db; echo no >/etc/lost');

  const changed = await output(
    first,
    'mountroot maintain -- sh -c "dpkg-query -W mountroot && echo below >/etc/below && ' +
      'mkdir /boot/firmware && echo LABEL=FIRMWARE /boot/firmware vfat defaults >>/etc/fstab && ' +
      'systemctl restart dbus" 2>&1',
  );
  t.match(changed, /^mountroot\t/m);
  t.match(changed, /Running in chroot, ignoring/, 'it does not talk to the running services');
  t.match(changed, /is closed again/);
  t.match(await output(first, BELOW), /^ro,\S+ ro\b/);
  t.equal((await first.run('touch /rom/x 2>/dev/null')).status, 1);
  await putOffFile(first);
  await output(first, 'sync');
  await output(first, 'echo committed >/etc/committed');
  t.match(await output(first, 'mountroot commit /etc/committed 2>&1'), /committing 1 change/);
  t.match(await output(first, BELOW), /^ro,\S+ ro\b/);
  t.match(
    await output(first, 'echo /x/linux-image-9_1.deb | /usr/lib/mountroot/warn-upgrade apt 2>&1'),
    /no boot loader reads what linux-image-9 put into \/boot/,
  );
  await first.cut();

  await bootWithOffFile(bench);

  const second = await bench.boot();
  t.equal(
    await output(second, 'cat /etc/network/marker /srv/app/db /etc/below /etc/committed'),
    'kept\nrows\nbelow\ncommitted',
  );
  t.equal((await second.run('test -e /etc/lost')).status, 1);
  t.equal(await failedUnits(second), '');
  second.type('mountroot maintain -- sh -c "echo half >/etc/half; echo at work; sleep 3600"');
  await second.waitFor(/^at work/m);
  await second.cut();

  const third = await bench.boot();
  t.match(await wholeStatus(third), { rung: { rung: 'volatile', reason: 'persist' } });
  t.match(await output(third, BELOW), /^ro,\S+ ro\b/, 'the root below is closed after the cut');
  t.equal(await output(third, 'cat /srv/app/db /etc/committed'), 'rows\ncommitted');
});
