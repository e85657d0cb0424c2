/**
 * Runs as root in its own mount namespace: calls the verbs for trees on its own file systems, and
 * prints the results.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { system } from '../../../src/system/ffi.js';
import type { Details } from '../../../src/system/port.js';
import type { SystemError } from '../../../src/system/system-error.js';

const work = process.argv[2]!;

const outcome = (call: () => unknown): string => {
  try {
    const result = call() ?? 'done';
    return typeof result === 'string' ? result : JSON.stringify(result);
  } catch (error) {
    return (error as SystemError).errno ?? String(error);
  }
};

/** The data of a file that fit in JSON and do not change with the day. */
const seen = (path: string): object => {
  const { kind, mode, uid, gid, node, links, mtime, size } = system.details(path);
  return {
    kind,
    mode: mode.toString(8),
    owner: `${uid}:${gid}`,
    node,
    links,
    mtime: String(mtime),
    size,
  };
};
const some = <Key extends keyof Details>(path: string, ...keys: Key[]): object =>
  Object.fromEntries(keys.map((key) => [key, system.details(path)[key]]));

process.umask(0o022);
const tmpfs = join(work, 'tmpfs');
const ramfs = join(work, 'ramfs');
const small = join(work, 'small');
for (const place of [tmpfs, ramfs, small]) system.mkdir(place, 0o755);
system.mount('tmpfs', tmpfs, 'tmpfs', [], 'size=4m');
system.mount('ramfs', ramfs, 'ramfs', [], null);
system.mount('tmpfs', small, 'tmpfs', [], 'size=64k');
const at = (name: string): string => join(tmpfs, name);

const nodes = (): object => {
  system.makeNode(at('whiteout'), 'character', 0, '0:0');
  system.makeNode(at('block'), 'block', 0o600, '259:70000');
  system.makeNode(at('fifo'), 'fifo', 0o644, '');
  system.makeNode(at('socket'), 'socket', 0o600, '');
  return {
    ...Object.fromEntries(
      ['whiteout', 'block', 'fifo', 'socket'].map((name) => [
        name,
        some(at(name), 'kind', 'mode', 'node'),
      ]),
    ),
    again: outcome(() => system.makeNode(at('fifo'), 'fifo', 0o644, '')),
    without: outcome(() => system.makeNode(at('nameless'), 'block', 0o600, '')),
    copied: outcome(() => system.copyFile(at('fifo'), at('copy-of-fifo'), 0o600)),
  };
};

const properties = (): object => {
  writeFileSync(at('file'), 'text');
  system.symlink('file', at('link'));
  system.link(at('file'), at('other'));
  system.setOwner(at('file'), 1000, 1001);
  system.setMode(at('file'), 0o6755);
  system.setModified(at('file'), 1_700_000_000_123_456_789n);
  system.setOwner(at('link'), 7, 8);
  system.setModified(at('link'), 5_000_000_000_000_000_001n);
  const one = {
    file: seen(at('file')),
    link: seen(at('link')),
    mode: outcome(() => system.setMode(at('link'), 0o600)),
  };
  system.setModified(at('file'), -1n);
  return {
    ...one,
    early: String(system.details(at('file')).mtime),
    same: system.details(at('file')).inode === system.details(at('other')).inode,
  };
};

const attributes = (): object => {
  const long = Buffer.alloc(20_000, 'x');
  system.setAttribute(at('file'), 'trusted.long', long);
  system.setAttribute(at('file'), 'trusted.empty', Buffer.alloc(0));
  system.setAttribute(at('file'), 'trusted.bytes', Buffer.of(0, 255, 0));
  system.setAttribute(at('link'), 'trusted.of-link', Buffer.from('link'));
  for (let number = 0; number < 100; number++)
    system.setAttribute(
      at('other'),
      `trusted.with-a-long-name-${number}`,
      Buffer.from(String(number)),
    );
  const found = system.attributes(at('file'));
  writeFileSync(join(ramfs, 'file'), '');
  return {
    long: found.get('trusted.long')?.equals(long),
    empty: found.get('trusted.empty')?.length,
    bytes: found.get('trusted.bytes')?.toString('hex'),
    many: [...found].filter(
      ([name, value]) => name === `trusted.with-a-long-name-${value.toString()}`,
    ).length,
    link: system.attributes(at('link')).get('trusted.of-link')?.toString(),
    none: [...system.attributes(join(ramfs, 'file')).keys()].filter(
      (name) => !name.startsWith('security.'),
    ).length,
    refused: outcome(() => system.setAttribute(join(ramfs, 'file'), 'trusted.x', Buffer.from('x'))),
  };
};

