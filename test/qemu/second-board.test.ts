/**
 * A board that consists of data only (board/qemu-virt): a boot loader on disks, and another
 * machine. No line of src knows it.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadBoard } from '../../scripts/lib/board.js';
import { checkout } from '../../scripts/lib/report.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { putOnBench } from '../harness/board.js';

const board = loadBoard('qemu-virt');

t.test('U-Boot boots from one disk, and the settings persist on the other', async (t) => {
  const bench = await putOnBench(t, { board });
  const first = await bench.bootToInit({ icount: false });
  t.match(first.console, /^U-Boot 20/m);
  t.match(
    await first.output('cat /proc/mounts'),
    /^overlayfs:\/overlay \/ overlay rw,.*upperdir=\/overlay\/upper/m,
  );
  t.match(JSON.parse(await first.output('mountroot status --json')), {
    persistent: true,
    data: { mountpoint: '/overlay', fstype: 'ext4' },
    rung: { rung: 'persistent', reason: null },
  });

  const located = JSON.parse(await first.output('mountroot ramdisk locate --json')) as {
    claims: { source: string; start: number; end: number }[];
    taken: string;
  };
  t.equal(located.taken, '/chosen');
  const [claim] = located.claims;
  const cell = async (name: string): Promise<number> =>
    parseInt(
      (
        await first.output(`od -An -v -tx1 /proc/device-tree/chosen/linux,initrd-${name}`)
      ).replaceAll(/\s/g, ''),
      16,
    );
  t.equal(claim!.start, await cell('start'), 'what U-Boot wrote into the device tree');
  t.equal(claim!.end, await cell('end'));

  const told = JSON.parse(await first.output('mountroot explain --json')) as Explanation;
  t.match(told.end, { kind: 'runs', program: '/init' });
  t.match(
    told.decisions.find(({ id }) => id === 'root-now')?.answer,
    /^an overlay, its changes on ext4 \/dev\/vd/,
  );
  t.same(told.contradictions, []);
  await first.output('echo mine >/etc/mine && sync');
  await first.powerOff();

  const second = await bench.bootToInit({ icount: false });
  t.equal(await second.output('cat /etc/mine'), 'mine\n');
  await second.powerOff();
});

t.test('nothing in src or native names a board', async (t) => {
  const names = readdirSync(join(checkout, 'board'));
  t.ok(names.includes('qemu-virt'));
  for (const folder of ['src', 'native'])
    for (const file of readdirSync(join(checkout, folder), { recursive: true, encoding: 'utf8' }))
      if (/\.(ts|c|h)$/.test(file))
        for (const name of names)
          t.notOk(
            readFileSync(join(checkout, folder, file), 'utf8').includes(name),
            `${folder}/${file} and ${name}`,
          );
});
