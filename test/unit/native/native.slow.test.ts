import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { placeNative } from '../../../scripts/agent/agent.js';
import { bundle } from '../../../scripts/agent/bundle.js';
import { buildNative } from '../../../scripts/agent/native.js';

// mount(2) needs root. A user with sudo without a password may run these tests too; the mount
// namespace protects the machine's own mounts.
const asRoot = (words: string[]): string[] =>
  process.getuid?.() === 0 ? words : ['sudo', '-n', ...words];
// The test runner hooks itself into every Node it starts.
const environment = { ...process.env, NODE_OPTIONS: undefined };

const LOAD = `
const ffi = require('ffi-napi'), ref = require('ref-napi');
const fs = require('node:fs'), { join } = require('node:path');
const parts = join(__dirname, 'native', process.platform + '-' + process.arch);
const shim = ffi.Library(join(parts, 'libmountroot.so'), {
  mountroot_mount: ['int32', ['string', 'string', 'string', 'uint32', 'string']],
  mountroot_umount: ['int32', ['string', 'int32']],
  mountroot_pivot_root: ['int32', ['string', 'string']],
  mountroot_chroot: ['int32', ['string']],
  mountroot_syncfs: ['int32', ['string']],
  mountroot_execve: ['int32', ['string', 'pointer', 'pointer']],
});
const vector = (words) => {
  const strings = words.map((word) => ref.allocCString(word));
  const pointers = Buffer.alloc((words.length + 1) * ref.sizeof.pointer);
  strings.forEach((string, index) =>
    ref.writePointer(pointers, index * ref.sizeof.pointer, string));
  return Object.assign(pointers, { strings });
};
`;

/**
 * Runs a piece of JavaScript, bundled as the agent is, in a mount namespace of its own; returns the
 * result.
 */
async function ownNamespace(
  t: Test,
  body: string,
  ...args: string[]
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const folder = t.testdir({ mnt: {}, file: '' });
  writeFileSync(join(folder, 'entry.cjs'), LOAD + body);
  await bundle(join(folder, 'entry.cjs'), join(folder, 'bundle.cjs'));
  await placeNative('host', folder);
  const [program, ...words] = asRoot([
    'unshare',
    '--mount',
    '--propagation',
    'private',
    process.execPath,
    '--expose-gc',
    join(folder, 'bundle.cjs'),
    folder,
    ...args,
  ]);
  return spawnSync(program!, words, { encoding: 'utf8', env: environment });
}

/** The output of the body, as JSON. */
async function answer(t: Test, body: string): Promise<unknown> {
  const { status, stdout, stderr } = await ownNamespace(t, body);
  if (status !== 0) t.fail(`the program ended with ${status}`, { stderr });
  return JSON.parse(stdout);
}

const failed = (name: keyof typeof constants.errno): number => -constants.errno[name];

t.test('ffi-napi calls libc through our addons, with strings both ways', async (t) => {
  const got = await answer(
    t,
    `
    const libc = ffi.Library(null, {
      getpid: ['int', []], strdup: ['string', ['string']],
      strlen: ['size_t', ['string']], labs: ['int64', ['int64']],
    });
    const long = 'é'.repeat(100000);
    process.stdout.write(JSON.stringify({
      pid: libc.getpid() === process.pid, text: libc.strdup('wörter'),
      long: libc.strdup(long) === long, length: libc.strlen(long), labs: libc.labs(-5),
    }));
  `,
  );
  t.same(got, { pid: true, text: 'wörter', long: true, length: 200_000, labs: 5 });
});

t.test('loading ffi-napi does not make V8 collect garbage again and again', async (t) => {
  const folder = t.testdir({});
  writeFileSync(join(folder, 'entry.cjs'), LOAD);
  await bundle(join(folder, 'entry.cjs'), join(folder, 'bundle.cjs'));
  await placeNative('host', folder);
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--trace-gc', join(folder, 'bundle.cjs')],
    { encoding: 'utf8', env: environment },
  );
  t.equal(status, 0);
  t.ok(
    (stdout.match(/Mark-Compact/g) ?? []).length <= 1,
    'at most one full collection; unpatched ref-napi makes about ten',
    { stdout },
  );
});

