/**
 * What OpenWrt's scripts and users call and configure: resets by other names and by other programs,
 * an external volume in /etc/config/fstab, the notice of a login. The scripts are our own.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { putOnBench } from '../harness/board.js';
import { bootState } from '../harness/records.js';

function disk(t: Test, label: string): string {
  const file = join(t.testdir({}), `${label}.img`);
  execFileSync('truncate', ['-s', '32M', file]);
  execFileSync('/sbin/mkfs.ext4', ['-q', '-L', label, file], { stdio: 'ignore' });
  return file;
}

t.test('resets by the names of others, and by a program that leaves our notes', async (t) => {
  const bench = await putOnBench(t);
  const first = await bench.bootToInit();
  await first.output('echo mine >/etc/mine; sync');
  t.equal(await first.output('jffs2reset </dev/null 2>/dev/null; echo $?'), '255\n');
  t.equal(await first.output('echo n | factoryreset 2>/dev/null; echo $?'), '255\n');
  t.equal(await first.output('factoryreset --all -y 2>/dev/null; echo $?'), '2\n');
  t.equal(await first.output('ls /overlay/.mountroot/reset.json 2>/dev/null | wc -l'), '0\n');
  t.equal(await first.output('echo y | jffs2reset 2>/dev/null; echo $?'), '0\n');
  await first.kill();

  const second = await bench.bootToInit();
  t.match(await bootState(second), { rung: 'persistent', reason: null });
  t.equal(await second.output('ls /etc/mine 2>/dev/null | wc -l'), '0\n');
  await second.output('echo mine >/etc/mine; sync');
  // fstools leaves the directories whose names begin with a dot.
  await second.output(
    'echo 5 >/overlay/.mountroot/attempts; rm -rf /overlay/upper /overlay/work; ' +
      'rm -f /overlay/.fs_state; sync',
  );
  await second.kill();

  const third = await bench.bootToInit();
  t.match(await bootState(third), { rung: 'persistent', reason: null });
  t.match(third.console, /removing what mountroot had noted of settings that another program/);
  t.equal(await third.output('ls /etc/mine 2>/dev/null | wc -l'), '0\n');
  t.equal(await third.output('cat /overlay/.mountroot/attempts'), '0\n', 'done has confirmed it');
  await third.powerOff();
});

t.test('the external volume of /etc/config/fstab, and the login when it is missing', async (t) => {
  const bench = await putOnBench(t);
  const disks = [disk(t, 'extroot')];
  const first = await bench.bootToInit();
  await first.output(
    'mkdir -p /etc/config; { echo "config global"; echo "	option delay_root 2"; ' +
      'echo "config mount"; echo "	option target /overlay"; echo "	option label extroot"; ' +
      'echo "	option enabled 1"; } >/etc/config/fstab; echo inside >/etc/inside; sync',
  );
  await first.kill();

  const second = await bench.bootToInit({ disks });
  t.match(await bootState(second), { rung: 'persistent', reason: null, warnings: [] });
  t.match(await second.output('cat /proc/mounts'), /^\/dev\/vda \/overlay ext4 rw,noatime/m);
  t.match(
    await second.output('cat /overlay/etc/.extroot-uuid'),
    /^[\da-f]{8}(-[\da-f]{8}){3}$/,
    'tied to the image, as fstools does it',
  );
  await second.output('echo mine >/etc/mine; sync');
  await second.kill();

  const third = await bench.bootToInit({ disks });
  t.equal(await third.output('cat /etc/mine'), 'mine\n');
  await third.output('echo 57a0acc6-ecc0a5e7-2ea71070-845539a7 >/overlay/etc/.extroot-uuid; sync');
  await third.kill();

  const others = await bench.bootToInit({ disks });
  t.match(await bootState(others), { rung: 'persistent', reason: 'extroot-mismatch' });
  t.equal(await others.output('cat /etc/inside'), 'inside\n');
  await others.kill();

  const missing = await bench.bootToInit();
  t.match(await bootState(missing), { rung: 'persistent', reason: 'extroot-missing' });
  t.match(await missing.output('. /etc/profile.d/mountroot.sh'), /^mountroot: .*extroot-missing/);
  t.match(await missing.output('mountroot doctor; true'), /external volume .*LABEL=extroot/);
  await missing.powerOff();
});
