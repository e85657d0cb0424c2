/**
 * What the agent's reports say of the kernel that it runs on. `npm run test:kernels` runs this file
 * and others on each of the board's kernels.
 */
import t from 'tap';
import { board, putOnBench } from '../harness/board.js';

const RELEASE = board.kernel.source.replace('linux-source-', '');

t.test(`${board.name} runs Linux ${RELEASE}, and its reports find nothing wrong`, async (t) => {
  const bench = await putOnBench(t);
  const machine = await bench.bootToInit();
  t.match(await machine.output('uname -r'), new RegExp(`^${RELEASE}\\.\\d+-mountroot\\n$`));
  const doctor = await machine.run('mountroot doctor --json');
  const { checks } = JSON.parse(doctor.output) as { checks: { id: string; verdict: string }[] };
  // No kernel's jffs2 maps files for shared writing.
  t.match(
    checks.filter(({ verdict }) => verdict !== 'ok'),
    [{ id: 'shared-mapping', verdict: 'warning' }],
  );
  const explained = await machine.run('mountroot explain');
  t.equal(explained.status, 0, explained.output);
  t.notMatch(machine.console, /WARNING:|Oops|BUG:/, 'the kernel complains of nothing');
  await machine.powerOff();
});

t.test('a reset empties the settings, and the next start is on the same rung', async (t) => {
  const bench = await putOnBench(t);
  const first = await bench.bootToInit();
  await first.output('echo mine >/etc/mine && rm /etc/group && mv /etc/hostname /etc/renamed');
  await first.output('mountroot reset --yes');
  await first.powerOff();

  const second = await bench.bootToInit();
  t.equal((await second.run('cat /etc/mine')).status, 1);
  t.match(await second.output('cat /etc/hostname; ls /etc/group'), 'board\n/etc/group\n');
  t.match(JSON.parse(await second.output('mountroot status --json')), { persistent: true });
  await second.powerOff();
});
