import t from 'tap';
import { chooseComplaints } from '../../../../src/explain/advice/chosen-complaint.js';
import { concernsRoot, rootSubject } from '../../../../src/explain/advice/root-subject.js';
import type { RootSubject } from '../../../../src/explain/advice/root-subject.js';
import { readLines } from '../../../fixtures/complaints.js';

const subject = (value: string | null, known = true, number: string | null = null): RootSubject =>
  rootSubject({ value, known, number, line: null });

t.test('what the root is, by its name, its number, or not at all', async (t) => {
  for (const [value, expected] of [
    ['/dev/mmcblk0p2', { layer: 'mmc', name: 'mmcblk0p2' }],
    ['/dev/sda1', { layer: 'disk', name: 'sda1' }],
    ['ubi0:rootfs', { layer: 'flash', name: 'ubi0:rootfs' }],
    ['mtd:rootfs', { layer: 'flash' }],
    ['/dev/nfs', { layer: 'server', name: null }],
    ['PARTUUID=1-2', { layer: 'block', name: null }],
    ['/dev/disk/by-label/root', { layer: 'block' }],
    ['/dev/mapper/vroot', { layer: 'mapper' }],
    ['/dev/dm-0', { layer: 'mapper' }],
    ['/dev/ram0', { layer: 'memory' }],
    ['/dev/foo', { layer: 'unknown', name: null }],
  ] as const)
    t.match(subject(value), expected, value);
  t.match(subject(null, true, '179:2'), { layer: 'mmc' });
  t.match(subject(null, true, '0:0'), { layer: 'none' }, 'the command line names none');
  t.match(subject(null, false), { layer: 'unknown' }, 'nothing shows it');
});

t.test('whether a complaint can be about the root', async (t) => {
  const about = (root: string | null, line: string, ...before: string[]): boolean => {
    const seen = readLines(...before, line);
    return concernsRoot(seen.complaints.at(-1)!.value, subject(root), seen);
  };
  const disk = 'end_request: I/O error, dev sda, sector 63';
  t.ok(about('/dev/sda1', disk), 'the disk of the partition');
  t.notOk(about('/dev/sdb1', disk));
  t.notOk(about('/dev/mmcblk0p2', disk));
  t.notOk(about(null, disk), 'where no root was named, a disk explains nothing');
  t.ok(about('PARTUUID=1-2', disk), 'an id may be on any disk');
  const card = 'mmc1: error -110 whilst initialising SD card';
  t.ok(about('/dev/mmcblk0p2', card), 'hosts and cards have numbers of their own');
  t.notOk(about('/dev/mmcblk0p2', card, 'mmcblk0: mmc0:aaaa SU08G 7.40 GiB'), 'its host is known');
  t.ok(about('/dev/mmcblk1p2', card, 'mmcblk1: mmc1:aaaa SU08G 7.40 GiB'));
  const ubi = 'ubi0 error: ubi_attach_mtd_dev: failed to attach mtd6, error -22';
  t.ok(about('ubi0:rootfs', ubi));
  t.notOk(about('/dev/mmcblk0p2', ubi));
  t.notOk(about('/dev/nfs', ubi));
  t.ok(about('/dev/nfs', 'IP-Config: No network devices available'));
  t.notOk(about('/dev/sda1', 'IP-Config: No network devices available'));
  t.ok(about('/dev/dm-0', disk), 'a mapped device lies on one');
});

t.test('the heaviest complaint explains most, and of several the first', async (t) => {
  const root = subject('/dev/mmcblk0p2');
  const chosen = (ran: boolean, ...lines: string[]) => {
    const { strong, weak } = chooseComplaints(readLines(...lines), root, ran);
    return [strong?.value.cause.code ?? null, weak?.value.cause.code ?? null];
  };
  const geometry =
    'EXT4-fs (mmcblk0p2): bad geometry: block count 9 exceeds size of device (8 blocks)';
  const transfer = 'mmcblk0: error -110 transferring data, sector 0, nr 8, cmd response 0x900';
  const content = "EXT4-fs (mmcblk0p2): VFS: Can't find ext4 filesystem";
  t.same(chosen(false, transfer, geometry), ['fs-larger-than-device', null]);
  t.same(chosen(false, content, transfer), ['mmc-transfer', 'fs-not-found']);
  t.same(
    chosen(false, transfer, 'EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode.'),
    ['mmc-transfer', null],
    'a disk may still be bad when a partition of it mounted',
  );
  t.same(
    chosen(false, geometry, 'EXT4-fs (mmcblk0p2): mounted filesystem with ordered data mode.'),
    [null, null],
    'the same device mounted later',
  );
  const mounted = 'VFS: Mounted root (ext4 filesystem) on device 179:2.';
  t.same(chosen(true, geometry, mounted), [null, null], 'before the root was mounted');
  t.same(chosen(true, mounted, transfer), ['mmc-transfer', null]);
  const missing = "switch_root: can't execute '/sbin/init': No such file or directory";
  t.same(chosen(false, missing), [null, null], 'no program ran');
  t.same(chosen(true, missing), ['switch-no-init', null]);
  const others = Array.from({ length: 60 }, (_, index) => `a driver says ${index}`);
  t.same(chosen(true, missing, ...others), [null, null], 'it is too far from the end');
  t.same(
    chosen(
      false,
      'ubi0 error: ubi_io_read: error -74 (ECC error) while reading 64 bytes from PEB 0:0',
    ),
    [null, null],
  );
});

t.test('reading errors of a UBI device that was attached count no more', async (t) => {
  const read = 'ubi0 error: ubi_io_read: error -74 (ECC error) while reading 64 bytes from PEB 0:0';
  const opens = 'UBIFS error (pid: 1): cannot open "ubi0:rootfs", error -19';
  const attached = 'ubi0: attached mtd3 (name "ubi", size 120 MiB)';
  const root = subject('ubi0:rootfs');
  const code = (...lines: string[]) =>
    chooseComplaints(readLines(...lines), root, false).strong?.value.cause.code;
  t.equal(code(read, opens), 'ubi-read-error');
  t.equal(code(read, attached, opens), 'ubi-volume-missing');
});
