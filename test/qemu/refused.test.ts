import { readFileSync } from 'node:fs';
import t from 'tap';
import { board, mountsOf, putOnBench } from '../harness/board.js';
import { bootState } from '../harness/records.js';

const dataSize = board.flash.chips.at(-1)!;

t.test('a wrong partition name gives a root in memory, and every report says why', async (t) => {
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit({ append: 'fstools_overlay_name=settings' });
  const why =
    /there is no mtd partition named "settings", which fstools_overlay_name= on the kernel command line asks for; this kernel has u-boot, kernel, rootfs, rootfs_data/;
  t.match(
    machine.console,
    /mountroot: \/ is an overlay root in memory, [^\n]*\(rung volatile, reason no-volume\)/,
  );
  t.match(
    machine.console,
    /mount_root made the next best root, as mountroot status tells; going on to init/,
  );
  t.match(await bootState(machine), {
    rung: 'volatile',
    reason: 'no-volume',
    because: why,
    persistent: false,
    exit: 3,
  });
  t.match(await machine.output('. /etc/profile'), why, 'whoever logs in is told');
  t.match(await machine.output('cat /proc/mounts'), /^overlayfs:\/tmp\/root \/ overlay rw/m);
  t.match(JSON.parse(await machine.output('mountroot status --json')), { persistent: false });
  await machine.powerOff();
});

t.test(
  'flash with unknown content stays as it is, byte for byte, and the board comes up',
  async (t) => {
    const data = Buffer.alloc(dataSize);
    for (let at = 0; at < dataSize; at += 4) data.writeUInt32LE((at * 2654435761) >>> 0, at);
    const bench = await putOnBench(t, { data });
    const machine = await bench.bootToInit();
    t.match(await bootState(machine), {
      rung: 'volatile',
      reason: 'unknown-content',
      because: /mtd3 "rootfs_data": no signature known here/,
    });
    await machine.powerOff();
    t.ok(readFileSync(bench.flash.at(-1)!).equals(data));
  },
);

t.test('a first erase block that is damaged does not hide the settings behind it', async (t) => {
  const bench = await putOnBench(t);
  const first = await bench.bootToInit();
  // This is enough data to reach the second erase block, so that the volume has more than the
  // first.
  await first.output(
    'dd if=/dev/urandom of=/root/filler bs=1k count=600 2>/dev/null && echo mine >/root/mine ' +
      '&& sync',
  );
  await first.powerOff();
  const { openSync, writeSync, closeSync } = await import('node:fs');
  const chip = openSync(bench.flash.at(-1)!, 'r+');
  writeSync(chip, Buffer.alloc(64, 0), 0, 64, 0);
  closeSync(chip);
  const second = await bench.bootToInit();
  t.equal(await second.output('cat /root/mine'), 'mine\n');
  t.match(JSON.parse(await second.output('mountroot status --json')), { persistent: true });
  await second.powerOff();
});

t.test('on a live board start is refused, a dry run and the reports touch nothing', async (t) => {
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit();
  const before = [await mountsOf(machine), await machine.output('find /overlay /tmp | sort')];
  const { status, output } = await machine.run('mountroot start 2>&1');
  t.equal(status, 5);
  t.match(output, /^mountroot: start was refused because this does not look like the early boot/);
  t.equal(
    (await machine.run('PREINIT=1 mountroot start')).status,
    0,
    'a second start finds nothing to do',
  );
  t.match(await machine.output('mountroot plan start 2>&1'), /already is the overlay/);
  await machine.output(
    'mountroot facts; mountroot status; mountroot plan start --facts /tmp/mountroot/facts.json',
  );
  t.same([await mountsOf(machine), await machine.output('find /overlay /tmp | sort')], before);
  await machine.powerOff();
});
