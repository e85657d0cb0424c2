/** Every complaint that is understood, in the order in which a line is compared. */
import type { MessageRow } from '../message-row.js';
import { BLOCK_FS_COMPLAINTS } from './block-fs-complaints.js';
import { DEATH_COMPLAINTS } from './death-complaints.js';
import { DISK_COMPLAINTS } from './disk-complaints.js';
import { EXT_COMPLAINTS } from './ext-complaints.js';
import { INITRAMFS_COMPLAINTS } from './initramfs-complaints.js';
import { JFFS2_COMPLAINTS } from './jffs2-complaints.js';
import { MAPPER_COMPLAINTS } from './mapper-complaints.js';
import { MMC_COMPLAINTS } from './mmc-complaints.js';
import { MTD_COMPLAINTS } from './mtd-complaints.js';
import { OTHER_FS_COMPLAINTS } from './other-fs-complaints.js';
import { OVERLAY_COMPLAINTS } from './overlay-complaints.js';
import { PROGRAM_COMPLAINTS } from './program-complaints.js';
import { SERVER_COMPLAINTS } from './server-complaints.js';
import { SQUASHFS_COMPLAINTS } from './squashfs-complaints.js';
import { SWITCH_COMPLAINTS } from './switch-complaints.js';
import { UBI_COMPLAINTS } from './ubi-complaints.js';
import { UBIFS_COMPLAINTS } from './ubifs-complaints.js';

/** The tables by subject. */
export const COMPLAINT_TABLES = {
  ubi: UBI_COMPLAINTS,
  ubifs: UBIFS_COMPLAINTS,
  jffs2: JFFS2_COMPLAINTS,
  ext: EXT_COMPLAINTS,
  squashfs: SQUASHFS_COMPLAINTS,
  blockFs: BLOCK_FS_COMPLAINTS,
  otherFs: OTHER_FS_COMPLAINTS,
  overlay: OVERLAY_COMPLAINTS,
  mmc: MMC_COMPLAINTS,
  disk: DISK_COMPLAINTS,
  mapper: MAPPER_COMPLAINTS,
  mtd: MTD_COMPLAINTS,
  server: SERVER_COMPLAINTS,
  switch: SWITCH_COMPLAINTS,
  initramfs: INITRAMFS_COMPLAINTS,
  death: DEATH_COMPLAINTS,
  program: PROGRAM_COMPLAINTS,
} satisfies Record<string, readonly MessageRow[]>;

/** Words without which no row of a table matches. Most lines are compared with these only. */
const ABOUT: Record<keyof typeof COMPLAINT_TABLES, RegExp> = {
  ubi: /^ubi/i,
  ubifs: /^UBIFS/,
  jffs2: /jffs2|[Ee]rase ?block|Magic bitmask|CLEANMARKER|no suitable oob|clean ?marker/i,
  ext: /^(?:EXT|VFS: |JBD|Aborting|invalid superblock)/,
  squashfs: /^squashfs/i,
  blockFs: /^(?:F2FS|erofs|XFS)/,
  otherFs: /^(?:BTRFS|cramfs|VFS: |romfs|FAT)|: (?:Unknown parameter|Bad value for) /i,
  overlay: /^overlay/,
  mmc: /^mmc/,
  disk: /I\/O error|critical|beyond end|limit=|^(?:ata\d|usb |nvme |s[dr] |GPT|Alt|Pri)|partition table|error -/,
  mapper: /^device-mapper/,
  mtd: /nand|mtd|spi|ECC|map_probe|flash|bad block table|partition/i,
  server: /^(?:IP-Config|Root-NFS|NFS|RPC|rpcbind|portmap|mount|VFS: |Sending )|timed out|phy/i,
  switch: /(?:switch_root|run-init|pivot_root|chroot|switch-root|mount): |^Usage: /,
  initramfs:
    /^\[?(?:systemd|initramfs|Mounting|\*\*\*|There's|dracut|ALERT|Warning|ERROR|:: |\/dev|[A-Z]*UUID=|LABEL=|dev-|Timed|Target|No init|Gave|Failed|Could|Can't|Refusing|Not all|Unable|Depend|Specified|!!|Freez|Caught|You|Entering|Cannot|\(init|Starting|rootfs|device)|[Dd]ropping to|Press Ctrl|FATAL|[Dd]ependency|Failed|[Tt]imed out/i,
  death: /[[(]1[\])]|VFP|FP|signal|SIGSEGV|unhandled|[Oo]ut of memory/,
  program:
    /: (?:error|can|unable|no|not|line|\d|version|symbol|undefined|applet|exec|\.:|Id|failed|jffs2|overlay)|not found|loading|too old|binfmt|syntax|^can|Permission|such file|format/i,
};

/** Longer lines are no message: the kernel's have 1,000 characters at most. */
const LONGEST = 2000;

export const COMPLAINT_MESSAGES: readonly MessageRow[] = Object.values(COMPLAINT_TABLES).flat();

/** The rows that may match a line. */
export function complaintsAbout(text: string): readonly MessageRow[] {
  if (text.length > LONGEST) return [];
  return Object.entries(COMPLAINT_TABLES).flatMap(([subject, rows]) =>
    ABOUT[subject as keyof typeof COMPLAINT_TABLES].test(text) ? rows : [],
  );
}