t.test('the shim returns 0 for success, and -errno otherwise', async (t) => {
  const got = await answer(
    t,
    `
    const base = process.argv[2];
    const mnt = join(base, 'mnt'), file = join(base, 'file'), none = join(base, 'none');
    const MS_BIND = 4096, seen = {};
    seen.missingTarget = shim.mountroot_mount('tmpfs', none, 'tmpfs', 0, null);
    seen.unknownType = shim.mountroot_mount('none', mnt, 'nosuchfs', 0, null);
    seen.badOption = shim.mountroot_mount('tmpfs', mnt, 'tmpfs', 0, 'nosuchoption=1');
    seen.fileTarget = shim.mountroot_mount('tmpfs', file, 'tmpfs', 0, null);
    seen.nullTarget = shim.mountroot_mount('tmpfs', null, 'tmpfs', 0, null);
    seen.notMounted = shim.mountroot_umount(mnt, 0);
    seen.mounted = shim.mountroot_mount('tmpfs', mnt, 'tmpfs', 0, 'size=64k,mode=0700');
    seen.mode = fs.statSync(mnt).mode & 0o777;
    seen.synced = shim.mountroot_syncfs(mnt);
    seen.syncedNowhere = shim.mountroot_syncfs(none);
    fs.mkdirSync(join(mnt, 'sub'));
    seen.pivotNoMountpoint = shim.mountroot_pivot_root(join(mnt, 'sub'), join(mnt, 'sub'));
    const held = fs.openSync(join(mnt, 'held'), 'w');
    seen.busy = shim.mountroot_umount(mnt, 0);
    fs.closeSync(held);
    seen.unmounted = shim.mountroot_umount(mnt, 0);
    seen.pivotMissing = shim.mountroot_pivot_root(none, none);
    seen.pivotOnRootMount = shim.mountroot_pivot_root(mnt, mnt);
    seen.pivotSameRoot = shim.mountroot_pivot_root('/', '/');
    seen.pivotFile = shim.mountroot_pivot_root(file, mnt);
    seen.chrootMissing = shim.mountroot_chroot(none);
    seen.execveMissing = shim.mountroot_execve(none, vector(['none']), vector([]));
    seen.execveNotAllowed = shim.mountroot_execve(file, vector(['file']), vector([]));
    process.stdout.write(JSON.stringify(seen));
  `,
  );
  t.same(got, {
    missingTarget: failed('ENOENT'),
    unknownType: failed('ENODEV'),
    badOption: failed('EINVAL'),
    fileTarget: failed('ENOTDIR'),
    nullTarget: failed('EFAULT'),
    notMounted: failed('EINVAL'),
    mounted: 0,
    mode: 0o700,
    synced: 0,
    syncedNowhere: failed('ENOENT'),
    busy: failed('EBUSY'),
    unmounted: 0,
    pivotMissing: failed('ENOENT'),
    pivotOnRootMount: failed('EBUSY'),
    pivotNoMountpoint: failed('EINVAL'),
    pivotSameRoot: failed('EBUSY'),
    pivotFile: failed('ENOTDIR'),
    chrootMissing: failed('ENOENT'),
    execveMissing: failed('ENOENT'),
    execveNotAllowed: failed('EACCES'),
  });
});

t.test('pivot_root and chroot change the root', async (t) => {
  const got = await answer(
    t,
    `
    const mnt = join(process.argv[2], 'mnt');
    const mounted = shim.mountroot_mount('tmpfs', mnt, 'tmpfs', 0, null);
    fs.mkdirSync(join(mnt, 'old'));
    fs.mkdirSync(join(mnt, 'jail'));
    fs.writeFileSync(join(mnt, 'jail', 'inmate'), '');
    const pivoted = shim.mountroot_pivot_root(mnt, join(mnt, 'old'));
    process.chdir('/');
    const root = fs.readdirSync('/').sort();
    const jailed = shim.mountroot_chroot('/jail');
    const jail = fs.readdirSync('/');
    process.stdout.write(JSON.stringify({ mounted, pivoted, root, jailed, jail }));
  `,
  );
  t.same(got, { mounted: 0, pivoted: 0, root: ['jail', 'old'], jailed: 0, jail: ['inmate'] });
});

t.test('execve replaces Node: arguments, environment, standard output, SIGPIPE', async (t) => {
  const { status, stdout } = await ownNamespace(
    t,
    `
    const script = 'echo "$0 $WORD $HOME"; grep SigIgn /proc/self/status; exit 7';
    const environment = vector(['WORD=given', 'PATH=/usr/bin:/bin']);
    shim.mountroot_execve('/bin/sh', vector(['name', '-c', script, 'zero']), environment);
  `,
  );
  t.equal(status, 7);
  const [words, ignored] = stdout.trim().split('\n');
  t.equal(words, 'zero given ', 'nothing of the old environment is left');
  const SIGPIPE = 1n << BigInt(constants.signals.SIGPIPE - 1);
  t.equal(BigInt(`0x${ignored!.split(/\s+/)[1]}`) & SIGPIPE, 0n);
});

