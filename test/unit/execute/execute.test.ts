import t from 'tap';
import { execute, type StepResult } from '../../../src/execute/execute.js';
import { perform } from '../../../src/steps/step.js';
import type { Plan } from '../../../src/plan/plan.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import type { Step } from '../../../src/steps/step.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { System } from '../../../src/system/port.js';
import { SystemError } from '../../../src/system/system-error.js';
import { boardFacts } from '../../fixtures/facts.js';

const clock = (): number => 0;

/**
 * A machine that does a step by recording its name: directories are a set, and the test defines
 * `mountinfo`.
 */
function machine(mountinfo: () => string): System & { calls: string[]; there: Set<string> } {
  const there = new Set<string>();
  const system = { ...dryRun(), there };
  return {
    ...system,
    kind: (path) => (there.has(path) ? 'directory' : 'missing'),
    readText: mountinfo,
    mkdir: (path, mode) => (system.mkdir(path, mode), void there.add(path)),
    rmdir: (path) => (system.rmdir(path), void there.delete(path)),
  };
}

const dir = (id: string, path: string, severity: Step['severity'] = 'fatal'): Step => ({
  id,
  action: { kind: 'mkdir', path, mode: 0o755, accept: 'directory' },
  why: 'It is needed.',
  severity,
});
const failing = (id: string, severity: Step['severity'] = 'fatal'): Step => ({
  id,
  action: {
    kind: 'mount',
    source: 'a',
    target: '/nowhere',
    fstype: 'jffs2',
    flags: [],
    data: null,
    writable: true,
  },
  why: 'It fails.',
  severity,
});
const run = (
  steps: Step[],
  system: System,
): { outcome: ReturnType<typeof execute>; results: string[] } => {
  const results: StepResult[] = [];
  const outcome = execute(steps, system, clock, (result) => results.push(result));
  return { outcome, results: results.map(({ id, result }) => `${id} ${result}`) };
};

t.test(
  'a fatal failure undoes the done steps, last first, and leaves earlier files alone',
  async (t) => {
    const system = machine(() => '');
    system.there.add('/kept');
    const { outcome, results } = run(
      [dir('one', '/one'), dir('kept', '/kept'), dir('two', '/two'), failing('mount')],
      system,
    );
    t.same(results, [
      'one done',
      'kept kept',
      'two done',
      'mount failed',
      'mount undone',
      'two undone',
      'one undone',
    ]);
    t.same([...system.there], ['/kept']);
    t.match(outcome, {
      ok: false,
      failed: {
        step: 'mount',
        errno: null,
        error: 'the kernel reported success, but nothing is mounted on /nowhere',
      },
    });
  },
);

t.test(
  'a mount that returned success and is read-only is a failure, and is unmounted',
  async (t) => {
    const system = machine(() =>
      system.calls.some((call) => call.startsWith('umount2'))
        ? ''
        : '1 0 0:1 / /nowhere rw - jffs2 a ro\n',
    );
    const { outcome, results } = run([failing('mount')], system);
    t.match(outcome, {
      ok: false,
      failed: { error: /mounted jffs2 on \/nowhere read-only/ },
      leftovers: [],
    });
    t.same(results, ['mount failed', 'mount undone']);
  },
);

t.test('a failed step that is only a warning is reported and skipped', async (t) => {
  const { outcome, results } = run(
    [failing('mount', 'warn'), dir('one', '/one')],
    machine(() => ''),
  );
  t.same(results, ['mount failed', 'one done']);
  t.match(outcome, { ok: true, warnings: [/nothing is mounted/] });
});

t.test('after pivot_root nothing is undone, whatever fails', async (t) => {
  const system = machine(
    () => '1 0 0:1 / / rw - overlay o rw\n2 1 0:2 / /rom ro - squashfs s ro\n',
  );
  const pivot: Step = {
    id: 'pivot',
    action: { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
    why: 'It is time.',
    severity: 'fatal',
  };
  const { outcome, results } = run([dir('one', '/one'), pivot, failing('late')], system);
  t.same(results, ['one done', 'pivot done', 'late failed']);
  t.match(outcome, { ok: true, warnings: [/nothing is mounted/] });
});

t.test('a step that cannot be undone is reported, and the rest is undone', async (t) => {
  const system = machine(() => '');
  const refusing: System = {
    ...system,
    rmdir: (path) => {
      if (path === '/two')
        throw new SystemError({
          what: `remove directory ${path}`,
          syscall: 'rmdir',
          errno: 'EBUSY',
          path,
        });
      system.rmdir(path);
    },
  };
  const { outcome } = run([dir('one', '/one'), dir('two', '/two'), failing('mount')], refusing);
  t.equal(
    outcome.leftovers.filter((each) => each.startsWith('cannot remove directory /two: EBUSY'))
      .length,
    1,
  );
  t.same([...system.there], ['/two']);
});

t.test('verification follows /proc into the new root and out of it again', async (t) => {
  const read: string[] = [];
  const system = machine(
    () =>
      '1 0 0:1 / / rw - overlay o rw\n2 1 0:2 / /rom ro - squashfs s ro\n' +
      '3 1 0:3 / /mnt/proc rw - proc p rw\n4 1 0:4 / /dev rw - devtmpfs d rw\n',
  );
  const watched: System = {
    ...system,
    readText: (path) => (read.push(path), system.readText(path)),
  };
  const move = (id: string, from: string, to: string): Step => ({
    id,
    action: { kind: 'move', from, to },
    why: 'It goes along.',
    severity: 'fatal',
  });
  run(
    [
      move('proc', '/proc', '/mnt/proc'),
      {
        id: 'pivot',
        action: { kind: 'pivot-root', newRoot: '/mnt', putOld: '/mnt/rom' },
        why: 'Now.',
        severity: 'fatal',
      },
      move('dev', '/rom/dev', '/dev'),
    ],
    watched,
  );
  t.same(read, ['/mnt/proc/self/mountinfo', '/proc/self/mountinfo', '/proc/self/mountinfo']);
});

t.test('a run makes the same calls that the dry run prints', async (t) => {
  const { steps } = planWhole('start', boardFacts(), { dryRun: false, force: false }) as Plan;
  const printed = dryRun();
  for (const { action } of steps) perform(action, printed);
  // Every check succeeds and nothing exists beforehand: the calls of a first start.
  const made = dryRun();
  execute(
    steps.map((step) => ({ ...step, severity: 'warn' })),
    { ...made, readText: () => '' },
    clock,
    () => {},
  );
  t.same(made.calls, printed.calls);
});
