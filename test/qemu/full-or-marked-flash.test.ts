/** Flash that is marked to be erased, full or write-protected, and orders to reset it. */
import t, { type Test } from 'tap';
import { blank } from '../../scripts/image/flash.js';
import type { Machine } from '../../scripts/emulator/machine.js';
import { putOnBench, type First } from '../harness/board.js';
import {
  SIZE,
  both,
  garbage,
  hasSettings,
  leftToAgent,
  withSettings,
} from '../harness/odd-flash.js';
import { bootState } from '../harness/records.js';

t.test('a marked flash is erased late in boot, and the root in memory moves to it', async (t) => {
  const data = garbage(SIZE);
  Buffer.from('deadc0de', 'hex').copy(data);
  const bench = await putOnBench(t, { data });
  const first = await bench.bootToInit({}, /init: ready/);
  t.match(first.console, /rung volatile, reason erase-marker/);
  await first.output(
    'echo early >/root/early && rm /etc/os-release && mkdir /root/.hidden && chmod 700 ' +
      '/root/.hidden && mv /etc/hostname /root/moved',
  );
  await first.waitFor(/init: done, status 0/);
  t.match(await bootState(first), { rung: 'persistent', reason: null, persistent: true });
  t.match(
    await first.output('cat /proc/mounts'),
    /^overlayfs:\/overlay \/ overlay rw,noatime,lowerdir=\/rom,/m,
  );
  t.notMatch(
    await first.output('cat /proc/mounts'),
    / \/mnt| \/rom\/| \/tmp\/root /,
    'nothing is left of the root in memory',
  );
  t.equal((await first.run('test -s /tmp/mountroot/notice')).status, 1, 'and no notice');
  await first.output('echo late >/root/late && sync');
  await first.kill();
  const second = await bench.bootToInit();
  t.equal(
    await second.output('cat /root/early /root/late && ls -1A /root && stat -c %a /root/.hidden'),
    'early\nlate\n.hidden\nearly\nlate\nmoved\n700\n',
  );
  t.equal((await second.run('test -e /etc/os-release || test -e /etc/hostname')).status, 1);
  t.match(await bootState(second), { rung: 'persistent', reason: null });
  await second.powerOff();
});

t.test(
  'done does not switch while a program writes, and names the program and its file',
  async (t) => {
    const data = blank(SIZE);
    Buffer.from('deadc0de', 'hex').copy(data);
    const bench = await putOnBench(t, { data });
    const machine = await bench.bootToInit({}, /init: ready/);
    await machine.output('(while :; do echo line; sleep 1; done >/root/log 2>/dev/null) & sleep 1');
    await machine.waitFor(/init: done, status 3/);
    t.match(machine.console, /\/root\/log that process \d+ \(sh\) has open for writing/);
    t.match(await bootState(machine), { rung: 'volatile', reason: 'erase-marker' });
    t.match(
      await machine.output('cat /proc/mounts'),
      /^overlayfs:\/tmp\/root \/ overlay rw/m,
      'the root is as it was',
    );
    await machine.powerOff();
  },
);

both(
  'the next start carries out a factory reset and keeps only the chosen files',
  async (t, goes) => {
    const bench = await putOnBench(t, { first: goes });
    const first = await bench.bootToInit();
    await first.output(
      'echo mine >/root/mine && mkdir -p /root/.secret && echo key >/root/.secret/key && rm ' +
        '/etc/os-release && echo kept >/etc/kept && sync',
    );
    t.equal((await first.run('mountroot reset --yes --keep /etc/kept')).status, 0);
    t.equal(
      await first.output('cat /root/mine'),
      'mine\n',
      'nothing is pulled away from under what runs',
    );
    await first.kill();
    const second = await bench.bootToInit();
    leftToAgent(t, goes, second, /refused: an order to reset waits/);
    t.match(second.console, /carrying out an order to reset/);
    t.equal(
      await second.output('cat /etc/kept && ls -A /root && test -e /etc/os-release && echo there'),
      'kept\nthere\n',
    );
    t.match(await bootState(second), { rung: 'persistent', reason: null });
    await second.powerOff();
  },
);

both('a full volume is used read-only, and the login says so', async (t, goes) => {
  const bench = await putOnBench(t, { first: goes });
  await withSettings(bench, 'dd if=/dev/urandom of=/root/filler bs=64k 2>/dev/null; true');
  const machine = await bench.bootToInit();
  leftToAgent(t, goes, machine, /(?:refused|failed)/);
  t.match(await bootState(machine), {
    rung: 'kept-read-only',
    reason: 'full',
    persistent: false,
    exit: 3,
  });
  t.ok(await hasSettings(machine));
  t.match(
    await machine.output('. /etc/profile'),
    /^mountroot: settings are there, but CHANGES ARE LOST at power-off \(full\)/m,
  );
  await machine.output('echo changed >/root/mine');
  await machine.kill();
  const again = await bench.bootToInit();
  t.ok(await hasSettings(again), 'what was changed is gone, what was kept is there');
  await again.powerOff();
});

/**
 * The emulator's read-only chip answers a refused write with the data in the array, not with its
 * status. If those bytes look like a status ("bad VPP"), the kernel's driver hangs, which does not
 * happen on a board. The bytes depend on earlier writes, so the test then tries again with other
 * data on flash.
 */
async function writeProtected(t: Test, goes: First): Promise<Machine> {
  for (let attempt = 1; ; attempt++) {
    const bench = await putOnBench(t, { first: goes });
    await withSettings(
      bench,
      `dd if=/dev/urandom of=/root/filler bs=${1 + 37 * attempt} count=1 2>/dev/null`,
    );
    try {
      return await bench.bootToInit({ writeProtected: true, timeLimitMs: 60_000 });
    } catch (error) {
      if (attempt === 5 || !(error as Error).message.includes('bad VPP')) throw error;
    }
  }
}

both('flash that has become write-protected is used as it is, read-only', async (t, goes) => {
  const machine = await writeProtected(t, goes);
  leftToAgent(t, goes, machine, /failed at step/);
  t.match(await bootState(machine), {
    rung: 'kept-read-only',
    reason: 'write-protected',
    persistent: false,
  });
  t.ok(await hasSettings(machine));
  await machine.kill();
});
