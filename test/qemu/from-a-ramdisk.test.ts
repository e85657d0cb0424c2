/**
 * mountroot as /init of a ramdisk, where pivot_root(2) cannot work. The board must end on the same
 * root as when the kernel mounts it.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import t, { type Test } from 'tap';
import { packRamdisk } from '../../scripts/image/ramdisk.js';
import { stageRootfs } from '../../scripts/image/rootfs.js';
import type { Explanation } from '../../src/explain/explanation.js';
import type { Located } from '../../src/explain/locate/locate-ramdisk.js';
import type { Mount } from '../../src/facts/facts.js';
import { board, mountsOf, putOnBench, type Bench } from '../harness/board.js';
import { bootState, record } from '../harness/records.js';

const COMMAND_LINE = 'console=ttyAMA0 root=/dev/mtdblock2 rootfstype=squashfs ro panic=-1';

const withRamdisk = async (t: Test): Promise<Bench> =>
  putOnBench(t, { files: { ramdisk: await packRamdisk(board, await stageRootfs(board)) } });

/**
 * The common part of both ways to a root. It leaves out the paths of the overlay's layers, and the
 * mounts that only one kind of start makes.
 */
const comparable = (mounts: readonly object[]): object[] =>
  (mounts as Mount[])
    .filter(({ mountpoint }) => !['/run', '/dev/pts', '/sys/fs/pstore'].includes(mountpoint))
    .map(({ mountpoint, fstype, root, source }) => ({
      mountpoint,
      fstype,
      root,
      source: fstype === 'squashfs' ? 'the image' : source,
    }));

t.test(
  'from a ramdisk the board gets the same root, keeps its settings and frees the ramdisk',
  async (t) => {
    const bench = await withRamdisk(t);
    const first = await bench.bootToInit({ commandLine: COMMAND_LINE });
    t.match(first.console, /mountroot: becoming \/sbin\/init/);
    t.match(await bootState(first), {
      rung: 'persistent',
      reason: null,
      exit: 0,
    });
    t.match(JSON.parse(await first.output('mountroot status --json')), {
      persistent: true,
      data: { mountpoint: '/overlay', fstype: 'jffs2' },
    });
    const told = JSON.parse(await first.output('mountroot explain --json')) as Explanation;
    t.match(told, {
      end: { kind: 'runs', program: '/init', root: 'rootfs' },
      ours: { rung: { rung: 'persistent' } },
      contradictions: [],
    });
    await first.output('echo mine >/root/mine && sync');
    const freeOn = async (machine: typeof first): Promise<number> =>
      Number(
        /MemFree: +(\d+)/.exec(
          await machine.output(
            'sync; echo 3 >/proc/sys/vm/drop_caches; grep MemFree /proc/meminfo',
          ),
        )![1],
      );
    const free = await freeOn(first);
    const held = Number(
      (
        await first.output(
          "awk '/^(Shmem|Unevictable):/ { sum += $2 } END { print sum }' /proc/meminfo",
        )
      ).trim(),
    );
    t.ok(held < 20_000, `files in memory hold ${held} kB, and the ramdisk had 80,000`);
    const ours = comparable(await mountsOf(first));
    await first.powerOff();

    const kernels = await (
      await putOnBench(t, { data: readFileSync(bench.flash.at(-1)!) })
    ).bootToInit();
    t.equal(
      await kernels.output('cat /root/mine'),
      'mine\n',
      'a board that boots without a ramdisk finds what was written',
    );
    t.same(ours, comparable(await mountsOf(kernels)));
    const theirs = await freeOn(kernels);
    t.ok(
      free > theirs - 40_000,
      `out of a ramdisk of 80,000 kB the board has ${free} kB free, and ${theirs} without one`,
    );
    await kernels.powerOff();
  },
);

