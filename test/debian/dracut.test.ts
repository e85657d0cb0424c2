/** A Debian whose initramfs is made by dracut. */
import t from 'tap';
import { failedUnits, output, rootType, status, switchOff } from '../harness/debian-asks.js';
import { enabledDebian, needsRecovery } from '../harness/debian.js';

t.test('enable works with dracut, and mountroot=off too', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian({ maker: 'dracut' });
  t.teardown(() => bench.clear());
  t.match(bench.said.enable, { status: 0, output: /back for good: mountroot disable/ });

  const first = await bench.boot();
  t.equal(await rootType(first), 'overlay');
  t.match(await status(first), { rung: 'persistent', reason: null });
  t.equal(await failedUnits(first), '');
  await output(first, 'echo kept >/etc/marker');
  await switchOff(first);
  t.notOk(await needsRecovery(bench.disks.data), 'the volume is clean after the shutdown');

  const without = await bench.boot('mountroot=off');
  t.equal(await rootType(without), 'ext4');
  t.equal(await failedUnits(without), '');
  await switchOff(without);
});
