/** Properties of the plan of any machine, tried on a few hundred random ones. */
import { spawnSync } from 'node:child_process';
import t from 'tap';
import { perform } from '../../../src/steps/step.js';
import type { Facts } from '../../../src/facts/facts.js';
import { identify } from '../../../src/volumes/identify.js';
import { gather } from '../../../src/facts/gather.js';
import { parseFacts } from '../../../src/facts/validate.js';
import type { Plan } from '../../../src/plan/plan.js';
import { firstScript } from '../../../src/plan/render-first.js';
import { renderSh } from '../../../src/plan/render-sh.js';
import { renderText } from '../../../src/plan/render-text.js';
import { planWhole } from '../../../src/plan/whole-plan.js';
import { planStart } from '../../../src/plan/start.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Reader } from '../../../src/system/port.js';
import { boardFacts, device, mount } from '../../fixtures/facts.js';
import { random } from '../../fixtures/random.js';

const HOSTILE = [
  "'",
  '"',
  '`reboot`',
  '$(reboot)',
  '; reboot; ',
  '\n',
  ' ',
  '\\',
  '#',
  '*',
  '&',
  '|',
  '>x',
  'ü',
  '-',
  '--',
  '=',
  ':',
  ',',
  '\t',
  '\u001b[2J',
  '/',
  'a',
  'EOF',
];

function anyMachine(seed: number): Facts {
  const next = random(seed);
  const word = (): string =>
    Array.from({ length: 1 + next(6) }, () => HOSTILE[next(HOSTILE.length)]).join('');
  const facts = boardFacts();
  const name = word();
  const filesystems = [
    ['jffs2', 'overlay'],
    ['jffs2', 'overlayfs'],
    ['jffs2', 'overlay', 'overlayfs'],
  ][next(3)]!;
  const mounts = Array.from({ length: next(6) }, (_, index) =>
    mount(`/${word()}`, {
      id: 500 + index,
      source: word(),
      ...(next(3) === 0 && { shared: 1 + next(9) }),
      ...(next(5) === 0 && { unbindable: true as const }),
      ...(next(3) === 0 && { parent: 500 + next(6) }),
    }),
  );
  return {
    ...facts,
    kernel: { ...facts.kernel, filesystems },
    mtd: facts.mtd.map((each) => (each.index === 3 ? { ...each, name } : each)),
    volume: {
      ...facts.volume,
      found: [device({ label: name })],
      content: { kind: (['jffs2', 'blank', 'unreadable'] as const)[next(3)]!, evidence: word() },
    },
    mounts: [...facts.mounts, ...mounts],
    problems: next(2) ? [word()] : [],
  };
}

const plans: Plan[] = [];
for (let seed = 1; seed <= 300; seed++) {
  const decision = planWhole('start', anyMachine(seed), { dryRun: false, force: false });
  if (decision.decision === 'go') plans.push(decision);
}

t.test('random machines get plans', async (t) => {
  t.equal(plans.length, 300);
});

t.test('ids are unique words, and every step says why in a sentence', async (t) => {
  for (const { steps } of plans) {
    const ids = steps.map(({ id }) => id);
    t.equal(new Set(ids).size, ids.length);
    t.same(
      ids.filter((id) => !/^[\w.~-]+$/.test(id)),
      [],
    );
    t.same(
      steps.filter(({ why }) => !why.endsWith('.')),
      [],
    );
  }
});

t.test('there is one pivot, and no step after it is fatal', async (t) => {
  for (const { steps } of plans) {
    const pivots = steps.filter(({ action }) => action.kind === 'pivot-root');
    t.equal(pivots.length, 1);
    t.same(
      steps.slice(steps.indexOf(pivots[0]!) + 1).filter(({ severity }) => severity === 'fatal'),
      [],
    );
  }
});

t.test('each mount that moves has its mountpoint in the new root made first', async (t) => {
  for (const { steps } of plans) {
    const made = steps.flatMap(({ action }) => (action.kind === 'mkdir' ? [action.path] : []));
    const moved = steps.flatMap(({ action }) =>
      action.kind === 'move' && action.to.startsWith('/mnt/') ? [action.to] : [],
    );
    t.ok(moved.length >= 4);
    t.same(
      moved.filter((path) => !made.includes(path)),
      [],
    );
  }
});

