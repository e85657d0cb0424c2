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

export const COMPLAINT_MESSAGES: readonly MessageRow[] = Object.values(COMPLAINT_TABLES).flat();
