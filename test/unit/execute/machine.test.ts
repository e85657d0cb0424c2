import t from 'tap';
import { execute, type Outcome, type StepResult } from '../../../src/execute/execute.js';
import { gather } from '../../../src/facts/gather.js';
import { parseMountinfo, visibleAt } from '../../../src/facts/mountinfo.js';
import type { Plan } from '../../../src/plan/plan.js';
import { planStart } from '../../../src/plan/start.js';
import { SystemError } from '../../../src/system/system-error.js';
import { boardFacts } from '../../fixtures/facts.js';
import { machine, type Machine, type MachineOptions } from '../../fixtures/machine.js';

const OLD_KERNEL = ['jffs2', 'overlayfs'];

/** The plan for what the machine shows of its mounts, on the board's partitions. */
const planFor = (on: Machine, filesystems?: string[]): Plan => {
  const { mounts } = gather(on, { platform: 'linux', arch: 'arm', uid: 0, env: {} });
  const facts = boardFacts();
  const decision = planStart({ ...facts, mounts, ...(filesystems && { kernel: { ...facts.kernel, filesystems } }) }, { dryRun: false, force: false });
  if (decision.decision !== 'go') throw new Error(decision.summary);
  return decision;
};

/** One machine before and after a start on it. */
function run(prepare: (on: Machine) => void, options: MachineOptions = {}, filesystems?: string[]): { on: Machine; outcome: Outcome; results: StepResult[]; before: string; treesBefore: string } {
  const on = machine(options);
  prepare(on);
  const before = on.mountinfo();
  const treesBefore = on.trees();
  const results: StepResult[] = [];
  const outcome = execute(planFor(on, filesystems).steps, on, () => 0, (result) => results.push(result));
  return { on, outcome, results, before, treesBefore };
}
const asIs = (): void => {};
const manyMounts = (on: Machine): void => {
  on.add('/run');
  on.add('/run/below');
  on.add('/opt');
};
const sharedMounts = (on: Machine): void => {
  on.add('/run', { shared: 2 });
  on.add('/srv', { shared: 1 });
  on.add('/media', { unbindable: true });
};

const refusing = (position: number): MachineOptions => ({
  refuse: (at, call) => {
    if (at === position) throw new SystemError({ what: call, syscall: call.split(' ')[0]!, errno: 'EIO', path: '' });
  },
});

for (const [name, filesystems, fstype] of [['overlay', undefined, 'overlay'], ['only the old overlayfs', OLD_KERNEL, 'overlayfs']] as const)
  t.test(`a kernel with ${name} ends with the overlay on /, the image on /rom, the data on /overlay and every other mount in its place`, async (t) => {
    const { on, outcome, before } = run(manyMounts, {}, filesystems && [...filesystems]);
    t.same(outcome, { ok: true, warnings: [], leftovers: [] });
    const mounts = parseMountinfo(on.mountinfo());
    const types = (all: typeof mounts): Record<string, string> => Object.fromEntries(all.map(({ mountpoint, fstype }) => [mountpoint, fstype]));
    t.same(types(mounts), { ...types(parseMountinfo(before)), '/': fstype, '/rom': 'squashfs', '/overlay': 'jffs2' });
    t.equal(visibleAt(mounts, '/')?.source, 'overlayfs:/overlay');
  });

