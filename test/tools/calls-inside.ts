/**
 * Makes calls of most kinds through FFI, in a mount namespace of its own, and prints as JSON what
 * the kernel did. The result is the same on every processor. It runs no program, because QEMU
 * emulates vfork(2) as fork(2), and then the error of execve(2) is lost.
 * usage: calls-inside FOLDER
 */
import * as fs from 'node:fs';
import { parseMountinfo } from '../../src/facts/mountinfo.js';
import { openSystem } from '../../src/system/ffi.js';
import { SystemError } from '../../src/system/system-error.js';

const folder = process.argv[2]!;
const at = (name: string): string => `${folder}/${name}`;
const system = openSystem();

/** The result of a call, or the error that the kernel gave. */
function of(call: () => unknown): unknown {
  try {
    return call() ?? 'done';
  } catch (error) {
    if (error instanceof SystemError) return error.errno;
    throw error;
  }
}

const mounted = (): string[] =>
  parseMountinfo(fs.readFileSync('/proc/self/mountinfo', 'utf8'))
    .filter(({ mountpoint }) => mountpoint.startsWith(folder))
    .map(({ mountpoint, fstype, options }) => {
      const flags = options.filter((option) => ['ro', 'nosuid', 'noexec'].includes(option));
      return `${mountpoint.slice(folder.length)} ${fstype} ${flags.join(',')}`;
    });

/** 2038 is past in 32 bits. */
const LATE = 4_000_000_000_123_456_789n;
const LARGE = 5 * 2 ** 30;

const results: Record<string, unknown> = {};
for (const name of ['one', 'two', 'three']) system.mkdir(at(name), 0o755);
results['mount'] = of(() => system.mount('tmpfs', at('one'), 'tmpfs', ['MS_NOSUID'], 'size=1m'));
results['mount with a wrong option'] = of(() =>
  system.mount('tmpfs', at('two'), 'tmpfs', [], 'no-such-option=1'),
);
system.mkdir(at('one/below'), 0o700);
results['MS_BIND'] = of(() => system.mount(at('one/below'), at('two'), null, ['MS_BIND'], null));
results['MS_MOVE'] = of(() => system.mount(at('two'), at('three'), null, ['MS_MOVE'], null));
results['MS_REMOUNT'] = of(() =>
  system.mount(null, at('three'), null, ['MS_BIND', 'MS_REMOUNT', 'MS_RDONLY', 'MS_NOEXEC'], null),
);
results['mounts'] = mounted();
results['write through it'] = of(() => system.create(at('three/file'), 'x', 0o600));
results['unmount'] = of(() => system.umount(at('three')));
results['unmount again'] = of(() => system.umount(at('three')));
results['pivot_root to no mount'] = of(() => system.pivotRoot(at('two'), at('two')));

system.create(at('one/file'), 'content', 0o640);
results['time'] = of(() => {
  system.setModified(at('one/file'), LATE);
  return system.details(at('one/file')).mtime.toString();
});
results['attribute'] = of(() => {
  system.setAttribute(at('one/file'), 'trusted.overlay.opaque', Buffer.from('y'));
  return [...system.attributes(at('one/file'))].map(([name, value]) => `${name}=${String(value)}`);
});
results['whiteout'] = of(() => {
  system.renameLeavingWhiteout(at('one/file'), at('one/moved'));
  return [system.details(at('one/file')).node, system.kind(at('one/moved'))];
});
results['device'] = of(() => {
  system.makeNode(at('one/null'), 'character', 0o600, '1:3');
  return system.details(at('one/null')).node;
});
fs.truncateSync(at('one/moved'), 0);
system.mount(null, at('one'), null, ['MS_REMOUNT'], 'size=8g');
fs.truncateSync(at('one/moved'), LARGE);
results['sync'] = of(() => system.syncfs(at('one')));
results['lock'] = of(() => system.lock(at('one/lock')));
results['shared mapping'] = of(() => system.mapShared(at('one/lock')));

const top = system.tree.open(at('one'));
results['tree'] = [...system.tree.entries(top, true)].map(({ name, kind, size, node, errno }) =>
  [name, kind, kind === 'file' ? size : '', node, errno].join(' '),
);
results['built'] = system.tree.build(top, [
  { what: 'folder', path: 'made' },
  {
    what: 'data',
    path: 'made/file',
    bytes: Buffer.from('bytes'),
    mode: 0o4755,
    uid: 1234567,
    gid: 7654321,
    mtime: LATE,
    attributes: new Map([['user.note', Buffer.from('a')]]),
    needed: 0,
  },
]);
const made = system.details(at('one/made/file'));
results['made'] = [made.mode, made.uid, made.gid, String(made.mtime), made.size];
results['removed'] = of(() => {
  system.removeTree(at('one/made'));
  return system.kind(at('one/made'));
});
system.tree.close(top);
process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
