import { spawnSync } from 'node:child_process';
import t from 'tap';
import type { Plan } from '../../../src/plan/plan.js';
import { renderSh } from '../../../src/plan/render-sh.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { failingCommands } from '../../fixtures/failing-commands.js';
import { boardFacts, device, mount } from '../../fixtures/facts.js';

const planFor = (facts = boardFacts()): Plan =>
  planWhole('start', facts, { dryRun: false, force: false }) as Plan;
/** A script that should refuse mounts nothing on this machine if it does not. */
const NOTHING_IS_MOUNTED = failingCommands('mount', 'umount', 'pivot_root', 'mkdir', 'rm');
const busybox = (
  words: string[],
  input = '',
): { status: number | null; stdout: string; stderr: string } =>
  spawnSync('busybox', words, { input, encoding: 'utf8', env: { PATH: process.env['PATH'] } });

t.test('the script is valid shell with any names from the board', async (t) => {
  const facts = boardFacts();
  const name = "a'; reboot; '$(x)`y`\n#";
  const hostile = planFor({
    ...facts,
    mtd: facts.mtd.map((each) => (each.index === 3 ? { ...each, name } : each)),
    volume: { ...facts.volume, found: [device({ label: name })] },
    mounts: [...facts.mounts, mount("/m'; reboot #\n")],
  });
  for (const plan of [planFor(), hostile]) t.equal(busybox(['sh', '-n'], renderSh(plan)).status, 0);
  // The test replaces every command that the script may use by one that does nothing, and the
  // commands that the names would inject by one that reports.
  const harmless = [
    'mount',
    'umount',
    'pivot_root',
    'mkdir',
    'rmdir',
    'rm',
    'mv',
    'ln',
    'sync',
    'cd',
  ].map((name) => `${name}() { :; }`);
  const telling = ['reboot', 'x', 'y'].map((name) => `${name}() { echo "${name} was run" >&2; }`);
  const prelude = [...harmless, ...telling, 'grep() { [ "$1" = -qxF ]; }', 'PREINIT=1', ''].join(
    '\n',
  );
  const { status, stderr } = busybox(
    ['sh'],
    prelude +
      renderSh(hostile)
        .replace(/>\/(mnt|tmp)\/[\w./-]+/g, '>/dev/null')
        .replaceAll('/dev/kmsg', '/nonexistent/kmsg'),
  );
  t.equal(status, 0);
  t.notMatch(stderr, /was run|not found/);
  t.match(stderr, /\/ is an overlay root/);
});

t.test('the script refuses to run on a live system and on another board', async (t) => {
  const script = renderSh(planFor());
  const { status, stderr } = busybox(
    ['sh'],
    NOTHING_IS_MOUNTED + script.replaceAll('/dev/kmsg', '/nonexistent/kmsg'),
  );
  t.equal(status, 5);
  t.match(stderr, /script refused: this is not the early boot/);
  const forced = busybox(
    ['sh'],
    `${NOTHING_IS_MOUNTED}PREINIT=1\n${script.replaceAll('/dev/kmsg', '/nonexistent/kmsg')}`,
  );
  t.equal(forced.status, 5);
  t.match(forced.stderr, /it was planned for a board with mtd3: 04000000 00040000 "rootfs_data"/);
});

t.test('the script undoes its steps in reverse order', async (t) => {
  const script = renderSh(planFor());
  const undo = script.slice(script.indexOf('undo() {'), script.indexOf('fail() {'));
  const order = [
    '/mnt/proc /proc',
    'umount -n /mnt',
    'rm -rf /overlay/work/work',
    'rmdir /overlay/upper',
    '-o move /overlay /tmp/overlay',
    'umount -n /tmp/overlay',
    'rmdir /tmp/overlay',
  ].map((part) => undo.indexOf(part));
  t.notOk(order.includes(-1));
  t.same(
    order,
    [...order].sort((a, b) => a - b),
  );
});
