import type { Mount, MtdPartition } from '../../facts/facts.js';
import { jffs2Levels, type Jffs2Levels } from '../../volumes/jffs2-levels.js';

/** How much room a data volume has. All sizes in bytes. */
export interface Space {
  mountpoint: string;
  fstype: string;
  /** From statfs(2). */
  total: number;
  free: number;
  inodes: { total: number; free: number } | null;
  /** How much can be written for sure, before compression. */
  writable: number;
  jffs2: Jffs2Levels | null;
}

/** The mtd partition of a jffs2 mount: by its block device 31:N, else by its source. */
export function partitionOf(
  { device, source }: Pick<Mount, 'device' | 'source'>,
  mtd: readonly MtdPartition[],
): MtdPartition | undefined {
  const index =
    /^31:(\d+)$/.exec(device)?.[1] ?? /^(?:\/dev\/)?mtd(?:block)?(\d+)$/.exec(source)?.[1];
  const named = /^mtd:(.+)$/.exec(source)?.[1];
  return mtd.find((each) =>
    index === undefined ? each.name === named : each.index === Number(index),
  );
}

/** How much can be written on a mount: what statfs(2) promises, less what its type reserves. */
export function spaceOf(
  mount: Mount,
  promised: { total: number; free: number; inodes?: { total: number; free: number } },
  mtd: readonly MtdPartition[],
): Space {
  const { total, free, inodes } = promised;
  const partition = mount.fstype === 'jffs2' ? partitionOf(mount, mtd) : undefined;
  const jffs2 =
    partition === undefined || partition.eraseBlock <= 0
      ? null
      : jffs2Levels(partition.size, partition.eraseBlock);
  return {
    mountpoint: mount.mountpoint,
    fstype: mount.fstype,
    total,
    free,
    inodes: inodes ?? null,
    writable: jffs2 === null ? free : Math.max(0, free - jffs2.uncollected),
    jffs2,
  };
}

/** With less than this share free, a settings file may not be replaced: both copies need room. */
const LITTLE = 0.05;

export type SpaceTrouble = 'uncollectable' | 'full' | 'no-inodes' | 'nearly-full' | 'few-inodes';

interface SpaceRule {
  when: (space: Space) => boolean;
  trouble: SpaceTrouble;
  /** Nothing can be written. */
  severe: boolean;
}

/** The first that holds counts. */
const SPACE_RULES: readonly SpaceRule[] = [
  {
    when: ({ writable, free }) => writable === 0 && free > 0,
    trouble: 'uncollectable',
    severe: true,
  },
  { when: ({ writable }) => writable === 0, trouble: 'full', severe: true },
  { when: ({ inodes }) => inodes?.free === 0, trouble: 'no-inodes', severe: true },
  {
    when: ({ writable, total }) => writable < total * LITTLE,
    trouble: 'nearly-full',
    severe: false,
  },
  {
    when: ({ inodes }) => inodes !== null && inodes.free < inodes.total * LITTLE,
    trouble: 'few-inodes',
    severe: false,
  },
];

/** Whether room is short; null if it is not. */
export const spaceTrouble = (space: Space): Pick<SpaceRule, 'trouble' | 'severe'> | null =>
  SPACE_RULES.find(({ when }) => when(space)) ?? null;
