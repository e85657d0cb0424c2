/** Cases of the checks about the kernel. */
import type { Facts } from '../../../../src/facts/facts.js';
import { boardFacts } from '../../../fixtures/facts.js';
import {
  cardFacts,
  desktopFacts,
  healthyLive,
  oldFacts,
  ramdiskFacts,
  ubiFacts,
} from '../../../fixtures/doctor.js';
import { without, withRelease, said, quiet, type Case } from './changed-boards.js';

/** A board whose image lies in /dev/ram0. */
const onRamdisk = (release: string): Facts => {
  const facts = withRelease(release);
  return {
    ...facts,
    mounts: facts.mounts.map((each) =>
      each.mountpoint === '/' ? { ...each, device: '1:0', fstype: 'ext4' } : each,
    ),
  };
};

export const KERNEL_CASES: Case[] = [
  ['overlay', 'ok', boardFacts(), null],
  ['overlay', 'warning', oldFacts(), null, /out-of-tree overlayfs/],
  ['overlay', 'problem', without('overlay'), null, /no overlay/],
  ['filesystems', 'ok', boardFacts(), null, /tmpfs, proc, sysfs, devtmpfs and squashfs/],
  ['filesystems', 'problem', without('tmpfs'), null, /no tmpfs/],
  ['filesystems', 'warning', without('devtmpfs'), null, /no devtmpfs/],
  [
    'filesystems',
    'problem',
    {
      ...ramdiskFacts(),
      kernel: {
        ...boardFacts().kernel,
        filesystems: boardFacts().kernel.filesystems.filter((name) => name !== 'squashfs'),
      },
    },
    null,
    /image is squashfs/,
  ],
  ['volume-filesystem', 'ok', boardFacts(), null],
  ['volume-filesystem', 'problem', without('jffs2'), null, /needs jffs2/],
  [
    'volume-filesystem',
    'problem',
    cardFacts().kernel && { ...cardFacts(), kernel: without('ext4').kernel },
    null,
    /needs ext4/,
  ],
  ['volume-filesystem', 'absent', desktopFacts(), null],
  ['kernel-version', 'ok', boardFacts(), null],
  ['kernel-version', 'ok', withRelease('4.8.0'), null],
  ['kernel-version', 'warning', withRelease('4.4.302'), null, /dirty workdir/],
  ['kernel-version', 'warning', oldFacts(), null, /several lower layers/],
  ['kernel-version', 'unknown', withRelease('custom'), null],
  ['kernel-version', 'ok', withRelease('7.2.12'), null],
  ['kernel-version', 'warning', onRamdisk('7.2.12'), null, /removed in January 2027/],
  ['kernel-version', 'ok', onRamdisk('6.12.1'), null],
  ['rename-whiteout', 'ok', boardFacts(), healthyLive()],
  [
    'rename-whiteout',
    'warning',
    boardFacts(),
    healthyLive({ whiteout: { works: false, where: 'state.json' } }),
    /lacks RENAME_WHITEOUT/,
  ],
  [
    'rename-whiteout',
    'warning',
    boardFacts(),
    said('overlayfs: upper fs does not support RENAME_WHITEOUT.'),
    /lacks/,
  ],
  ['rename-whiteout', 'unknown', boardFacts(), null],
  ['rename-whiteout', 'warning', withRelease('4.4.0', ubiFacts()), null, /UBIFS lacks/],
  ['rename-whiteout', 'absent', cardFacts(), null],
  ['shared-mapping', 'warning', boardFacts(), healthyLive(), /SQLite's write-ahead log/],
  ['shared-mapping', 'warning', boardFacts(), null, /on jffs2/],
  [
    'shared-mapping',
    'warning',
    ubiFacts(),
    healthyLive({ unmappable: '/tmp/mountroot/state.json' }),
    /on ubifs/,
  ],
  ['shared-mapping', 'absent', ubiFacts(), healthyLive()],
  ['shared-mapping', 'absent', cardFacts(), null],
  ['xattr', 'ok', boardFacts(), healthyLive()],
  [
    'xattr',
    'ok',
    boardFacts(),
    said('jffs2: notice: (54) jffs2_build_xattr_subsystem: complete building xattr subsystem'),
  ],
  [
    'xattr',
    'warning',
    boardFacts(),
    healthyLive({ config: { JFFS2_FS_XATTR: 'n' } }),
    /no extended attributes/,
  ],
  [
    'xattr',
    'warning',
    boardFacts(),
    said('overlayfs: upper fs does not support xattr, falling back to index=off.'),
  ],
  ['xattr', 'unknown', boardFacts(), quiet()],
  ['xattr', 'ok', cardFacts(), null],
  ['mounts', 'ok', boardFacts(), null, /no mount is shared/],
  [
    'mounts',
    'ok',
    {
      ...boardFacts(),
      mounts: boardFacts().mounts.map((each, index) => ({ ...each, shared: index + 1 })),
    },
    null,
    /5 mounts are shared, and start makes them private/,
  ],
  ['mounts', 'warning', desktopFacts(), null, /several mounts are stacked/],
];
