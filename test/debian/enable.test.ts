/** A user of Debian: three commands to a root that is an overlay, and one back. */
import t from 'tap';
import { debianOnBench, type Debian } from '../harness/debian.js';

/** What a command that must succeed says. */
async function output(debian: Debian, command: string): Promise<string> {
  const { status, output: said } = await debian.run(command);
  t.equal(status, 0, `${command}: ${said}`);
  return said.trim();
}

const status = async (debian: Debian): Promise<unknown> =>
  JSON.parse((await debian.run('mountroot status --json 2>/dev/null')).output);

const rootType = (debian: Debian): Promise<string> => output(debian, 'findmnt -n -o FSTYPE /');

const failedUnits = (debian: Debian): Promise<string> =>
  output(debian, 'systemctl --failed --plain --no-legend');

const off = async (debian: Debian): Promise<void> => {
  t.equal(await debian.powerOff(), 'guest-shutdown', 'systemd switches the machine off');
};

t.test('a plain Debian, switched on and back', { timeout: 3_600_000 }, async (t) => {
  const bench = await debianOnBench();
  t.teardown(() => bench.clear());

  const plain = await bench.boot();
  t.equal(await rootType(plain), 'ext4');
  await output(plain, 'apt-get install -y /root/mountroot.deb >/dev/null 2>&1');
  t.equal(await failedUnits(plain), '', 'nothing fails because it is installed');
  const refused = await plain.run('mountroot enable --volume LABEL=nowhere 2>&1');
  t.match(refused, { status: 5, output: /no volume "LABEL=nowhere"/ });
  t.equal((await plain.run('test -e /etc/mountroot.enabled')).status, 1);
  t.match(await output(plain, 'mountroot enable --volume LABEL=data 2>&1'), /mountroot disable/);
  await off(plain);

  const first = await bench.boot();
  t.equal(await rootType(first), 'overlay');
  t.match(await status(first), { rung: 'persistent', reason: null });
  t.equal(await failedUnits(first), '');
  t.equal((await output(first, 'systemctl is-system-running')).trim(), 'running');
  t.equal((await first.run('touch /rom/x')).status, 1, 'the root below is read-only');
  await output(first, 'echo kept >/etc/marker');
  await off(first);

  const second = await bench.boot();
  t.equal((await output(second, 'cat /etc/marker')).trim(), 'kept');
  await off(second);

  const without = await bench.boot('mountroot=off');
  t.equal(await rootType(without), 'ext4');
  t.equal((await without.run('test -e /etc/marker')).status, 1, 'it is on the volume only');
  t.equal(await failedUnits(without), '');
  await output(without, 'mountroot enable --volatile');
  await off(without);

  const volatile = await bench.boot();
  t.equal(await rootType(volatile), 'overlay');
  t.match(await status(volatile), { rung: 'volatile', reason: 'asked' });
  t.equal(await failedUnits(volatile), '');
  await output(volatile, 'echo lost >/etc/marker');
  t.match(await output(volatile, 'mountroot disable'), /next boot starts the root without/);
  await off(volatile);

  const back = await bench.boot();
  t.equal(await rootType(back), 'ext4');
  t.equal((await back.run('test -e /etc/marker')).status, 1);
  t.equal(await failedUnits(back), '');
});