t.test('of 300 calls under forced garbage collection none returns a wrong errno', async (t) => {
  const got = await answer(
    t,
    `
    const base = process.argv[2], mnt = join(base, 'mnt'), none = join(base, 'none');
    const calls = [
      [-${constants.errno.ENOENT}, () => shim.mountroot_mount('tmpfs', none, 'tmpfs', 0, null)],
      [-${constants.errno.EINVAL}, () => shim.mountroot_umount(mnt, 0)],
      [-${constants.errno.ENODEV}, () => shim.mountroot_mount('none', mnt, 'nosuchfs', 0, null)],
      [-${constants.errno.EBUSY}, () => shim.mountroot_pivot_root('/', '/')],
    ];
    const wrong = [];
    let done = 0;
    for (let round = 0; round < 75; round++) for (const [expected, call] of calls) {
      for (let waste = 0; waste < 20; waste++) ref.allocCString('waste'.repeat(2000));
      gc();
      const got = call();
      gc();
      done++;
      if (got !== expected) wrong.push({ got, expected });
    }
    process.stdout.write(JSON.stringify({ done, wrong }));
  `,
  );
  t.same(got, { done: 300, wrong: [] });
});

t.test("measure reports a program's time and memory, and ends with its exit status", async (t) => {
  const measure = join(await buildNative('host'), 'measure');
  const file = join(t.testdir({}), 'result.json');
  const run = (...args: string[]) =>
    spawnSync(measure, args, { encoding: 'utf8', env: environment });
  const line = (text: string): Record<string, number> => JSON.parse(text) as Record<string, number>;

  const slept = run('--', 'sh', '-c', 'sleep 0.2; exit 3');
  t.equal(slept.status, 3);
  const result = line(slept.stderr);
  t.same(Object.keys(result), [
    'start_us',
    'wall_us',
    'user_us',
    'system_us',
    'max_rss_kib',
    'status',
  ]);
  t.equal(result['status'], 3);
  t.ok(
    result['wall_us']! >= 200_000 && result['wall_us']! < 20_000_000 && result['max_rss_kib']! > 0,
  );

  t.equal(
    run('-o', file, '--', 'sh', '-c', 'kill -TERM $$').status,
    128 + constants.signals.SIGTERM,
  );
  t.equal(run('-o', file, '--', 'no-such-program').status, 127);
  t.same(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((text) => line(text)['status']),
    [143, 127],
    'each run appends a line',
  );
  t.equal(run().status, 2);
});

t.test("measure -p reports the peak of a program's private memory", async (t) => {
  const measure = join(await buildNative('host'), 'measure');
  const most = (program: string): number => {
    const { stderr } = spawnSync(measure, ['-p', '--', process.execPath, '-e', program], {
      encoding: 'utf8',
      env: environment,
    });
    const { private_clean_kib, private_dirty_kib, swap_kib, status } = JSON.parse(stderr) as Record<
      'private_clean_kib' | 'private_dirty_kib' | 'swap_kib' | 'status',
      number
    >;
    t.equal(status, 0);
    return private_clean_kib + private_dirty_kib + swap_kib;
  };
  const wait = 'const until = Date.now() + 100; while (Date.now() < until);';
  const [none, held] = [most(wait), most(`Buffer.alloc(64 << 20, 1); ${wait}`)];
  t.ok(held - none > 56 << 10 && held - none < 96 << 10, `64 MiB more are ${held - none} KiB more`);
});

t.test("measure -m hides a program's mounts, so that it can run again", async (t) => {
  const measure = join(await buildNative('host'), 'measure');
  const mnt = join(t.testdir({ mnt: {} }), 'mnt');
  // Without private mounts, the second run would see the first one's mount, and the test would end
  // with 9.
  const script =
    'grep -q " $0 " /proc/self/mountinfo && exit 9; mount -t tmpfs tmpfs "$0" && grep -q " ' +
    '$0 " /proc/self/mountinfo';
  const [program, ...words] = asRoot([
    'unshare',
    '--mount',
    '--propagation',
    'shared',
    'sh',
    '-c',
    `"$0" -m -- sh -c '${script}' "$1" && "$0" -m -- sh -c '${script}' "$1"`,
    measure,
    mnt,
  ]);
  const { status, stderr } = spawnSync(program!, words, { encoding: 'utf8', env: environment });
  t.equal(status, 0, 'both runs mounted, neither saw the other', { stderr });
});
