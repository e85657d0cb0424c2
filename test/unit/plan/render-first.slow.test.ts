/** The script that runs before the agent: it does the same as the agent, or nothing. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { lookInto } from '../../../src/facts/mounted-volume.js';
import type { Facts } from '../../../src/facts/facts.js';
import { STAGING } from '../../../src/facts/places.js';
import { planStages } from '../../../src/plan/whole-plan.js';
import { planStart } from '../../../src/plan/start.js';
import { firstScript } from '../../../src/plan/render-first.js';
import { reader } from '../../../src/system/files.js';
import {
  boardFacts,
  device,
  mount,
  withContent,
  withFilesystems,
  withSettings,
  withVolume,
} from '../../fixtures/facts.js';
import { failingCommands } from '../../fixtures/failing-commands.js';
import { golden } from '../../fixtures/golden.js';
import { BOARD } from '../../fixtures/captures.js';

const scriptFor = (facts: Facts = boardFacts()): string => {
  const made = firstScript(facts);
  if ('never' in made) throw new Error(made.never.join('; '));
  return made.script;
};
/** Whatever is run here, nothing is mounted on this machine. */
const NOTHING_IS_MOUNTED = failingCommands('mount', 'umount', 'pivot_root', 'switch_root');
const sh = (script: string, env: Record<string, string> = {}) =>
  spawnSync('busybox', ['sh'], {
    input: NOTHING_IS_MOUNTED + script,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
/** A part of the script, from the beginning of one line to the beginning of another. */
function part(from: string, to: string, script = scriptFor()): string {
  const begin = script.indexOf(from);
  const end = script.indexOf(to, begin);
  if (begin < 0 || end < 0) throw new Error(`the script has no part from ${from} to ${to}`);
  return script.slice(begin, end);
}

t.test('the script for the board is the reviewed one', async (t) =>
  golden(t, 'first-start.sh', scriptFor()),
);

t.test('the script is valid shell with any names from the board', async (t) => {
  const facts = boardFacts();
  const name = "a'; reboot; '$(x)`y`\n#";
  const hostile = scriptFor({
    ...facts,
    mtd: facts.mtd.map((each) => (each.index === 3 ? { ...each, name } : each)),
    volume: { ...facts.volume, found: [device({ label: name })] },
    mounts: [...facts.mounts, mount("/m'; reboot #\n")],
  });
  for (const script of [scriptFor(), hostile])
    t.equal(spawnSync('busybox', ['sh', '-n'], { input: script }).status, 0);
});

t.test(
  'if the facts lack a part of a start, or a shell cannot check it, there is no script, ' +
    'with the reason',
  async (t) => {
    const never: [Facts, RegExp][] = [
      [withContent('blank'), /is blank, and what it will hold is not known in advance/],
      [withContent('erase-marker'), /stages root,/],
      [withContent('unknown'), /stages root,/],
      [withFilesystems(['jffs2', 'squashfs']), /stages root,/],
      [withSettings({ watchdog: '/dev/watchdog' }), /watchdog is to be fed/],
      [withSettings({ extroot: 'LABEL=card' }), /external volume is configured/],
      [withVolume({ found: [] }), /stages root/],
      [
        withVolume(
          {
            wanted: 'LABEL=data',
            found: [device({ kind: 'block', name: 'vda', source: '/dev/vda' })],
            content: { kind: 'ext4', evidence: '' },
          },
          withFilesystems([...boardFacts().kernel.filesystems]),
        ),
        /looked for by its name/,
      ],
      [withVolume({ attach: 3, found: [] }), /stages attach/],
      [boardFacts({ uid: 0, platform: 'darwin' }), /needs a Linux kernel/],
    ];
    for (const [facts, why] of never) {
      const made = firstScript(facts);
      t.ok('never' in made);
      t.match('never' in made ? made.never.join('; ') : '', why);
    }
  },
);

const REFUSE = 'refuse() { echo "refused: $1"; exit 5; }';

/** Runs a script's checks of /proc on a text in place of the kernel's files. */
function looked(facts: Facts, text: string): string {
  const quoted = text.replaceAll("'", "'\\''");
  const looks = part('seen=$(cat', '{ { [ -d /overlay ]', scriptFor(facts));
  const lines = ['set -f', `cat() { printf %s '${quoted}'; }`, REFUSE, looks, 'echo passed'];
  return sh(lines.join('\n')).stdout;
}

/** The same for a board that differs from the planned one. */
function lookAtProc({
  commandLine = 'console=ttyAMA0 root=/dev/mtdblock2',
  mtd = BOARD.mtd,
  filesystems = boardFacts().kernel.filesystems,
  mountinfo = BOARD.mountinfo,
} = {}): string {
  const types = filesystems.map((name, index) => `${index % 2 === 0 ? 'nodev' : ''}\t${name}\n`);
  const planned = 'console=ttyAMA0 root=/dev/mtdblock2';
  const facts = boardFacts({ kernel: { ...boardFacts().kernel, commandLine: planned } });
  return looked(facts, `${commandLine}\n${mtd}${types.join('')}${mountinfo}`);
}

t.test(
  'a different command line, kernel, partition table or set of mounts is refused; the ' +
    'setting for who goes first is ignored',
  async (t) => {
    t.equal(lookAtProc(), 'passed\n');
    for (const commandLine of ['quiet mountroot.first=script', 'mountroot.first=agent', 'a=b'])
      t.equal(lookAtProc({ commandLine }), 'passed\n');
    for (const commandLine of [
      'mountroot.volume=other',
      'a mountroot.boot_limit=2 b',
      'mountroot.extroot=LABEL=x',
      'fstools_overlay_name=x',
      '"mountroot.volume=a b"',
      'mount"root.volume"=x',
      'mountroot.first=other',
    ])
      t.match(lookAtProc({ commandLine }), /^refused: the kernel command line/, commandLine);
    t.match(lookAtProc({ mtd: BOARD.mtd.replace('rootfs_data', 'other') }), /^refused: the flash/);
    t.match(
      lookAtProc({ mtd: BOARD.mtd.replace('04000000 00040000', '04000000 00020000') }),
      /^refused: the flash/,
    );
    t.match(
      lookAtProc({ mtd: `${BOARD.mtd}mtd5: 00040000 00040000 "rootfs_data"\n` }),
      /^refused: the flash/,
    );
    t.match(
      lookAtProc({
        filesystems: boardFacts().kernel.filesystems.filter((name) => name !== 'overlay'),
      }),
      /^refused: the kernel has/,
    );
    for (const mountinfo of [
      BOARD.mountinfo.replace('17 13 0:14 / /tmp rw,nosuid,nodev,relatime - tmpfs tmpfs rw\n', ''),
      `${BOARD.mountinfo}18 13 0:15 / /run rw - tmpfs tmpfs rw\n`,
      BOARD.mountinfo.replace('relatime - proc', 'relatime shared:3 - proc'),
      BOARD.mountinfo.replace('squashfs', 'overlay'),
    ])
      t.match(lookAtProc({ mountinfo }), /^refused: other file systems/);
  },
);

t.test('mountpoints that the kernel escapes are compared in escaped form', async (t) => {
  const facts = boardFacts({ mounts: [...boardFacts().mounts, mount('/a b\\c')] });
  const line = '99 13 0:99 / /a\\040b\\134c rw - tmpfs tmpfs rw\n';
  const { commandLine, filesystems } = facts.kernel;
  const types = filesystems.map((name) => `nodev\t${name}\n`).join('');
  const text = `${commandLine}\n${BOARD.mtd}${types}${BOARD.mountinfo}${line}`;
  t.equal(looked(facts, text), 'passed\n');
});

const volumes = mkdtempSync(join(tmpdir(), 'mountroot-first-'));
t.teardown(() => rmSync(volumes, { recursive: true, force: true }));
let made = 0;

/** The content of a healthy volume. */
const HEALTHY =
  'mkdir -p upper/etc work/work .mountroot/boots .mountroot/quarantine; ' +
  'echo x >.mountroot/quarantine/upper-1; ln -s 2 .fs_state; echo 0 >.mountroot/attempts';

/** Both the guards and the planner on one volume. */
function judged(shell: string): { script: string; same: boolean } {
  const at = join(volumes, String(++made));
  mkdirSync(at);
  const { status, stderr } = spawnSync('busybox', ['sh', '-ec', `${HEALTHY}; ${shell}`], {
    cwd: at,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${shell}: ${stderr}`);
  const facts = boardFacts();
  const script = scriptFor(facts);
  const guards = part('{ { [ -d /tmp/overlay/.mountroot ]', '\nn=4 id=meta', script);
  const functions = `now() { :; }\n${part('read_attempts() {', '\nundo() {', script)}${REFUSE}`;
  const { stdout } = sh(
    `set -f\nattempts= state=\n${functions}\n${guards.replaceAll('/tmp/overlay', at)}`,
  );
  const [, root] = planStages('start', facts, { dryRun: true, force: false }).stages;
  const opened = lookInto(reader, mount(at, { device: '31:3', fstype: 'jffs2' }), [])!;
  const decision = planStart(
    { ...root!.facts, opened: { ...opened, at: STAGING } },
    { dryRun: true, force: false, earlier: root!.earlier },
  );
  const steps = (plan: typeof decision): string =>
    plan.decision === 'go'
      ? JSON.stringify([plan.rung, plan.reason, plan.steps]).replace(/"content":"\d+\\n"/, '')
      : plan.decision;
  return { script: stdout, same: steps(decision) === steps(root!.plan) };
}

/**
 * Oddities that the planner accepts; the script supports only what most boards need most of the
 * time.
 */
const ALIKE: [string, RegExp][] = [
  ['true', /^found {2}attempts=0 state=2$/m],
  ['rm .fs_state; ln -s 1 .fs_state', /state=1$/m],
  ['rm .fs_state; ln -s 0 .fs_state', /state=0$/m],
  ['echo 4 >.mountroot/attempts', /attempts=4 /],
  ['rm .mountroot/attempts', /attempts=0 /],
  ['rm -r .mountroot', /attempts=0 /],
  ['rm -r upper work', /^found/],
  ['mkdir sysupgrade.tgz', /^found/],
  ['mkdir -p work/work/x; echo y >work/work/y', /^found/],
];
/** Cases where the script is more careful than the planner. */
const CAREFUL = [
  'echo 007 >.mountroot/attempts',
  'printf "1\\n\\n" >.mountroot/attempts',
  'echo many >.mountroot/attempts',
  'printf 3 >.mountroot/attempts',
  'rm .mountroot/attempts; ln -s x .mountroot/attempts',
  'mkdir .mountroot/former-upper',
  'mkdir .mountroot/next-upper',
  'echo {} >upper/etc/mountroot.json',
  'ln -s x upper/etc/mountroot.json',
];
const OTHERS = [
  'rm .fs_state',
  'rm .fs_state; echo x >.fs_state',
  'rm .fs_state; ln -s 3 .fs_state',
  'rm .fs_state; ln -s "2 " .fs_state',
  'echo 5 >.mountroot/attempts',
  'echo 999999 >.mountroot/attempts',
  'echo "{\\"keep\\":[]}" >.mountroot/reset.json',
  'echo "{" >.mountroot/reset.json',
  'mkdir .mountroot/reset.json',
  'ln -s /nowhere .mountroot/reset.json',
  'echo x >sysupgrade.tgz',
  'rm -r upper; ln -s / upper',
  'rm -r upper; echo x >upper',
  'rm -r work; ln -s . work',
  'rm -r work; mkfifo work',
  'mkdir .mountroot/incoming',
  'echo x >.mountroot/incoming',
  'mkdir .mountroot/next-upper; echo >.mountroot/import.json',
  'rm -r .mountroot; ln -s / .mountroot',
  'rm -r .mountroot; echo x >.mountroot',
];

t.test(
  'on any volume content, the script continues only if the agent would do the same',
  async (t) => {
    for (const [shell, says] of ALIKE) {
      const { script, same } = judged(shell);
      t.match(script, says, `${shell}: the script goes on`);
      t.ok(same, `${shell}: and so does the agent`);
    }
    for (const shell of CAREFUL) t.match(judged(shell).script, /^refused: /, shell);
    for (const shell of OTHERS) {
      const { script, same } = judged(shell);
      t.match(script, /^refused: /, `${shell}: the script refuses`);
      t.notOk(same, `${shell}: and the agent would do something else`);
    }
  },
);

t.test('two oddities at once are refused as one is', async (t) => {
  const all = [...OTHERS.slice(6, 11), ...CAREFUL.slice(-4)];
  for (const one of all)
    for (const other of ['true', ...ALIKE.slice(1, 4).map(([shell]) => shell)])
      t.match(judged(`${other}; ${one}`).script, /^refused: /, `${other}; ${one}`);
});

t.test('without a limit, no number of starts is too many', async (t) => {
  const script = scriptFor(withSettings({ boot_limit: 0 }));
  t.match(script, /read_attempts \/tmp\/overlay\/\.mountroot\/attempts; }/);
  t.notMatch(script, /-lt/);
});

t.test('a device is recognised by its first bytes, in either byte order', async (t) => {
  const looks = (bytes: string): string => {
    const at = join(volumes, `device-${++made}`);
    spawnSync('busybox', ['sh', '-c', `printf '${bytes}' >${at}`]);
    const look = part('{ { IFS= read -r -n 2 head', '\n');
    // It reads two bytes of any value: a shell that searched for a nonzero byte would read a whole
    // flash of zeros.
    const here = look.replace('/dev/mtdblock3 ', `${at} `).replace('</dev/mtdblock3', `<${at}`);
    return sh(`${REFUSE}\n${here}\necho passed`).stdout;
  };
  for (const bytes of ['\\205\\031\\003\\040', '\\031\\205\\040\\003'])
    t.equal(looks(bytes), 'passed\n');
  for (const bytes of [
    '\\336\\255\\300\\336',
    '\\377\\377\\377\\377',
    '',
    '\\205',
    'UBI#',
    '\\000\\000\\000',
    '\\000\\205\\031',
  ])
    t.match(looks(bytes), /^refused: \S+ does not begin as jffs2 does/, bytes);
});

t.test('the script refuses a live system before it does anything', async (t) => {
  const { status, stdout } = sh(scriptFor().replaceAll('dev=/dev', 'dev=/nonexistent'));
  t.equal(status, 5);
  t.match(stdout, /script refused: this is not the early boot/);
});

t.test('each changing step before the pivot has its undo, in reverse order', async (t) => {
  const undo = part('undo() {', '\n}');
  const order = [
    '/mnt/proc /proc',
    'umount -n /mnt',
    'rmdir /overlay/upper',
    '-o move /overlay /tmp/overlay',
    'echo "$attempts"',
    'umount -n /tmp/overlay',
    'rmdir /tmp/overlay',
  ].map((text) => undo.indexOf(text));
  t.notOk(order.includes(-1));
  t.same(
    order,
    [...order].sort((a, b) => a - b),
  );
});
