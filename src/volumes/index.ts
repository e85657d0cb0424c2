import { blank } from './blank.js';
import { eraseMarker } from './erase-marker.js';
import { ext4 } from './ext4.js';
import { f2fs } from './f2fs.js';
import { jffs2 } from './jffs2.js';
import { squashfs } from './squashfs.js';
import { ubi } from './ubi.js';
import { ubifs } from './ubifs.js';
import { unknown } from './unknown.js';
import { unreadable } from './unreadable.js';
import type { VolumeType } from './volume-type.js';

/** Every type of content that a volume can have. The first one whose signature fits counts. */
export const VOLUME_TYPES = {
  jffs2,
  'erase-marker': eraseMarker,
  ubi,
  ubifs,
  squashfs,
  ext4,
  f2fs,
  blank,
  unknown,
  unreadable,
} satisfies Record<string, VolumeType>;

export type ContentKind = keyof typeof VOLUME_TYPES;

/** The types with their names, for those who walk them. */
export const VOLUME_TYPE_LIST = Object.entries(VOLUME_TYPES) as [ContentKind, VolumeType][];

/** The content of a volume, and the evidence. */
export interface Content {
  kind: ContentKind;
  /** The evidence and its offset, or the reason why it could not be read, for a person. */
  evidence: string;
  /**
   * Number of the erase block that shows what the volume holds, if that is not the first one: the
   * volume's beginning is damaged.
   */
  behind?: number;
  /**
   * UBIFS began to make itself here and did not end, or has not begun: no file was ever on it. If
   * the kernel refuses the volume, it may be emptied.
   */
  unfinished?: true;
}
