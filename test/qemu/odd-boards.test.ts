/**
 * With odd images, agents and mounts, the board comes up, reports its rung, and keeps its settings.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { Machine } from '../../scripts/emulator/machine.js';
import { boardFolder } from '../../scripts/lib/board.js';
import { board, putOnBench } from '../harness/board.js';
import { rootfsWith, type Scripts } from '../harness/rootfs-variant.js';
import { bootState } from '../harness/records.js';

const PREINIT = readFileSync(join(boardFolder(board.name), 'rootfs/etc/preinit'), 'utf8');
/** The board's preinit with a command before a line of it. */
function before(line: string, command: string): string {
  if (!PREINIT.includes(line)) throw new Error(`preinit has no line ${line.trim()}`);
  return PREINIT.replace(line, `\n${command}${line}`);
}

/** Two boots of one image. The second boot has the files that the first one wrote. */
async function keepsSettings(
  t: Test,
  bench: Awaited<ReturnType<typeof putOnBench>>,
  check: (machine: Machine) => Promise<void>,
): Promise<void> {
  const first = await bench.bootToInit();
  await check(first);
  await first.output('echo mine >/root/mine && sync');
  await first.kill();
  const second = await bench.bootToInit();
  await check(second);
  t.equal(await second.output('cat /root/mine'), 'mine\n');
  await second.powerOff();
}

t.test('an image without /mnt, /overlay and /rom keeps its settings all the same', async (t) => {
  const bench = await putOnBench(t, {
    rootfs: await rootfsWith({ mnt: null, overlay: null, rom: null }),
  });
  await keepsSettings(t, bench, async (machine) => {
    t.match(await bootState(machine), { rung: 'persistent', reason: null, warnings: [] });
    t.match(await machine.output('cat /proc/mounts'), /^\/dev\/mtdblock3 \/overlay jffs2 /m);
    t.notMatch(await machine.output('cat /proc/mounts'), / \/rom\/(dev|proc|sys|tmp) /);
  });
});

t.test('shared mounts, more than OpenWrt moves, all stay where they were', async (t) => {
  const shared: Scripts = {
    'etc/preinit': before(
      '\nstatus=5\n',
      'mkdir -p /tmp/more && mount -t tmpfs more /run && mkdir /run/below && mount -t ' +
        'tmpfs below /run/below && mount -o make-rshared none /',
    ),
  };
  const bench = await putOnBench(t, { rootfs: await rootfsWith(shared) });
  await keepsSettings(t, bench, async (machine) => {
    t.match(await bootState(machine), { rung: 'persistent', reason: null, warnings: [] });
    t.match(await machine.output('cat /proc/mounts'), /^more \/run tmpfs /m);
    t.match(await machine.output('cat /proc/mounts'), /^below \/run\/below tmpfs /m);
    t.notMatch(await machine.output('cat /proc/self/mountinfo'), / shared:/);
  });
});

/**
 * Kills the agent as soon as /proc/mounts has a given line. Node is an ordinary program and may run
 * out of memory.
 */
const killedAt = (line: string): Scripts => ({
  'usr/bin/mount_root': `#!/bin/sh
[ "$1" = start ] || exec node /usr/lib/mountroot/mountroot.cjs "$@"
[ -e /tmp/killed ] && exec node /usr/lib/mountroot/mountroot.cjs "$@"
node /usr/lib/mountroot/mountroot.cjs "$@" &
agent=$!
until grep -q '${line}' /proc/mounts /mnt/proc/mounts 2>/dev/null; do
  kill -0 $agent || exit 99
done
kill -9 $agent
wait $agent
`,
});

for (const [when, line] of [
  ['once the data volume is mounted', ' /tmp/overlay jffs2 '],
  ['once the overlay is mounted', ' /mnt overlay '],
] as const)
  t.test(
    `Node killed during start, ${when}, leaves the image as root and keeps the settings`,
    async (t) => {
      const bench = await putOnBench(t);
      const before = await bench.bootToInit();
      await before.output('echo mine >/root/mine && sync');
      await before.powerOff();
      const killed = await putOnBench(t, {
        rootfs: await rootfsWith(killedAt(line)),
        data: readFileSync(bench.flash.at(-1)!),
      });
      const machine = await killed.bootToInit();
      t.match(machine.console, /mount_root failed with status 137; going on to init/);
      t.match(await machine.output('cat /proc/1/comm'), /init/);
      for (const path of ['/dev/kmsg', '/proc/self', '/sys/kernel', '/tmp'])
        await machine.output(`test -e ${path}`);
      await machine.powerOff();
      const again = await putOnBench(t, { data: readFileSync(killed.flash.at(-1)!) });
      const after = await again.bootToInit();
      t.match(await bootState(after), { rung: 'persistent', reason: null });
      t.equal(await after.output('cat /root/mine'), 'mine\n');
      await after.powerOff();
    },
  );

t.test('two starts at once are one start, and the other is told so', async (t) => {
  const twice: Scripts = {
    'usr/bin/mount_root': `#!/bin/sh
[ "$1" = start ] || exec node /usr/lib/mountroot/mountroot.cjs "$@"
node /usr/lib/mountroot/mountroot.cjs start & first=$!
node /usr/lib/mountroot/mountroot.cjs start & second=$!
wait $first; a=$?
wait $second; b=$?
echo "two starts: $a $b" >/dev/console
[ $a = 0 ] || [ $b = 0 ]
`,
  };
  const bench = await putOnBench(t, { rootfs: await rootfsWith(twice) });
  const machine = await bench.bootToInit();
  t.match(machine.console, /two starts: (0 5|5 0|0 0)/);
  t.match(await bootState(machine), { rung: 'persistent', reason: null });
  t.equal((await machine.output('grep -c " / overlay " /proc/mounts')).trim(), '1');
  await machine.powerOff();
});

t.test(
  'settings of image and command line apply; wrong ones are reported and stop nothing',
  async (t) => {
    const bench = await putOnBench(t, {
      rootfs: await rootfsWith({
        'etc/mountroot.json': '{ "boot_limit": "many", "journal": 2, "colour": "blue" }',
      }),
    });
    for (let boot = 0; boot < 4; boot++) {
      const machine = await bench.bootToInit({ append: 'mountroot.wait=never' });
      t.match(
        machine.console,
        /mountroot: \/etc\/mountroot.json sets boot_limit to "many", which is not a whole number from 0 to 1000; 5 holds/,
      );
      t.match(machine.console, /has a setting "colour" that there is not/);
      t.match(machine.console, /sets wait to "never"/);
      t.match(await bootState(machine), { rung: 'persistent', reason: null });
      if (boot === 3)
        t.same(
          (await machine.output('ls -1 /overlay/.mountroot/boots'))
            .trim()
            .split('\n')
            .map((name) => name.slice(0, 8)),
          ['00000003', '00000004'],
          'the journal holds two boots',
        );
      await machine.powerOff();
    }
  },
);
