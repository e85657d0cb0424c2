import t from 'tap';
import { putOnBench } from '../harness/board.js';
import { rootfsWithoutNode, type Scripts } from '../harness/rootfs-variant.js';

const sh = (body: string): string => `#!/bin/sh\n${body}\n`;

/** What may be wrong with the agent, and what /etc/preinit then says. In every case the board must come up on its read-only root. */
const CASES: { title: string; scripts: Scripts; says: RegExp }[] = [
  { title: 'Node is missing', scripts: {}, says: /mount_root failed with status 127/ },
  { title: 'Node crashes as it starts', scripts: { 'usr/bin/node': sh('kill -SEGV $$') }, says: /mount_root failed with status 139/ },
  { title: 'Node is no program', scripts: { 'usr/bin/node': 'not a program' }, says: /mount_root failed with status \d+/ },
  { title: 'Node hangs for ever', scripts: { 'usr/bin/node': sh('exec sleep 1000000') }, says: /mount_root failed with status 143/ },
  { title: 'the agent itself is missing', scripts: { 'usr/bin/mountroot': null, 'usr/bin/mount_root': null }, says: /mount_root failed with status 127/ },
  {
    title: 'the agent dies between moving /proc and pivoting',
    scripts: { 'usr/bin/mount_root': sh('mount -t tmpfs new /mnt && mkdir /mnt/proc && mount -o move /proc /mnt/proc; kill -KILL $$') },
    says: /mount_root failed with status 137/,
  },
];

for (const { title, scripts, says } of CASES)
  t.test(`init runs although ${title}`, async (t) => {
    const bench = await putOnBench(t, { rootfs: await rootfsWithoutNode(scripts) });
    const machine = await bench.bootToInit();
    t.match(machine.console, says);
    t.match(await machine.output('cat /proc/1/comm'), /init/);
    t.match(await machine.output('cat /proc/mounts'), /^\/dev\/root \/ squashfs ro/m);
    await machine.powerOff();
  });
