/**
 * With any content of flash, the board comes up, reports its true rung, and keeps everything that
 * can be kept.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import t, { type Test } from 'tap';
import { blank } from '../../scripts/image/flash.js';
import type { Machine } from '../../scripts/emulator/machine.js';
import { board, putOnBench, type Bench, type First } from '../harness/board.js';

const SIZE = board.flash.chips.at(-1)!;
const BLOCK = board.flash.eraseBlock;

/** Bytes that resemble no known format. */
const garbage = (size: number): Buffer => {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  return bytes;
};

interface BootState {
  rung: string;
  reason: string | null;
  because: string | null;
  exit: number;
  persistent: boolean;
  failures: { error: string }[];
  limits: string[];
}

const state = async (machine: Machine): Promise<BootState> =>
  JSON.parse(await machine.output('cat /tmp/mountroot/state.json')) as BootState;

/** A board with a user's settings. The test looks for the file `mine` afterwards. */
async function withSettings(bench: Bench, more = 'true'): Promise<void> {
  const machine = await bench.bootToInit();
  await machine.output(`echo mine >/root/mine && rm /etc/os-release && ${more} && sync`);
  await machine.powerOff();
}
const hasSettings = async (machine: Machine): Promise<boolean> =>
  (await machine.run('test "$(cat /root/mine)" = mine && test ! -e /etc/os-release')).status === 0;

/** Writes into the data chip while the board is off. */
function scribble(bench: Bench, offset: number, bytes: Buffer): void {
  const chip = openSync(bench.flash.at(-1)!, 'r+');
  writeSync(chip, bytes, 0, bytes.length, offset);
  closeSync(chip);
}
const dataOf = (bench: Bench): Buffer => readFileSync(bench.flash.at(-1)!);

/**
 * Runs a test for both makers of the root: the agent, and the script. Several faults look the same
 * to the script (a reset mark, garbage and blank flash are all not jffs2). Then the quickest of
 * them is enough. Faults that only `done` meets are the same after either maker.
 */
const both = (
  title: string,
  test: (t: Test, goes: First) => Promise<void>,
  who: readonly First[] = ['agent', 'script'],
): void => {
  for (const goes of who)
    t.test(goes === 'agent' ? title : `${title} (a script went first)`, async (t) => test(t, goes));
};

/** The script's reason for leaving the root to the agent, from the console. */
const leftToAgent = (t: Test, goes: First, machine: Machine, why: RegExp): void => {
  if (goes === 'script')
    t.match(
      machine.console,
      new RegExp(`mountroot: script ${why.source}.*; the agent makes the root`),
    );
  else t.notMatch(machine.console, /mountroot: script/);
};

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
  t.match(await state(first), { rung: 'persistent', reason: null, persistent: true });
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
  t.match(await state(second), { rung: 'persistent', reason: null });
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
    t.match(await state(machine), { rung: 'volatile', reason: 'erase-marker' });
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
    t.match(await state(second), { rung: 'persistent', reason: null });
    await second.powerOff();
  },
);

both('a full volume is used read-only, and the login says so', async (t, goes) => {
  const bench = await putOnBench(t, { first: goes });
  await withSettings(bench, 'dd if=/dev/urandom of=/root/filler bs=64k 2>/dev/null; true');
  const machine = await bench.bootToInit();
  leftToAgent(t, goes, machine, /(?:refused|failed)/);
  t.match(await state(machine), {
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
  t.match(await state(machine), {
    rung: 'kept-read-only',
    reason: 'write-protected',
    persistent: false,
  });
  t.ok(await hasSettings(machine));
  await machine.kill();
});

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
    t.match(await state(machine), { rung: 'persistent', reason: null });
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
  t.match(await state(machine), { rung: 'persistent', reason: null });
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
    t.match(await state(machine), { rung: 'persistent', reason: null });
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
    t.match(await state(machine), {
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
      t.match(await state(machine), { ...expected, exit: 3 });
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
    t.match(await state(third), { rung: 'volatile', reason: 'boot-loop' });
    await third.powerOff();
    const fourth = await bench.bootToInit();
    t.match(await state(fourth), { rung: 'persistent', reason: null });
    t.ok(await hasSettings(fourth));
    await fourth.powerOff();
  },
);