t.test('the text form marks the point of no return, once', async (t) => {
  for (const plan of plans) {
    const text = renderText(plan, ({ action }) => {
      const system = dryRun();
      perform(action, system);
      return system.calls;
    });
    t.notMatch(text, /[\0-\x09\x0b-\x1f\x7f]/, 'no orders to a terminal');
    t.equal(text.split('no step after this line can be undone').length, 2);
  }
});

t.test(
  'the script is valid shell for busybox and for this machine, and no name injects a command',
  async (t) => {
    // All commands are functions that do nothing, so a word that the shell takes for any other
    // command gives "not found", or runs the reboot above, which reports it.
    const commands = 'mount umount pivot_root mkdir rmdir rm mv ln sync cd'.split(' ');
    const prelude = `${commands.map((name) => `${name}() { :; }`).join('\n')}
reboot() { echo smuggled >&2; }
grep() { [ "$1" = -qxF ]; }
PREINIT=1
PATH=/nonexistent
`;
    for (const plan of plans.slice(0, 40)) {
      const script = renderSh(plan)
        .replace(/>\/(mnt|tmp)\/[\w./-]+/g, '>/dev/null')
        .replaceAll('/dev/kmsg', '/nonexistent/kmsg');
      for (const shell of [['busybox', 'sh'], ['sh']])
        t.equal(spawnSync(shell[0]!, [...shell.slice(1), '-n'], { input: script }).status, 0);
      const { status, stderr } = spawnSync('busybox', ['sh'], {
        input: prelude + script,
        encoding: 'utf8',
      });
      t.equal(status, 0);
      const lines = stderr.replaceAll(plan.summary, '');
      t.notMatch(lines, /smuggled|not found|syntax/);
    }
  },
);

t.test('the first script is valid shell, or it is missing with a reason', async (t) => {
  let made = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const first = firstScript(anyMachine(seed));
    if ('never' in first) t.ok(first.never.every((why) => why.length > 10));
    else {
      made++;
      for (const shell of [['busybox', 'sh'], ['sh']])
        t.equal(spawnSync(shell[0]!, [...shell.slice(1), '-n'], { input: first.script }).status, 0);
    }
  }
  t.ok(made > 5, `${made} of them have one`);
});

t.test('facts gathered from garbage are still facts, and give decisions', async (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const garbage = (): string =>
      Array.from({ length: next(60) }, () =>
        String.fromCharCode(next(8) === 0 ? next(0xffff) : next(128)),
      ).join('');
    const machine: Reader = {
      ...dryRun(),
      readText: (path) => {
        if (path === '/proc/mtd') return `mtd0: 00100000 00010000 "rootfs_data"\n${garbage()}`;
        return next(4) === 0 ? boardLine(next) : garbage();
      },
      readBytes: (_, __, length) => Uint8Array.from({ length: next(length + 1) }, () => next(256)),
      kind: () =>
        (['missing', 'directory', 'file', 'symlink', 'block', 'character', 'other'] as const)[
          next(7)
        ]!,
    };
    const facts = gather(machine, { platform: 'linux', arch: 'arm', uid: 0, env: {} });
    t.strictSame(parseFacts(JSON.stringify(facts), 'x'), JSON.parse(JSON.stringify(facts)));
    const decision = planStart(facts, { dryRun: true, force: false });
    t.ok(decision.summary);
  }
});

const boardLine = (next: (below: number) => number): string =>
  `${next(99)} 1 0:${next(9)} / / ro - squashfs /dev/root ro\n`;

t.test('any volume content gets a type, in at most one read per block', async (t) => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = random(seed);
    const blocks = 1 + next(40);
    let reads = 0;
    const content = identify(() => {
      reads++;
      const byte = next(3) === 0 ? 0xff : next(256);
      return new Uint8Array(next(0x440)).fill(byte);
    }, blocks);
    t.ok(content.evidence);
    t.ok(reads >= 1 && reads <= blocks);
  }
});