for (const [state, prepare] of [['a fresh board', asIs], ['a board with more mounts', manyMounts], ['shared and unbindable mounts', sharedMounts]] as const)
  for (const filesystems of [undefined, OLD_KERNEL])
    t.test(`whichever call before the pivot is refused, ${state} (${filesystems ? 'overlayfs' : 'overlay'}) is left as it was to the letter`, async (t) => {
      const whole = run(prepare, {}, filesystems).on.calls;
      const pivot = whole.findIndex((call) => call.startsWith('pivot_root')) + 1;
      t.ok(pivot > 8);
      for (let position = 1; position <= pivot; position++) {
        const call = whole[position - 1]!;
        const { on, outcome, before, treesBefore, results } = run(prepare, refusing(position), filesystems);
        if (outcome.ok) {
          t.match(call, /remove_tree \/overlay\/work\/work|mkdir \/mnt\//, `${call} is the refused call of a step that only warns`);
          t.equal(outcome.warnings.length, 1, call);
          continue;
        }
        t.match(outcome.error, /EIO/, call);
        t.same(outcome.leftovers, [], call);
        t.equal(on.mountinfo(), before, call);
        t.equal(on.trees(), treesBefore, call);
        const numbers = results.filter(({ result }) => result === 'undone').map(({ number }) => number);
        t.same(numbers, [...numbers].sort((a, b) => b - a), `${call}: last first`);
      }
    });

t.test('a call refused behind the pivot is a warning, and all the others are made', async (t) => {
  const whole = run(manyMounts).on.calls;
  const pivot = whole.findIndex((call) => call.startsWith('pivot_root')) + 1;
  t.ok(whole.length - pivot >= 7, 'chdir and the moves');
  for (let position = pivot + 1; position <= whole.length; position++) {
    const { on, outcome } = run(manyMounts, refusing(position));
    t.match(outcome, { ok: true, warnings: [/EIO/], leftovers: [] });
    t.same(on.calls, whole.filter((_, index) => index !== position - 1), `all but ${whole[position - 1]}`);
    t.equal(visibleAt(parseMountinfo(on.mountinfo()), '/')?.fstype, 'overlay');
  }
});

for (const fstype of ['jffs2', 'overlay'])
  t.test(`${fstype} that mounts read-only and says nothing is found out, and everything is taken back`, async (t) => {
    const { on, outcome, before } = run(asIs, { readonly: [fstype] });
    t.notOk(outcome.ok);
    t.match(outcome.error, new RegExp(`mounted ${fstype} on .* read-only`));
    t.same(outcome.leftovers, []);
    t.equal(on.mountinfo(), before.replaceAll(`- ${fstype} rw`, `- ${fstype} ro`));
  });

t.test('what an earlier start left on the data volume stays there when a later one is taken back', async (t) => {
  let pivotRefused = false;
  const on = machine({
    refuse: (_, call) => {
      if (pivotRefused && call.startsWith('pivot_root')) throw new SystemError({ what: call, syscall: 'pivot_root', errno: 'EINVAL', path: '/mnt' });
    },
  });
  const { steps } = planFor(on);
  t.ok(execute(steps.slice(0, steps.findIndex(({ id }) => id === 'overlay')), on, () => 0, () => {}).ok, 'cut off before the overlay');
  on.umount('/overlay');
  const trees = on.trees();
  t.match(trees, /jffs2 .* \/upper \/work/);
  pivotRefused = true;
  const results: StepResult[] = [];
  t.match(execute(steps, on, () => 0, (result) => results.push(result)), { ok: false, leftovers: [] });
  t.same(results.filter(({ result }) => result === 'kept').map(({ id }) => id).slice(0, 3), ['staging', 'upper', 'work']);
  t.equal(on.trees(), trees);
});

t.test('a probe that a power cut left behind is no obstacle, and is gone afterwards', async (t) => {
  const on = machine();
  const { steps } = planFor(on);
  t.ok(execute(steps.slice(0, steps.findIndex(({ id }) => id === 'writable') + 1), on, () => 0, () => {}).ok);
  for (const path of ['/mnt', '/overlay']) on.umount(path);
  t.match(on.trees(), /jffs2 .*\.mountroot-probe/);
  t.match(execute(steps, on, () => 0, () => {}), { ok: true, warnings: [] });
  t.notMatch(on.trees(), /mountroot-probe/);
});

t.test('a pivot that worked but cannot be verified is not taken back: nobody comes back from it', async (t) => {
  const on = machine();
  const { steps } = planFor(on);
  const blind = { ...on, readText: (path: string): string => (on.calls.some((call) => call.startsWith('pivot_root')) ? '' : on.readText(path)) };
  const outcome = execute(steps, blind, () => 0, () => {});
  t.equal(outcome.ok, true);
  t.match(outcome.warnings[0], /nothing is mounted on \/rom/);
  t.match(on.calls.at(-1), 'move /rom/overlay /overlay');
});

t.test('something mounted on /rom stops a start before it begins, for it would cover the old root and all that is to move from there', async (t) => {
  const on = machine();
  on.add('/rom');
  t.throws(() => planFor(on), { message: /is already mounted on \/rom, where start puts the old root; unmount it first/ });
});

t.test('a shared mount that another one hides cannot be put back, and those behind it are all the same', async (t) => {
  const { on, outcome } = run(
    (on) => {
      on.add('/srv/below', { shared: 1 });
      on.add('/srv', { shared: 2 });
      on.add('/opt', { shared: 3 });
    },
    {
      refuse: (_, call) => {
        if (call.startsWith('pivot_root')) throw new SystemError({ what: call, syscall: 'pivot_root', errno: 'EINVAL', path: '/mnt' });
      },
    },
  );
  t.match(outcome, { ok: false, leftovers: [/\/srv\/below/] });
  const shared = parseMountinfo(on.mountinfo()).filter(({ shared }) => shared !== undefined);
  t.same(shared.map(({ mountpoint }) => mountpoint), ['/srv', '/opt']);
});

t.test('a second start on a started machine finds nothing to do', async (t) => {
  const { on } = run(asIs);
  const { mounts } = gather(on, { platform: 'linux', arch: 'arm', uid: 0, env: {} });
  t.equal(planStart({ ...boardFacts(), mounts }, { dryRun: false, force: false }).decision, 'already');
});
