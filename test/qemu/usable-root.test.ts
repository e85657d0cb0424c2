import t, { type Test } from 'tap';
import { putOnBench, type BenchOptions } from '../harness/board.js';
import { ROW_COUNT, rootFiles, rowsOf } from '../harness/root-programs.js';
import { rootfsWith } from '../harness/rootfs-variant.js';
import { diskWith, ubiChip } from '../harness/volumes.js';
import { bootState } from '../harness/records.js';

/**
 * Ordinary uses of a root, on files and directories from the image. Each works on an ordinary file
 * system.
 */
const OPERATIONS = [
  'mv /etc/hostname /etc/hostname.old && test ! -e /etc/hostname && test "$(cat ' +
    '/etc/hostname.old)" = board',
  'rm -r /usr/share && test ! -e /usr/share',
  'mkdir /usr/share && test -z "$(ls -A /usr/share)"',
  'mv /usr/share /usr/renamed && test ! -e /usr/share && test -d /usr/renamed',
  'rm /etc/group && mkdir /etc/group && touch /etc/group/file && mv /etc/group /etc/moved && ' +
    'test -e /etc/moved/file && test ! -e /etc/group',
  'ln -s target /etc/link && mv /etc/link /etc/os-release && test "$(readlink ' +
    '/etc/os-release)" = target',
  'mv /etc/passwd /tmp/passwd && mv /tmp/passwd /etc/passwd && grep -q ^root: /etc/passwd',
  'mkdir -p /root/a/b && mv /root/a /srv && test -d /srv/b',
  'rm -r /root && mkdir /root && touch /root/new && test "$(ls -A /root)" = new',
];

const AFTERWARDS = [
  'test ! -e /etc/hostname && test "$(cat /etc/hostname.old)" = board',
  'test ! -e /usr/share && test -d /usr/renamed && test -z "$(ls -A /usr/renamed)"',
  'test -e /etc/moved/file && test ! -e /etc/group && test "$(readlink /etc/os-release)" = ' +
    'target && grep -q ^root: /etc/passwd',
  'test -d /srv/b && test "$(ls -A /root)" = new',
];

/** The files of the image are there. */
const TOP = '/usr/share/uses';
const COUNT = process.env['MOUNTROOT_ROOT_OPERATIONS'] ?? '1500';

const rootfs = await rootfsWith(
  Object.fromEntries(
    Object.entries(await rootFiles('arm')).map(([path, content]) => [
      `${TOP.slice(1)}/${path}`,
      content,
    ]),
  ),
);

t.test(
  'files of the image can be renamed, removed and replaced, also across a power cut',
  async (t) => {
    const bench = await putOnBench(t);
    const first = await bench.bootToInit();
    t.notMatch(first.console, /upper fs does not support RENAME_WHITEOUT/);
    for (const operation of OPERATIONS)
      t.match(await first.run(`(${operation}) 2>&1`), { status: 0, output: '' }, operation);
    await first.output('sync');
    await first.kill();

    const second = await bench.bootToInit();
    for (const check of AFTERWARDS) t.match(await second.run(check), { status: 0 }, check);
    await second.powerOff();
  },
);

interface Kind {
  options?: (t: Test) => BenchOptions;
  boot?: (t: Test) => { disks: string[]; append: string };
  /** A word for root-rows where files cannot be mapped for shared writing. */
  mapping?: 'no-mapping';
}

const KINDS: Record<string, Kind> = {
  jffs2: { mapping: 'no-mapping' },
  ubifs: { options: (t) => ({ data: ubiChip(t) }) },
  ext4: {
    boot: (t) => ({
      disks: [diskWith(t, ['mkfs.ext4', '-q', '-L', 'settings'], 32)],
      append: 'mountroot.volume=LABEL=settings',
    }),
  },
};

for (const [fstype, { options, boot, mapping = '' }] of Object.entries(KINDS))
  t.test(`a root on ${fstype} can be used as any file system`, async (t) => {
    const bench = await putOnBench(t, { rootfs, ...options?.(t) });
    const machine = await bench.bootToInit({ ...boot?.(t), timeLimitMs: 900_000 });
    t.match(await machine.output('cat /proc/mounts'), new RegExp(` /overlay ${fstype} rw`));
    const rows = await machine.run(`${TOP}/root-rows ${TOP}/files ${mapping}`, 300_000);
    t.same(rowsOf(rows.output), { failed: [], held: ROW_COUNT });
    const state = await bootState(machine);
    t.match(state, { limits: mapping === '' ? [] : ['no-shared-mapping'] });
    const random = await machine.run(`${TOP}/root-random ${TOP}/files 1 ${COUNT}`, 600_000);
    t.equal(random.output, `${COUNT} operations\n`);
    t.notMatch(machine.console, /WARNING:|Oops|BUG:/);
    await machine.powerOff();
  });
