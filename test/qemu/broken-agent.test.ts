import t from 'tap';
import { putOnBench } from '../harness/board.js';
import { rootfsWith, rootfsWithoutNode, type Scripts } from '../harness/rootfs-variant.js';
import { record } from '../harness/records.js';

/** No agent, no `done`: init itself is up. */
const READY = /init: ready/;

const sh = (body: string): string => `#!/bin/sh\n${body}\n`;

/**
 * Faults of the agent, and the message of /etc/preinit for each. In every case the board must come
 * up on its read-only root.
 */
const CASES: { title: string; scripts: Scripts; says: RegExp }[] = [
  { title: 'Node is missing', scripts: {}, says: /mount_root failed with status 127/ },
  {
    title: 'Node crashes as it starts',
    scripts: { 'usr/bin/node': sh('kill -SEGV $$') },
    says: /mount_root failed with status 139/,
  },
  {
    title: 'Node is no program',
    scripts: { 'usr/bin/node': 'not a program' },
    says: /mount_root failed with status \d+/,
  },
  {
    title: 'Node hangs for ever',
    scripts: { 'usr/bin/node': sh('exec sleep 1000000') },
    says: /mount_root failed with status 143/,
  },
  {
    title: 'the agent itself is missing',
    scripts: { 'usr/bin/mountroot': null, 'usr/bin/mount_root': null },
    says: /mount_root failed with status 127/,
  },
];

/**
 * An agent that builds its overlay on /tmp and is killed meanwhile: before or after the pivot, with
 * some of the mounts moved.
 */
const building = (until: string): Scripts => ({
  'usr/bin/mount_root': sh(
    '[ "$1" = start ] || exit 0; mount -t tmpfs data /tmp && mkdir /tmp/upper /tmp/work && ' +
      'mount -t overlay -o lowerdir=/,upperdir=/tmp/upper,workdir=/tmp/work o /mnt && mount -o ' +
      `move /proc /mnt/proc && ${until}; kill -KILL $$`,
  ),
});
const KILLED: [when: string, scripts: Scripts][] = [
  ['before pivot_root, with /proc moved', building(':')],
  [
    'behind pivot_root, before /dev, /tmp and /sys are moved',
    building('cd /mnt && pivot_root . rom'),
  ],
  [
    'behind pivot_root, with only /dev moved',
    building('cd /mnt && pivot_root . rom && mount -o move /rom/dev /dev'),
  ],
];

for (const [when, scripts] of KILLED)
  t.test(`an agent killed ${when} leaves a board with all it needs`, async (t) => {
    const bench = await putOnBench(t, { rootfs: await rootfsWithoutNode(scripts) });
    const machine = await bench.bootToInit({}, READY);
    t.match(machine.console, /mount_root failed with status 137/);
    for (const [mountpoint, fstype] of [
      ['/proc', 'proc'],
      ['/sys', 'sysfs'],
      ['/dev', 'devtmpfs'],
      ['/tmp', 'tmpfs'],
    ])
      t.match(
        await machine.output('cat /proc/mounts'),
        new RegExp(`^\\S+ ${mountpoint} ${fstype} `, 'm'),
      );
    await machine.output(
      'test -c /dev/kmsg && test -e /proc/self && test -e /sys/kernel && touch /tmp/x',
    );
    await machine.powerOff();
  });

t.test('a damaged boot counter does not keep init from coming up', async (t) => {
  const bench = await putOnBench(t);
  const first = await bench.bootToInit();
  await first.output("printf '08x 1\\n2' >/etc/boot-count && sync");
  await first.powerOff();
  const second = await bench.bootToInit();
  t.match(second.console, /init: boot 1 on this root/);
  await second.powerOff();
});

for (const { title, scripts, says } of CASES)
  t.test(`init runs although ${title}`, async (t) => {
    const bench = await putOnBench(t, { rootfs: await rootfsWithoutNode(scripts) });
    const machine = await bench.bootToInit({}, READY);
    t.match(machine.console, says);
    t.match(await machine.output('cat /proc/1/comm'), /init/);
    t.match(await machine.output('cat /proc/mounts'), /^\/dev\/root \/ squashfs ro/m);
    await machine.powerOff();
  });

t.test('a heap that is damaged costs a moment: the agent comes from its own file', async (t) => {
  const bench = await putOnBench(t, {
    rootfs: await rootfsWith({ 'usr/lib/mountroot/boot.heap': 'damaged' }),
  });
  const machine = await bench.bootToInit();
  t.match(await machine.output('cat /proc/mounts'), /^overlayfs:\/overlay \/ overlay rw/m);
  const journal = await record(machine, 'journal.ndjson');
  t.match(journal, /"type":"begin"/);
  t.notMatch(journal, /"heap":true/);
  await machine.powerOff();
  const sound = await (await putOnBench(t)).bootToInit();
  t.match(await record(sound, 'journal.ndjson'), /"verb":"start".*"heap":true/);
  await sound.powerOff();
});
