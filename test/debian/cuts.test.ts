/** The power of a Debian fails, again and again. */
import t from 'tap';
import { output, rootType, status, switchOff } from '../harness/debian-asks.js';
import { enabledDebian } from '../harness/debian.js';

t.test('cuts in the first boots lose nothing, and the login says so', { timeout: 0 }, async (t) => {
  const bench = await enabledDebian();
  t.teardown(() => bench.clear());

  const first = await bench.start();
  await first.waitFor(/mountroot: making an overlay root/);
  await first.cut();

  const second = await bench.boot();
  t.equal(await rootType(second), 'overlay');
  t.match(await status(second), { rung: 'persistent' });
  await output(second, 'echo kept >/etc/marker; sync');
  await second.cut();

  for (let cuts = 0; cuts < 5; cuts++) {
    const cut = await bench.start();
    await cut.waitFor(/mountroot: \/ is an overlay root/);
    await cut.cut();
  }
  const after = await bench.boot();
  t.match(await status(after), { rung: 'volatile', reason: 'boot-loop' });
  t.match(after.console(), /^mountroot: .*\(boot-loop\)/m, 'the login shows a notice');
  await switchOff(after);

  const healed = await bench.boot();
  t.match(await status(healed), { rung: 'persistent', reason: null });
  t.equal(await output(healed, 'cat /etc/marker'), 'kept', 'no setting is lost');
  await switchOff(healed);
});
