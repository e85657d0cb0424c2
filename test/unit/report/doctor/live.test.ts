/** The doctor's reads of a running system, which here is a tree of files. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { gatherLive } from '../../../../src/report/doctor/live.js';
import type { Facts } from '../../../../src/facts/facts.js';
import { reader } from '../../../../src/system/files.js';
import type { Reader } from '../../../../src/system/port.js';
import { boardFacts, withSettings } from '../../../fixtures/facts.js';
import { startedFacts, ubiFacts } from '../../../fixtures/doctor.js';

/** A reader with a folder as root. Links in it must be relative. */
const below = (top: string): Reader => ({
  readText: (path) => reader.readText(top + path),
  readBytes: (path, offset, length) => reader.readBytes(top + path, offset, length),
  realPath: (path) => reader.realPath(top + path).slice(top.length),
  readLink: (path) => reader.readLink(top + path),
  kind: (path) => reader.kind(top + path),
  details: (path) => reader.details(top + path),
  list: (path) => reader.list(top + path),
  space: () => ({ total: 64, free: 32, type: 0 }),
});

type Files = Record<string, string | Buffer | { to: string }>;
const input = {
  records: (): string[] => [
    '6,0,0,-;Linux version 6.1.192',
    '6,1,1200000,-;random: crng init done',
  ],
  node: { version: 'v24.1.0', arch: 'arm', rss: 1 },
  native: null,
  time: 5,
};

function look(
  t: { testdir: (content: Record<string, never>) => string },
  files: Files,
  facts: Facts = boardFacts(),
  changes: Partial<typeof input> = {},
) {
  const top = t.testdir({});
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(top, dirname(path)), { recursive: true });
    if (typeof content === 'string' || Buffer.isBuffer(content)) writeFileSync(top + path, content);
    else symlinkSync(content.to, top + path);
  }
  return gatherLive(below(top), { ...facts, uid: process.getuid!() }, { ...input, ...changes });
}

t.test('a board without any files still has an answer for every check', async (t) => {
  t.match(
    look(t, {}, boardFacts(), {
      records: () => {
        throw new Error('EPERM');
      },
    }),
    {
      recorded: null,
      log: { trouble: 'EPERM' },
      config: null,
      whiteout: null,
      notice: null,
      confirmed: null,
      preinit: { wanted: ['/etc/preinit'], found: [] },
      doneCallers: [],
      program: null,
      entropy: null,
      generator: null,
      memory: null,
      writable: null,
      space: null,
      native: null,
      time: 5,
    },
  );
});

t.test('the files of a board are read and understood', async (t) => {
  const live = look(t, {
    '/proc/config.gz': gzipSync('CONFIG_JFFS2_FS=y\n# CONFIG_JFFS2_FS_XATTR is not set\n'),
    '/proc/meminfo': 'MemTotal:         240000 kB\nMemFree:  1 kB\nMemAvailable:     200000 kB\n',
    '/proc/sys/kernel/random/entropy_avail': '256\n',
    '/sys/class/misc/hw_random/rng_current': 'virtio_rng.0\n',
    '/sys/class/mtd/mtd3/flags': '0x400\n',
    '/tmp/mountroot/notice': 'mountroot: something\n',
    '/etc/preinit':
      '#!/bin/sh\n# mount_root is called here\nPREINIT=1 timeout 600 mount_root start\n',
    '/etc/init.d/rcS': 'MOUNTROOT_LOG=kmsg timeout -k 10 600 mount_root done\n',
    '/etc/init.d/shutdown': 'mount_root stop\n# mount_root done\n',
    '/usr/lib/mountroot/mountroot.cjs': '',
    '/usr/sbin/mountroot': { to: '../lib/mountroot/mountroot.cjs' },
    '/usr/sbin/mount_root': { to: 'mountroot' },
  });
  t.match(live, {
    log: {
      value: {
        fromStart: true,
        lines: [{ time: 0 }, { time: 1.2, text: 'random: crng init done' }],
      },
    },
    config: { JFFS2_FS: 'y', JFFS2_FS_XATTR: 'n' },
    memory: { total: 240000 * 1024, available: 200000 * 1024 },
    entropy: 256,
    generator: 'virtio_rng.0',
    writable: { value: true, where: '/sys/class/mtd/mtd3/flags' },
    notice: 'mountroot: something',
    program: { path: '/usr/sbin/mount_root', target: '/usr/lib/mountroot/mountroot.cjs' },
    paths: { '/proc': 'directory', '/tmp': 'directory', '/dev': 'missing' },
  });
  t.same(live.doneCallers, ['/etc/init.d/rcS']);
  t.same(live.preinit.found, [
    { value: { path: '/etc/preinit', calls: ['PREINIT=1 timeout 600 mount_root start'] } },
  ]);
});

