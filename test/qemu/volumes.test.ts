/**
 * Settings on every kind of volume: on flash as UBIFS, on disks, and on external volumes that
 * belong to one board.
 */
import { execFileSync } from 'node:child_process';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { diskWith, ubiChip } from '../harness/volumes.js';
import { mountsOf, putOnBench, type Bench } from '../harness/board.js';
import { bootState } from '../harness/records.js';

/**
 * Two boots with a power cut between them. The second boot has the files that the first one synced.
 */
async function keeps(
  t: Test,
  bench: Bench,
  options: Parameters<Bench['bootToInit']>[0],
  source: RegExp,
): Promise<void> {
  const first = await bench.bootToInit(options);
  t.match(await bootState(first), { rung: 'persistent', reason: null, warnings: [] });
  t.match(await first.output('cat /proc/mounts'), source);
  const mounts = await mountsOf(first);
  await first.output(
    'echo mine >/root/mine && rm /etc/os-release && mv /etc/hostname /root/moved && sync',
  );
  await first.kill();
  const second = await bench.bootToInit(options);
  t.match(await bootState(second), { rung: 'persistent', reason: null });
  t.equal(
    await second.output(
      'cat /root/mine /root/moved; ls /etc/os-release /etc/hostname 2>/dev/null; true',
    ),
    'mine\nboard\n',
  );
  t.same((await mountsOf(second)).length, mounts.length);
  await second.powerOff();
}

t.test('settings are kept in a UBI volume on flash, which is attached for it', async (t) => {
  const bench = await putOnBench(t, { data: ubiChip(t) });
  await keeps(t, bench, {}, /^\/dev\/ubi0_0 \/overlay ubifs rw,noatime/m);
});

t.test('settings are kept on a disk that is found by its label', async (t) => {
  const bench = await putOnBench(t);
  await keeps(
    t,
    bench,
    {
      disks: [diskWith(t, ['mkfs.ext4', '-q', '-L', 'settings'], 32)],
      append: 'mountroot.volume=LABEL=settings',
    },
    /^\/dev\/vda \/overlay ext4 rw,noatime/m,
  );
});

t.test('settings are kept on f2fs, on a disk that is named by its node', async (t) => {
  const bench = await putOnBench(t);
  await keeps(
    t,
    bench,
    { disks: [diskWith(t, ['mkfs.f2fs', '-q'], 64)], append: 'mountroot.volume=/dev/vda' },
    /^\/dev\/vda \/overlay f2fs rw,/m,
  );
});

t.test('a disk that never appears is waited for, and then the root is in memory', async (t) => {
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit({
    append: 'mountroot.volume=UUID=00000000-0000-0000-0000-000000000001 mountroot.wait=12',
  });
  t.match(await bootState(machine), {
    rung: 'volatile',
    reason: 'no-volume',
    because: /after 12 s of waiting/,
  });
  t.match(
    machine.console,
    /mountroot: still at it after 10 s: waiting for UUID=/,
    'and whoever watches is told',
  );
  await machine.powerOff();
});

t.test(
  'an external volume belongs to the first board that uses it; another board warns',
  async (t) => {
    const disks = [diskWith(t, ['mkfs.ext4', '-q', '-L', 'more'], 32)];
    const asks = 'echo \'{"extroot":"LABEL=more"}\' >/etc/mountroot.json && sync';
    const mine = await putOnBench(t);
    const first = await mine.bootToInit({ disks });
    await first.output(`echo internal >/root/where && ${asks}`);
    await first.powerOff();
    const second = await mine.bootToInit({ disks });
    t.match(await bootState(second), { rung: 'persistent', reason: null, warnings: [] });
    t.match(await second.output('cat /proc/mounts'), /^\/dev\/vda \/overlay ext4 /m);
    t.match(
      await second.output('cat /proc/mounts'),
      /^\/dev\/mtdblock3 \/tmp\/overlay jffs2 /m,
      'the internal volume stays at hand',
    );
    await second.output('echo external >/root/where && sync');
    await second.powerOff();
    const third = await mine.bootToInit({ disks });
    t.equal(
      await third.output('cat /root/where /tmp/overlay/upper/root/where'),
      'external\ninternal\n',
    );
    await third.powerOff();

    const without = await mine.bootToInit({});
    t.match(await bootState(without), { rung: 'persistent', reason: 'extroot-missing', exit: 3 });
    t.equal(await without.output('cat /root/where'), 'internal\n');
    await without.powerOff();

    const other = await putOnBench(t);
    const fourth = await other.bootToInit({});
    await fourth.output(asks);
    await fourth.powerOff();
    const fifth = await other.bootToInit({ disks });
    t.match(await bootState(fifth), {
      rung: 'persistent',
      reason: 'extroot-mismatch',
      because: /belongs to another board/,
      exit: 3,
    });
    t.match(
      await fifth.output('. /etc/profile; cat /proc/mounts'),
      /^\/dev\/mtdblock3 \/overlay jffs2 /m,
    );
    await fifth.powerOff();
  },
);

t.test('an external volume may be the whole root', async (t) => {
  const tree = t.testdir({ root: { sbin: {}, etc: {}, dev: {}, proc: {}, sys: {}, tmp: {} } });
  const image = join(tree, 'root.img');
  // Its programs are those of the image below. It finds them in /rom.
  for (const name of ['bin', 'lib', 'usr']) symlinkSync(`rom/${name}`, join(tree, 'root', name));
  writeFileSync(
    join(tree, 'root', 'sbin', 'init'),
    '#!/bin/sh\nexport PATH=/usr/bin\necho "init: the external root runs, with $(cat ' +
      '/proc/mounts | grep -c "^/dev/vda / ext4")" >/dev/console\nmountroot done; echo "init: ' +
      'done, status $?" >/dev/console\nexec sleep 100000\n',
    { mode: 0o755 },
  );
  execFileSync('truncate', ['-s', '32M', image]);
  execFileSync('/sbin/mkfs.ext4', ['-q', '-L', 'whole', '-d', join(tree, 'root'), image]);
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit(
    { disks: [image], append: 'mountroot.extroot=LABEL=whole mountroot.extroot_target=root' },
    /init: done, status \d/,
  );
  t.match(machine.console, /init: the external root runs, with 1/);
  t.match(machine.console, /init: done, status 0/);
  await machine.kill();
});
