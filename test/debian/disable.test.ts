/** A Debian without mountroot once, a cut right after `enable`, a root in memory, and back. */
import t from 'tap';
import { failedUnits, output, rootType, status } from '../harness/debian-asks.js';
import { enabledDebian } from '../harness/debian.js';

t.test('one boot without it, a volatile root, and back', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian();
  t.teardown(() => bench.clear());

  const without = await bench.boot('mountroot=off');
  t.equal(await rootType(without), 'ext4');
  t.equal(await failedUnits(without), '');
  await output(without, 'mountroot enable --volatile');
  await without.cut();

  const volatile = await bench.boot();
  t.equal(await rootType(volatile), 'overlay');
  t.match(await status(volatile), { rung: 'volatile', reason: 'asked' });
  t.equal(await failedUnits(volatile), '');
  await output(volatile, 'echo lost >/etc/marker');
  t.match(await output(volatile, 'mountroot disable'), /next boot starts the root without/);
  await volatile.cut();

  const back = await bench.boot();
  t.equal(await rootType(back), 'ext4');
  t.equal((await back.run('test -e /etc/marker')).status, 1);
  t.equal(await failedUnits(back), '');
});
