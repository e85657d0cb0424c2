/**
 * With any content of flash, the board comes up, reports its true rung, and keeps everything that
 * can be kept.
 */
import t from 'tap';
import { blank } from '../../scripts/image/flash.js';
import { putOnBench } from '../harness/board.js';
import {
  BLOCK,
  SIZE,
  both,
  dataOf,
  garbage,
  hasSettings,
  leftToAgent,
  scribble,
  withSettings,
} from '../harness/odd-flash.js';
import { bootState } from '../harness/records.js';

both(
  'marks and notes that were damaged are moved aside, and the settings are there',
  async (t, goes) => {
    const bench = await putOnBench(t, { first: goes });
    await withSettings(
      bench,
      'rm /overlay/.fs_state && echo nonsense >/overlay/.fs_state && echo many ' +
        '>/overlay/.mountroot/attempts && echo "{" >/overlay/.mountroot/reset.json && for f in ' +
        '/overlay/.mountroot/boots/*; do dd if=/dev/urandom of=$f bs=64 count=3 2>/dev/null; ' +
        'done && mkdir -p /overlay/work/work/half',
    );
    const machine = await bench.bootToInit();
    leftToAgent(t, goes, machine, /refused: the count of starts/);
    t.match(await bootState(machine), { rung: 'persistent', reason: null });
    t.ok(await hasSettings(machine));
    t.equal(
      await machine.output('cd /overlay/.mountroot/quarantine && ls -1A && cat fs_state-1 reset-1'),
      'fs_state-1\nreset-1\nnonsense\n{\n',
    );
    t.equal(
      await machine.output(
        'readlink /overlay/.fs_state; cat /overlay/.mountroot/attempts; ls -A /overlay/work/work',
      ),
      '2\n0\n',
    );
    // The damaged journals have nothing readable left. The journal of this boot follows them and is
    // complete.
    t.match(
      await machine.output('cd /overlay/.mountroot/boots && grep -c type.:.end $(ls | tail -n 1)'),
      /^[1-9]\n$/,
    );
    await machine.powerOff();
  },
);

t.test('damaged blocks hide nothing that can still be read', async (t) => {
  const bench = await putOnBench(t);
  await withSettings(bench);
  // The settings are in the blocks that jffs2 wrote. The beginning of flash becomes garbage, and so
  // do all blocks that are still erased.
  const before = dataOf(bench);
  for (let at = 0; at < SIZE; at += BLOCK)
    if (before.subarray(at + 12, at + BLOCK).every((byte) => byte === 0xff))
      scribble(bench, at, garbage(BLOCK));
  const machine = await bench.bootToInit();
  t.ok(await hasSettings(machine));
  await machine.kill();
});

t.test('a half erased flash never stops the boot', async (t) => {
  const bench = await putOnBench(t);
  await withSettings(bench);
  scribble(bench, 0, blank(BLOCK * 32));
  const machine = await bench.bootToInit();
  t.match(await bootState(machine), { rung: 'persistent', reason: null });
  t.match(
    (await machine.run('cat /root/mine 2>/dev/null; true')).output,
    /^(mine\n)?$/,
    'what is there is whole',
  );
  await machine.output('echo new >/root/new && sync');
  await machine.kill();
  const again = await bench.bootToInit();
  t.equal(await again.output('cat /root/new'), 'new\n', 'and what is written is kept');
  await again.powerOff();
});

both(
  'a first block that is damaged, whatever it held, hides nothing behind it',
  async (t, goes) => {
    const bench = await putOnBench(t, { first: goes });
    await withSettings(bench);
    scribble(bench, 0, garbage(BLOCK));
    const machine = await bench.bootToInit();
    leftToAgent(t, goes, machine, /refused: \S+ does not begin as jffs2 does/);
    t.match(await bootState(machine), { rung: 'persistent', reason: null });
    t.match(
      (await machine.run('cat /root/mine 2>/dev/null; true')).output,
      /^(mine\n)?$/,
      'what is there is whole',
    );
    await machine.powerOff();
  },
);

both(
  "a partition too small for jffs2 gives a root in memory, with the kernel's reason",
  async (t, goes) => {
    const bench = await putOnBench(t, { first: goes });
    const machine = await bench.bootToInit({
      append:
        'mtdparts=40000000.flash:512k(u-boot),8m(kernel),56832k(rootfs)ro,1m(rootfs_data),-(rest)',
    });
    leftToAgent(t, goes, machine, /refused: the flash has other partitions/);
    t.match(await bootState(machine), {
      rung: 'volatile',
      reason: 'mount-failed',
      because: /cannot mount jffs2 .*: EINVAL.*at least 5 erase blocks/,
    });
    await machine.powerOff();
  },
);

for (const [title, append, expected, who] of [
  [
    'without jffs2',
    'initcall_blacklist=init_jffs2_fs',
    { rung: 'volatile', reason: 'no-filesystem' },
    ['agent'],
  ],
  [
    'without overlay',
    'initcall_blacklist=ovl_init',
    { rung: 'rom', reason: 'no-overlay' },
    ['agent', 'script'],
  ],
] as const)
  both(
    `a kernel ${title} brings the board up on rung ${expected.rung}, and the settings stay ` +
      'on flash',
    async (t, goes) => {
      const bench = await putOnBench(t, { first: goes });
      await withSettings(bench);
      const before = dataOf(bench);
      const machine = await bench.bootToInit({ append });
      leftToAgent(t, goes, machine, /refused: the kernel has other file systems/);
      t.match(await bootState(machine), { ...expected, exit: 3 });
      await machine.powerOff();
      t.ok(dataOf(bench).equals(before), 'not a byte of flash was changed');
      const again = await bench.bootToInit();
      t.ok(await hasSettings(again));
      await again.powerOff();
    },
    who,
  );

both(
  'after five unfinished boots one boot leaves the data alone, and the next uses it',
  async (t, goes) => {
    const bench = await putOnBench(t, { first: goes });
    // Three unfinished boots already count.
    await withSettings(bench, 'echo 3 >/overlay/.mountroot/attempts');
    for (let boot = 0; boot < 2; boot++) {
      const machine = await bench.boot();
      await machine.waitFor(/init: boot \d+ on this root/);
      await machine.kill();
    }
    const third = await bench.bootToInit();
    leftToAgent(t, goes, third, /refused: the count of starts/);
    t.match(await bootState(third), { rung: 'volatile', reason: 'boot-loop' });
    await third.powerOff();
    const fourth = await bench.bootToInit();
    t.match(await bootState(fourth), { rung: 'persistent', reason: null });
    t.ok(await hasSettings(fourth));
    await fourth.powerOff();
  },
);
