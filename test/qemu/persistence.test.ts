import t from 'tap';
import { blank } from '../../scripts/image/flash.js';
import { board, mountsOf, putOnBench } from '../harness/board.js';
import { record } from '../harness/records.js';

const BLANK = (): Buffer => blank(board.flash.chips.at(-1)!);

t.test('a board with blank flash comes up on an overlay that is kept on it', async (t) => {
  const bench = await putOnBench(t, { data: BLANK(), randomAddresses: true });
  const machine = await bench.bootToInit();
  const status = JSON.parse(await machine.output('mountroot status --json')) as object;
  t.match(status, {
    root: { fstype: 'overlay', source: 'overlayfs:/overlay', writable: true },
    persistent: true,
    image: { fstype: 'squashfs' },
    data: { fstype: 'jffs2', source: '/dev/mtdblock3' },
    start: { ok: true },
  });
  t.match(
    await machine.output('cat /proc/mounts'),
    /^overlayfs:\/overlay \/ overlay rw,noatime,lowerdir=\/,upperdir=\/overlay\/upper,workdir=\/overlay\/work(,uuid=on)? 0 0$/m,
  );
  const journal = await record(machine, 'journal.ndjson');
  t.match(journal, /"id":"pivot"[^\n]*"result":"done"/, 'the journal survived the pivot');
  await machine.powerOff();
});

t.test('changes survive a power-off and a power cut', async (t) => {
  const bench = await putOnBench(t, { data: BLANK(), randomAddresses: true });
  const first = await bench.bootToInit();
  await first.output(
    'echo mine >/etc/mine && echo changed >>/etc/profile && rm /etc/os-release && mkdir -p ' +
      '/root/a/b && echo deep >/root/a/b/.hidden',
  );
  await first.powerOff();

  const second = await bench.bootToInit();
  t.equal(await second.output('cat /etc/mine'), 'mine\n');
  t.match(await second.output('cat /etc/profile'), /\nchanged\n$/);
  t.equal((await second.run('cat /etc/os-release')).status, 1);
  t.match(await second.output('cat /rom/etc/os-release'), /ID=mountroot/, 'the image is untouched');
  await second.output('echo synced >/etc/synced && sync');
  await second.kill();

  const third = await bench.bootToInit();
  t.equal(
    await third.output('cat /etc/mine /etc/synced /root/a/b/.hidden'),
    'mine\nsynced\ndeep\n',
  );
  t.match(third.console, /init: boot 3 on this root/);
  await third.powerOff();
});

t.test('ten boots in a row end in the same mounts, and the counter counts them', async (t) => {
  const bench = await putOnBench(t, { randomAddresses: true });
  let before: object[] | null = null;
  for (let boot = 1; boot <= 10; boot++) {
    const machine = await bench.bootToInit();
    t.match(machine.console, new RegExp(`init: boot ${boot} on this root`));
    const mounts = await mountsOf(machine);
    if (before) t.same(mounts, before, `boot ${boot} has the mounts of the boot before`);
    before = mounts;
    await machine.powerOff();
  }
});