t.test(
  'a ramdisk announced by ATAGs is found in the device tree appended to the kernel',
  async (t) => {
    const bench = await withRamdisk(t);
    const glued = join(dirname(bench.flash[0]!), 'zImage-with-device-tree');
    writeFileSync(
      glued,
      Buffer.concat([readFileSync(bench.files.zImage), readFileSync(bench.files.deviceTree!)]),
    );
    // The emulator's own tree has the random number device; this tree lacks it. Without it, Node
    // waits until the kernel has gathered entropy from its clocks, which counted instructions do
    // not supply. That takes a minute, or two on a busy machine.
    const machine = await bench.bootToInit(
      { commandLine: COMMAND_LINE, icount: false, timeLimitMs: 600_000 },
      undefined,
      { zImage: glued, deviceTree: null },
    );
    const located = JSON.parse(await machine.output('mountroot ramdisk locate --json')) as Located;
    t.match(located, {
      claims: [{ source: '/chosen', size: statSync(bench.files.ramdisk!).size, inMemory: true }],
      taken: '/chosen',
      problems: [],
    });
    // CONFIG_ARM_ATAG_DTB_COMPAT leaves no tag list. A kernel for a machine without a device tree
    // has /proc/atags.
    t.match((await machine.run('ls /proc/atags')).status, 1);
    await machine.powerOff();
  },
);

t.test('without overlayfs a ramdisk falls back to the bare image, and init runs', async (t) => {
  const bench = await withRamdisk(t);
  const bare = await bench.bootToInit(
    { commandLine: COMMAND_LINE, append: 'initcall_blacklist=ovl_init' },
    /init: done, status 3/,
  );
  t.match(await bootState(bare), {
    rung: 'rom',
    reason: 'no-overlay',
    exit: 3,
  });
  t.match(await bare.output('cat /proc/mounts'), /^\/dev\/mtdblock2 \/ squashfs ro/m);
  await bare.powerOff();
  const memory = await bench.bootToInit(
    { commandLine: COMMAND_LINE, append: 'fstools_overlay_name=none' },
    /init: done, status 3/,
  );
  t.match(await bootState(memory), {
    rung: 'volatile',
    reason: 'no-volume',
  });
  t.match(
    await memory.output('touch /etc/x && cat /proc/mounts'),
    /^overlayfs:\/tmp\/root \/ overlay rw/m,
  );
  await memory.powerOff();
});

t.test("a missing init= is reported, and the next of the kernel's list runs", async (t) => {
  const bench = await withRamdisk(t);
  const machine = await bench.bootToInit({ commandLine: `${COMMAND_LINE} init=/etc/nothing` });
  t.match(machine.console, /mountroot: \/etc\/nothing is missing; trying the next init/);
  await machine.powerOff();
});

t.test('the console names a missing root= before the kernel panics', async (t) => {
  const bench = await withRamdisk(t);
  const machine = await bench.boot({
    commandLine: 'console=ttyAMA0 root=LABEL=nowhere mountroot.wait=1 panic=-1',
  });
  await machine.ended;
  t.match(
    machine.console,
    /mountroot: there is no root=LABEL=nowhere, after 1 s of waiting; correct root= on the kernel command line/,
  );
  t.match(machine.console, /Kernel panic - not syncing: Attempted to kill init!/);
});

t.test(
  'start in a foreign ramdisk names switch-root, which then works from its /init',
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-ramdisk-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const script = join(folder, 'init');
    writeFileSync(
      script,
      `#!/bin/sh
export PATH=/usr/bin
mkdir -p /proc /sys /dev /tmp /new
mount -t proc proc /proc; mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev; mount -t tmpfs tmpfs /tmp
PREINIT=1 mountroot start </dev/null
echo "init: start said $?" >/dev/console
mount -t squashfs -o ro /dev/mtdblock2 /new
exec mountroot switch-root /new /etc/preinit --word "two words"
`,
    );
    const bench = await putOnBench(t, {
      files: {
        ramdisk: await packRamdisk(board, await stageRootfs(board), readFileSync(script, 'utf8')),
      },
    });
    const machine = await bench.bootToInit({ commandLine: COMMAND_LINE });
    t.match(
      machine.console,
      /mountroot: \/ is the kernel's own ramfs \(an initramfs\), which pivot_root\(2\) cannot leave[^\n]*make mountroot the ramdisk's \/init/,
    );
    t.match(machine.console, /init: start said 1/);
    t.match(machine.console, /mountroot: becoming \/etc\/preinit --word two words/);
    t.match(await bootState(machine), {
      rung: 'persistent',
      reason: null,
    });
    t.match(await record(machine, 'journal.ndjson'), /"type":"begin"[^\n]*"verb":"switch-root"/);
    t.match(await machine.output('cat /proc/mounts'), /^overlayfs:\/overlay \/ overlay rw/m);
    await machine.powerOff();
  },
);
