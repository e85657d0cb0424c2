import { join } from 'node:path';
import t from 'tap';
import { boardFolder } from '../../scripts/lib/board.js';
import { buildAgent } from '../../scripts/agent/agent.js';
import { run } from '../../scripts/lib/run.js';
import { board, mountsOf, putOnBench } from '../harness/board.js';
import { rootfsWithoutNode } from '../harness/rootfs-variant.js';

const CAPTURED = join(boardFolder(board.name), 'facts.json');
const planOf = async (facts: string): Promise<string> =>
  run(process.execPath, [
    await buildAgent(['host']),
    'plan',
    'start',
    '--format',
    'sh',
    '--facts',
    facts,
  ]);

t.test(
  'the captured facts of the board still give the plan that the running board gives',
  async (t) => {
    const bench = await putOnBench(t);
    const machine = await bench.bootToInit();
    const live = await machine.output(
      'mountroot plan start --format sh --facts /tmp/mountroot/facts.json',
    );
    t.equal(
      live,
      await planOf(CAPTURED),
      `otherwise renew ${CAPTURED} from the board's /tmp/mountroot/facts.json`,
    );
    await machine.powerOff();
  },
);

t.test(
  'the plan as a script boots the board without Node and ends in the same mounts as the agent',
  async (t) => {
    const withAgent = await putOnBench(t);
    const first = await withAgent.bootToInit();
    const expected = await mountsOf(first);
    await first.powerOff();

    const script = await planOf(CAPTURED);
    const withScript = await putOnBench(t, {
      rootfs: await rootfsWithoutNode({ 'usr/bin/mount_root': script }),
    });
    for (const boot of [1, 2]) {
      const machine = await withScript.bootToInit();
      t.equal((await machine.run('which node')).status, 1, 'there is no Node');
      t.match(machine.console, /mountroot: \/ is an overlay root/);
      t.match(machine.console, new RegExp(`init: boot ${boot} on this root`));
      t.same(await mountsOf(machine), expected);
      await machine.powerOff();
    }
  },
);

t.test('the script stops at its first failure and takes back what it did', async (t) => {
  // The script fails after it mounted and moved jffs2.
  const script = (await planOf(CAPTURED)).replace('mkdir -m 0755 /overlay/work', 'false');
  const bench = await putOnBench(t, {
    rootfs: await rootfsWithoutNode({ 'usr/bin/mount_root': script }),
  });
  const machine = await bench.bootToInit();
  t.match(machine.console, /mountroot: script failed at step \d+ \(work\)/);
  t.match(machine.console, /everything was taken back/);
  const mounts = await machine.output('cat /proc/mounts');
  t.match(mounts, /^\/dev\/root \/ squashfs ro/m);
  t.notMatch(mounts, /jffs2|overlay/);
  await machine.powerOff();
});

t.test('the script refuses a board it was not planned for, and a live system', async (t) => {
  const script = (await planOf(CAPTURED)).replaceAll('rootfs_data', 'other_data');
  const bench = await putOnBench(t, {
    rootfs: await rootfsWithoutNode({
      'usr/bin/mount_root': script,
      'usr/bin/planned': await planOf(CAPTURED),
    }),
  });
  const machine = await bench.bootToInit();
  t.match(
    machine.console,
    /script refused: it was planned for a board with mtd3: 04000000 00040000 "other_data"/,
  );
  t.match(machine.console, /mount_root failed with status 5; going on to init/);
  t.equal((await machine.run('planned')).status, 5, 'without PREINIT it does not run');
  await machine.powerOff();
});