const whiteouts = (): object => {
  writeFileSync(at('from'), 'moved');
  writeFileSync(join(ramfs, 'from'), '');
  system.renameLeavingWhiteout(at('from'), at('to'));
  return {
    from: some(at('from'), 'kind', 'node'),
    to: readFileSync(at('to'), 'utf8'),
    lacking: outcome(() => system.renameLeavingWhiteout(join(ramfs, 'from'), join(ramfs, 'to'))),
  };
};

const full = (): object => {
  const kept = join(small, 'kept');
  system.replace(kept, 'old', 0o600);
  writeFileSync(at('big'), Buffer.alloc(200_000));
  const replaced = outcome(() => system.replace(kept, 'x'.repeat(200_000), 0o600));
  const copied = outcome(() => system.copyFile(at('big'), join(small, 'copy'), 0o600));
  const left = system.list(small);
  system.mount(null, small, null, ['MS_REMOUNT', 'MS_RDONLY'], null);
  const readOnly = [
    outcome(() => system.replace(kept, 'new', 0o600)),
    outcome(() => system.replaceLink('kept', join(small, 'link'))),
    outcome(() => system.copyFile(at('file'), join(small, 'copy'), 0o600)),
  ];
  return { replaced, copied, left, readOnly, kept: readFileSync(kept, 'utf8') };
};

const locks = (): object => {
  const other = (): string =>
    spawnSync('flock', ['--nonblock', at('lock'), 'true'], { encoding: 'utf8' }).status === 0
      ? 'got it'
      : 'did not get it';
  const first = system.lock(at('lock'));
  system.symlink('nowhere', at('lock-link'));
  system.mkdir(at('theirs'), 0o755);
  system.setOwner(at('theirs'), 1000, 1000);
  system.mkdir(at('open'), 0o755);
  system.setMode(at('open'), 0o777);
  for (const name of ['lax-lock', 'foreign-lock', 'linked-lock'])
    system.create(at(name), '', 0o644);
  system.setOwner(at('foreign-lock'), 1000, 1000);
  system.link(at('linked-lock'), at('linked-lock-too'));
  return {
    first,
    again: system.lock(at('lock')),
    other: other(),
    mode: some(at('lock'), 'mode'),
    link: outcome(() => system.lock(at('lock-link'))),
    nowhere: system.kind(at('nowhere')),
    lax: [system.lock(at('lax-lock')), system.details(at('lax-lock')).mode],
    foreign: ['theirs/lock', 'open/lock', 'foreign-lock', 'linked-lock'].map((name) =>
      outcome(() => system.lock(at(name))),
    ),
  };
};

const detaching = (): object => {
  const held = openSync(join(tmpfs, 'to'), 'r');
  const busy = outcome(() => system.umount(tmpfs));
  const synced = outcome(() => system.syncfs(tmpfs));
  system.umount(tmpfs, true);
  const bytes = Buffer.alloc(5);
  readSync(held, bytes);
  closeSync(held);
  return { busy, synced, gone: system.list(tmpfs), held: bytes.toString() };
};

const before = process.hrtime.bigint();
system.sleep(120);
const slept = Number((process.hrtime.bigint() - before) / 1_000_000n);

process.stdout.write(
  JSON.stringify({
    nodes: nodes(),
    properties: properties(),
    attributes: attributes(),
    whiteouts: whiteouts(),
    full: full(),
    locks: locks(),
    detaching: detaching(),
    slept,
  }),
);