t.test('on a distribution that was switched on, our own preinit is what counts', async (t) => {
  const facts = boardFacts();
  const plain = { ...facts, kernel: { ...facts.kernel, commandLine: 'root=/dev/vda ro' } };
  const files = {
    '/etc/mountroot.enabled': 'volatile\n',
    '/usr/lib/mountroot/preinit': 'timeout 600 mount_root $verb\n',
    '/usr/lib/mountroot/preinit-ram': { to: 'preinit' },
  };
  t.same(look(t, files, plain).preinit, {
    wanted: ['/usr/lib/mountroot/preinit-ram'],
    found: [
      {
        value: {
          path: '/usr/lib/mountroot/preinit-ram',
          calls: ['timeout 600 mount_root $verb'],
        },
      },
    ],
  });
  t.same(look(t, { '/etc/mountroot.enabled': 'else\n' }, plain).preinit.wanted, ['/etc/preinit']);
});

t.test('a loaded module is told from what is part of the kernel', async (t) => {
  const facts = boardFacts();
  const modules = (files: Record<string, string>): unknown =>
    look(
      t,
      { '/proc/modules': 'overlay 100 0 - Live 0x0\n', ...files },
      { ...facts, kernel: { ...facts.kernel, release: '6.12', filesystems: ['jffs2', 'overlay'] } },
    ).modules;
  t.match(modules({}), { types: { overlay: { state: 'none' } } });
  t.same(Object.keys((modules({}) as { types: object }).types), ['overlay']);
  t.match(
    modules({
      '/lib/modules/6.12/modules.dep': 'kernel/fs/overlay.ko:\n',
      '/lib/modules/6.12/kernel/fs/overlay.ko': '',
      '/sbin/modprobe': '',
    }),
    { types: { overlay: { state: 'at-hand' } } },
  );
});

t.test('the program in init= comes first, and OpenWrt has its calls in a folder', async (t) => {
  const facts = boardFacts();
  const live = look(
    t,
    {
      '/boot.sh': 'echo\n',
      '/etc/preinit': '. /lib/functions.sh\n',
      '/lib/preinit/80_mount_root': 'do_mount_root() {\n mount_root\n}\n',
    },
    { ...facts, kernel: { ...facts.kernel, commandLine: 'init=/boot.sh' } },
  );
  t.same(live.preinit.wanted, ['/boot.sh', '/etc/preinit']);
  t.same(
    live.preinit.found.map((each) => ('value' in each ? each.value : each)),
    [
      { path: '/boot.sh', calls: [] },
      { path: '/etc/preinit', calls: [] },
      { path: '/lib/preinit/80_mount_root', calls: ['mount_root'] },
    ],
  );
});

t.test('a link to mountroot itself differs from a script that calls it', async (t) => {
  t.match(look(t, { '/etc/preinit': { to: '../usr/lib/mountroot/mountroot.cjs' } }).preinit.found, [
    { value: { calls: [], leadsTo: '/etc/../usr/lib/mountroot/mountroot.cjs' } },
  ]);
});

t.test('after a start the preinit of the image counts', async (t) => {
  const live = look(
    t,
    {
      '/etc/preinit': 'nothing\n',
      '/rom/etc/preinit': 'timeout 9 mount_root start\n',
      '/overlay/x': '',
    },
    startedFacts(),
  );
  t.match(live.preinit.found, [
    { value: { path: '/etc/preinit', calls: ['timeout 9 mount_root start'] } },
  ]);
  t.same(live.space, { total: 64, free: 32, type: 0 });
});

t.test(
  'the facts from the start of this boot are read, and invalid ones are reported',
  async (t) => {
    t.match(look(t, { '/tmp/mountroot/facts.json': JSON.stringify(boardFacts()) }), {
      recorded: { value: { schema: 'mountroot.facts/2' } },
    });
    t.match(look(t, { '/tmp/mountroot/facts.json': '{' }), {
      recorded: { trouble: /is not a facts file/ },
    });
    const other = { ...boardFacts(), uid: 65533 };
    const top = t.testdir({ tmp: { mountroot: { 'facts.json': '{}' } } });
    // A user who is not root reads another user's file.
    const live = gatherLive(
      { ...below(top), details: (path) => ({ ...reader.details(top + path), uid: 65532 }) },
      other,
      input,
    );
    t.match(live.recorded, { trouble: /belongs to user 65532, and is not believed/ });
  },
);

