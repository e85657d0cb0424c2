/** Runs as root in a mount namespace of its own: copies trees from tmpfs to ext4 on the real kernel, and prints what differs. */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { clearTree, remaining } from '../../src/execute/clear-tree.js';
import { copyTree } from '../../src/execute/copy-tree.js';
import { system } from '../../src/system/ffi.js';
import type { System } from '../../src/system/port.js';
import { SystemError } from '../../src/system/system-error.js';
import { random } from '../fixtures/random.js';

const [, , base, image] = process.argv as [string, string, string, string];
const at = (path: string): string => `${base}/${path}`;
const mount = (...words: string[]): void => void execFileSync('mount', words);

for (const name of ['memory', 'flash', 'image', 'one', 'other']) fs.mkdirSync(at(name));
mount('-t', 'tmpfs', 'memory', at('memory'));
mount('-o', 'loop', image, at('flash'));
mount('-t', 'tmpfs', 'image', at('image'));
for (const path of ['memory/upper', 'memory/work', 'flash/upper', 'flash/work', 'image/etc', 'image/usr', 'image/usr/share']) fs.mkdirSync(at(path));
for (const path of ['etc/passwd', 'etc/hostname', 'usr/share/doc', 'usr/old']) fs.writeFileSync(at(`image/${path}`), path);

/** A tree as lines, with all that a copy must carry; times of what a directory's mount makes anew are left out by `times`. */
function lines(top: string, times = true, inner = ''): string[] {
  return fs.readdirSync(`${top}${inner}`).sort().flatMap((name) => {
    const path = `${top}${inner}/${name}`;
    const { kind, mode, uid, gid, mtime, links, node } = system.details(path);
    const content = kind === 'file' ? fs.readFileSync(path, 'latin1') : kind === 'symlink' ? fs.readlinkSync(path) : node;
    const attributes = [...system.attributes(path)].filter(([key]) => !/overlay\.(origin|impure|nlink|upper|uuid)$/.test(key)).map(([key, value]) => `${key}=${value.toString('hex')}`).sort();
    const line = `${inner}/${name} ${kind} ${mode.toString(8)} ${uid}:${gid} ${times ? mtime : ''} ${kind === 'directory' || node === '0:0' ? '' : links} ${JSON.stringify(content)} ${attributes.join(' ')}`;
    return kind === 'directory' ? [line, ...lines(top, times, `${inner}/${name}`)] : [line];
  });
}

/** What people and programs do to a root, through a real overlay, so that its upper layer holds everything an overlay makes. */
function use(root: string): void {
  const path = (name: string): string => `${root}/${name}`;
  fs.writeFileSync(path('etc/hostname'), 'renamed\n');
  fs.unlinkSync(path('etc/passwd'));
  fs.rmSync(path('usr/share'), { recursive: true });
  fs.mkdirSync(path('usr/share'), { mode: 0o1777 });
  fs.mkdirSync(path('etc/.hidden'), { mode: 0o700 });
  fs.writeFileSync(path('etc/.hidden/.key'), 'secret', { mode: 0o400 });
  fs.writeFileSync(path('.dot'), Buffer.alloc(200_000, 7));
  fs.symlinkSync('/nowhere/at/all', path('link'));
  fs.linkSync(path('.dot'), path('etc/same-as-dot'));
  fs.mkdirSync(path('empty'));
  execFileSync('mkfifo', [path('fifo')]);
  execFileSync('mknod', [path('device'), 'c', '4', '70']);
  fs.chownSync(path('etc/hostname'), 1234, 5678);
  fs.writeFileSync(path('setuid'), 'x');
  fs.chownSync(path('setuid'), 12, 13);
  fs.chmodSync(path('setuid'), 0o6755);
  system.setAttribute(path('etc/hostname'), 'user.note', Buffer.from([0, 1, 255]));
  system.setAttribute(path('empty'), 'trusted.mine', Buffer.alloc(0));
  system.setModified(path('.dot'), 1_234_567_890_123_456_789n);
  system.setModified(path('link'), -1_500_000_000n);
}

const overlay = (upper: string, where: string): void => mount('-t', 'overlay', '-o', `lowerdir=${at('image')},upperdir=${at(`${upper}/upper`)},workdir=${at(`${upper}/work`)}`, 'o', at(where));

/** Differences between two lists of lines. */
const differences = (one: string[], other: string[]): string[] => [...one.filter((line) => !other.includes(line)).map((line) => `- ${line}`), ...other.filter((line) => !one.includes(line)).map((line) => `+ ${line}`)];

const report: Record<string, unknown> = {};
overlay('memory', 'one');
use(at('one'));
report['first'] = copyTree(system, at('memory/upper'), at('flash/upper'));
report['upper'] = differences(lines(at('memory/upper')), lines(at('flash/upper')));
overlay('flash', 'other');
report['shown'] = differences(lines(at('one')), lines(at('other')));
execFileSync('umount', [at('other')]);

