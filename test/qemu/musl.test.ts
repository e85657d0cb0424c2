/** Our C under musl on ARM, in a process of musl's own loader, without Node. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildMusl } from '../../scripts/agent/musl.js';
import { checkout } from '../../scripts/lib/report.js';
import { putOnBench } from '../harness/board.js';
import { rootfsWithoutNode } from '../harness/rootfs-variant.js';

t.test('our libraries work in a process of musl on the board', async (t) => {
  const { folder, loader } = await buildMusl('arm', join(checkout, 'test/fixtures/libc-check.c'));
  const file = (name: string): Buffer => readFileSync(join(folder, name));
  const run = `#!/bin/sh
export PATH=/usr/bin
mount -n -t tmpfs tmpfs /tmp
/usr/musl/${loader} /usr/musl/check /usr/musl /tmp >/dev/console 2>&1
echo "musl: status $?" >/dev/console
/usr/musl/measure -- true >/dev/console 2>&1
echo "measure: status $?" >/dev/console
poweroff -f
`;
  const names = [loader, 'check', 'libmountroot.so', 'libmountroot-tree.so', 'measure'];
  const bench = await putOnBench(t, {
    rootfs: await rootfsWithoutNode({
      ...Object.fromEntries(names.map((name) => [`usr/musl/${name}`, file(name)])),
      'usr/musl/run': run,
    }),
  });
  const machine = await bench.boot({ append: 'init=/usr/musl/run' });
  await machine.ended;
  t.match(machine.console, /libc-check: all calls do what they should/);
  t.match(machine.console, /musl: status 0/);
  t.match(machine.console, /measure: status 0/);
});