t.test(
  'the result of done for RENAME_WHITEOUT comes from the newest journal that has it',
  async (t) => {
    const journal = (result: string, errno?: string): string =>
      [
        {
          type: 'begin',
          schema: 'mountroot.journal/2',
          verb: 'done',
          version: '1',
          node: 'v24',
          at: 1,
        },
        {
          type: 'step',
          number: 1,
          id: 'whiteout',
          action: { kind: 'probe-whiteout', folder: '/x' },
          result,
          ...(errno && { errno, error: errno }),
          at: 2,
          ms: 1,
        },
        { type: 'end', ok: true, exit: 0, warnings: [], at: 3, ms: 2 },
      ]
        .map((record) => `${JSON.stringify(record)}\n`)
        .join('');
    const boots = (first: string, second: string): Files => ({
      '/overlay/.mountroot/boots/00000001-aaaaaaaa.ndjson': first,
      '/overlay/.mountroot/boots/00000002-bbbbbbbb.ndjson': second,
    });
    t.match(look(t, boots(journal('failed', 'EINVAL'), journal('done'))), {
      whiteout: { works: true, where: '/overlay/.mountroot/boots/00000002-bbbbbbbb.ndjson' },
    });
    t.match(
      look(t, boots(journal('failed', 'EINVAL'), journal('failed', 'ENOSPC'))),
      { whiteout: { works: false, where: '/overlay/.mountroot/boots/00000001-aaaaaaaa.ndjson' } },
      'a full volume says nothing',
    );
    t.match(look(t, { '/tmp/mountroot/journal.ndjson': journal('done') }), {
      whiteout: { works: true },
      confirmed: true,
    });
    t.match(look(t, { '/tmp/mountroot/state.json': '{"limits":["no-shared-mapping"]}' }), {
      whiteout: null,
      unmappable: '/tmp/mountroot/state.json',
    });
    t.match(look(t, { '/tmp/mountroot/state.json': '{"limits":["no-rename-whiteout"]}' }), {
      whiteout: { works: false },
    });
  },
);

t.test('write protection is read from the driver of the device', async (t) => {
  t.match(look(t, { '/sys/class/mtd/mtd3/flags': '0x800\n' }).writable, { value: false });
  t.match(look(t, { '/sys/class/ubi/ubi0/ro_mode': '1\n' }, ubiFacts()).writable, {
    value: false,
    where: '/sys/class/ubi/ubi0/ro_mode',
  });
  t.equal(look(t, {}).writable, null);
});

t.test('the configured watchdog is examined, through links', async (t) => {
  t.match(
    look(
      t,
      { '/dev/watchdog0': '', '/dev/watchdog': { to: 'watchdog0' } },
      withSettings({ watchdog: '/dev/watchdog' }),
    ).paths,
    { '/dev/watchdog': 'file' },
  );
});

t.test('files on an overlay that do nothing, or not what was meant, are found', async (t) => {
  const overlaid = startedFacts();
  const fstab =
    '# /dev/vda3 / xfs usrquota\n' +
    '/dev/vda2 / ext4 noatime,x-systemd.growfs,errors=remount-ro 0 1\n' +
    '/swapfile none swap sw 0 0\n/dev/vda3 none swap sw 0 0\n';
  const files = {
    '/etc/fstab': fstab,
    [`${overlaid.opened!.at}/upper/boot/initrd.img-6.12`]: '',
    [`${overlaid.opened!.at}/upper/boot/grub`]: '',
  };
  const systemd = '/usr/lib/systemd/systemd-remount-fs';
  const dropIn = '/usr/lib/systemd/system/systemd-remount-fs.service.d/mountroot.conf';
  t.match(look(t, { ...files, [systemd]: '' }, overlaid), {
    bootFiles: ['initrd.img-6.12'],
    swapFiles: ['/swapfile'],
    rootOptions: ['errors=remount-ro'],
  });
  t.notMatch(look(t, files, overlaid), { rootOptions: Array }, 'nothing remounts without systemd');
  t.notMatch(look(t, { ...files, [systemd]: '', [dropIn]: '' }, overlaid), { rootOptions: Array });
  t.notMatch(look(t, { ...files, [systemd]: '' }), { swapFiles: Array }, 'only on an overlay');
});
