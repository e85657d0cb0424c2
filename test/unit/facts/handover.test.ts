import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { findHandover } from '../../../src/facts/handover.js';
import { parseMountinfo } from '../../../src/facts/mountinfo.js';
import { partitionUuid } from '../../../src/facts/partition-uuid.js';
import { inside, interpreterOf, programTrouble } from '../../../src/facts/program.js';
import { dryRun } from '../../../src/system/dry-run.js';
import { reader } from '../../../src/system/files.js';
import type { Reader } from '../../../src/system/port.js';

t.test('paths in a new root are resolved as if it were already the root', async (t) => {
  const top = t.testdir({ usr: { bin: { busybox: 'x' } }, etc: {} });
  symlinkSync('/usr/bin', join(top, 'bin'));
  symlinkSync('busybox', join(top, 'usr/bin/sh'));
  symlinkSync('../../../../../../etc/passwd', join(top, 'etc/away'));
  symlinkSync('round', join(top, 'etc/round'));
  t.match(inside(reader, top, '/bin/sh'), { path: join(top, 'usr/bin/busybox'), kind: 'file' });
  t.match(
    inside(reader, top, '/etc/away'),
    { path: join(top, 'etc/passwd'), kind: 'missing' },
    'nothing leads out of it',
  );
  t.match(inside(reader, top, '/etc/round'), { kind: 'symlink' });
  t.match(inside(reader, top, '/etc/../usr'), { kind: 'directory' });
});

t.test('a program that cannot run is reported in advance, with the missing part', async (t) => {
  const top = t.testdir({
    bin: { script: '#! /bin/sh -e\n', data: 'text', gone: '#!/bin/none\n', folder: {} },
    lib: {},
  });
  for (const name of ['script', 'gone']) chmodSync(join(top, 'bin', name), 0o755);
  copyFileSync('/bin/true', join(top, 'bin/true'));
  const linker = interpreterOf(readFileSync('/bin/true').subarray(0, 4096));
  t.match(linker, /^\/lib.*\/ld-linux/);
  t.equal(programTrouble(reader, top, '/bin/none'), '/bin/none is missing');
  t.equal(programTrouble(reader, top, '/bin/folder'), '/bin/folder is a directory');
  t.equal(programTrouble(reader, top, '/bin/data'), '/bin/data is not executable (chmod +x)');
  t.equal(
    programTrouble(reader, top, '/bin/gone'),
    '/bin/gone needs /bin/none, which is missing in that root',
  );
  t.equal(
    programTrouble(reader, top, '/bin/script'),
    '/bin/script needs /bin/sh, which is missing in that root',
  );
  t.equal(
    programTrouble(reader, top, '/bin/true'),
    `/bin/true needs ${linker}, which is missing in that root`,
  );
  copyFileSync('/bin/true', join(top, 'bin/sh'));
  t.equal(programTrouble(reader, top, '/bin/script'), null);
  mkdirSync(join(top, linker!, '..'), { recursive: true });
  writeFileSync(join(top, linker!), '');
  t.equal(programTrouble(reader, top, '/bin/true'), null);
});

t.test('partition UUIDs are those that sfdisk wrote, in both kinds of table', async (t) => {
  const disk = join(t.testdir(), 'disk');
  const make = (script: string): void => {
    writeFileSync(disk, '');
    truncateSync(disk, 8 << 20);
    execFileSync('sfdisk', ['--quiet', disk], { input: script });
  };
  make('label: gpt\nsize=1M, name=a\nsize=1M, uuid=01234567-89AB-CDEF-0123-456789ABCDEF\n');
  t.equal(partitionUuid(reader, disk, 2), '01234567-89ab-cdef-0123-456789abcdef');
  t.equal(partitionUuid(reader, disk, 3), null);
  t.equal(partitionUuid(reader, disk, 0), null);
  make('label: dos\nlabel-id: 0xdeadbeef\nsize=1M\n');
  t.equal(partitionUuid(reader, disk, 1), 'deadbeef-01');
  writeFileSync(disk, 'short');
  t.equal(partitionUuid(reader, disk, 1), null);
});

const RAMFS = parseMountinfo('1 0 0:2 / / rw - rootfs rootfs rw\n');
const SQUASHFS = parseMountinfo('1 0 31:2 / / ro - squashfs /dev/root ro\n');
const machine = (changes: Partial<Reader> = {}): Reader => ({
  ...dryRun(),
  realPath: (path) => path,
  list: () => [],
  readLink: (path) => `../../block/${path === '/sys/dev/block/31:2' ? 'mtdblock2' : 'other'}`,
  ...changes,
});

t.test('only process 1 and an initramfs look at a hand-over', async (t) => {
  const handing = { pid: 7, args: [], self: '/usr/bin/mountroot' };
  const seen = { commandLine: 'root=/dev/mtdblock2', mounts: SQUASHFS, mtd: [] };
  t.equal(findHandover(machine(), handing, seen), null);
  t.match(findHandover(machine(), { ...handing, pid: 1 }, seen), {
    pid: 1,
    ramfs: false,
    root: null,
  });
  t.match(findHandover(machine(), handing, { ...seen, mounts: RAMFS }), {
    pid: 7,
    ramfs: true,
    root: { wanted: '/dev/mtdblock2' },
  });
  t.match(
    findHandover(
      machine({ space: () => ({ total: 0, free: 0, type: 0x858458f6 }) }),
      { ...handing, pid: 1 },
      { ...seen, mounts: [] },
    ),
    { ramfs: true },
    'before /proc is mounted statfs tells',
  );
});

t.test('the words next to root= are read as the kernel reads them', async (t) => {
  const root = (commandLine: string): object | null =>
    findHandover(
      machine(),
      { pid: 1, args: [], self: '' },
      { commandLine, mounts: RAMFS, mtd: [] },
    )!.root;
  t.match(root('root=/dev/sda1 rootfstype=ext4,squashfs rootflags=data=journal rootwait rw'), {
    fstypes: ['ext4', 'squashfs'],
    options: 'data=journal',
    writable: true,
    patient: true,
  });
  t.match(root('rw root=x ro'), { writable: false }, 'of ro and rw the last counts');
  t.match(root('ro root=x rw quiet'), { writable: true });
  t.match(root('root=31:2'), { wanted: '/dev/mtdblock2' });
  t.match(root('root=1f02'), { wanted: '/dev/mtdblock2' });
  t.equal(root('quiet'), null);
});

t.test('process 1 is not mistaken for the init that follows it', async (t) => {
  const files: Record<string, string> = {
    '/sbin/init': '/usr/bin/mountroot',
    '/usr/bin/mount_root': '/usr/bin/mountroot',
  };
  const found = findHandover(
    machine({ realPath: (path) => files[path] ?? path }),
    { pid: 1, args: ['single'], self: '/usr/bin/mount_root' },
    { commandLine: '', mounts: SQUASHFS, mtd: [] },
  )!;
  t.same(
    found.programs.map(({ path }) => path),
    ['/etc/init', '/bin/init', '/bin/sh'],
  );
  t.same(found.args, ['single']);
});