// Changes between the passes, some of which keep size and time.
const began = BigInt(Date.now()) * 1_000_000n - 1_000_000_000n;
const same = system.details(at('one/etc/.hidden/.key'));
fs.writeFileSync(at('one/etc/.hidden/.key'), 'SECRET');
system.setModified(at('one/etc/.hidden/.key'), same.mtime);
fs.unlinkSync(at('one/etc/same-as-dot'));
fs.writeFileSync(at('one/etc/same-as-dot'), Buffer.alloc(200_000, 7));
fs.rmdirSync(at('one/empty'));
fs.writeFileSync(at('one/empty'), 'a file now');
fs.unlinkSync(at('one/link'));
fs.mkdirSync(at('one/link'));
fs.writeFileSync(at('flash/upper/.mountroot-copy'), 'left by a power cut');
report['second'] = copyTree(system, at('memory/upper'), at('flash/upper'), { changedSince: began });
report['upperAgain'] = differences(lines(at('memory/upper')), lines(at('flash/upper')));
report['third'] = copyTree(system, at('memory/upper'), at('flash/upper'), { changedSince: BigInt(Date.now() + 5000) * 1_000_000n });
execFileSync('umount', [at('one')]);

/** Random trees, copied while every call in turn fails once: copied again, they are the same. */
const MUTATING = ['mkdir', 'rename', 'symlink', 'link', 'makeNode', 'copyFile', 'setOwner', 'setMode', 'setModified', 'setAttribute', 'removeTree'] as const;
const failing = (position: number): System => {
  let calls = 0;
  const broken: System = { ...system };
  for (const verb of MUTATING)
    (broken as unknown as Record<string, unknown>)[verb] = (...words: unknown[]) => {
      if (++calls === position) throw new SystemError({ what: `${verb} ${String(words[0])}`, syscall: verb, errno: position % 5 === 0 ? 'ENOSPC' : 'EIO', path: String(words[0]) });
      return (system[verb] as (...each: unknown[]) => unknown)(...words);
    };
  return broken;
};
const isFolder = (path: string): boolean => {
  try {
    return fs.lstatSync(path).isDirectory();
  } catch {
    return false;
  }
};
const wrong: string[] = [];
for (let seed = 1; seed <= 60; seed++) {
  const next = random(seed);
  const [from, to] = [at(`memory/random-${seed}`), at(`flash/random-${seed}`)];
  for (const each of [from, to]) fs.mkdirSync(each);
  const folders = [from];
  const filled: string[] = [];
  const change = (): void => {
    const folder = folders[next(folders.length)]!;
    // It, or a folder above it, may have become a file meanwhile.
    if (!isFolder(folder)) return;
    const path = `${folder}/${'abcdefgh'[next(8)]}`;
    if (next(3) === 0) fs.rmSync(path, { recursive: true, force: true });
    if (fs.existsSync(path) || fs.lstatSync(path, { throwIfNoEntry: false })) return;
    const kind = next(6);
    if (kind === 0) folders.push((fs.mkdirSync(path, { mode: 0o700 + next(64) }), path));
    else if (kind === 1) fs.symlinkSync(String(next(99)), path);
    else if (kind === 2) execFileSync('mknod', [path, 'c', '0', '0']);
    else if (kind === 3 && filled.length > 0 && !isFolder(filled.at(-1)!) && fs.existsSync(filled.at(-1)!)) fs.linkSync(filled.at(-1)!, path);
    else filled.push((fs.writeFileSync(path, 'x'.repeat(next(9000))), path));
  };
  for (let round = 0; round < 25; round++) change();
  for (let pass = 0; pass < 3; pass++) {
    try {
      copyTree(failing(1 + next(60)), from, to);
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
    }
    for (let round = 0; round < 5; round++) change();
  }
  const { refused } = copyTree(system, from, to);
  wrong.push(...refused.map(({ error }) => `seed ${seed}: ${error}`), ...differences(lines(from), lines(to)).map((line) => `seed ${seed}: ${line}`));
}
report['random'] = wrong;

// A reset of what was copied.
clearTree(system, at('flash/upper'), ['/etc/.hidden/.key', '/setuid', '/empty/not-there']);
report['kept'] = lines(at('flash/upper'), false).map((line) => line.split(' ')[0]);
report['remaining'] = remaining(system, at('flash/upper'), ['/etc/.hidden/.key', '/setuid']);
fs.symlinkSync(at('image/etc'), at('flash/upper/out'));
clearTree(system, at('flash/upper'), ['/out/passwd', '/setuid']);
report['outside'] = [fs.existsSync(at('image/etc/passwd')), fs.readdirSync(at('flash/upper'))];
process.stdout.write(JSON.stringify(report));
