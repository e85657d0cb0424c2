import type { Mount, MtdPartition } from '../../facts/facts.js';
import { plural, size } from '../../text/units.js';

/** How much the data volume takes. Bytes. */
export interface Space {
  mountpoint: string;
  fstype: string;
  /** As statfs(2) says. */
  total: number;
  free: number;
  inodes: { total: number; free: number } | null;
  /** What can be written for sure, before compression. */
  writable: number;
  jffs2: Jffs2Levels | null;
}

/** What jffs2 keeps from its user, for the collection of garbage. */
export interface Jffs2Levels {
  eraseBlock: number;
  eraseBlocks: number;
  /** Erase blocks below which nothing new is written; statfs(2) leaves them out of what is free. */
  reservedBlocks: number;
  reserved: number;
  /** Erase blocks that are kept so that something can still be deleted. */
  deletionBlocks: number;
  /**
   * Obsolete data of less than this is not collected any more: statfs(2) counts it as free, and a
   * write may end in ENOSPC over it.
   */
  uncollected: number;
}

/**
 * fs/jffs2/build.c: jffs2_calc_trigger_levels, the same since Linux 2.6.10: two blocks for
 * deleting; 2% of the medium and 100 bytes a block, rounded up, before anything new is written.
 * What jffs2_reserve_space refuses beyond that (fs/jffs2/nodemgmt.c) is `nospc_dirty_size`, a block
 * and 1%.
 */
export function jffs2Levels(flash: number, eraseBlock: number): Jffs2Levels {
  const eraseBlocks = Math.floor(flash / eraseBlock);
  const used = eraseBlocks * eraseBlock;
  const deletionBlocks = 2;
  const reservedBlocks =
    deletionBlocks +
    Math.floor((Math.floor(used / 50) + eraseBlocks * 100 + eraseBlock - 1) / eraseBlock);
  return {
    eraseBlock,
    eraseBlocks,
    reservedBlocks,
    reserved: reservedBlocks * eraseBlock,
    deletionBlocks,
    uncollected: eraseBlock + Math.floor(used / 100),
  };
}

/** The mtd partition below a jffs2 mount: block device 31:N, whichever way it was named. */
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

/**
 * What can be written on a mount, from what statfs(2) promises and what its file system is known to
 * keep.
 */
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

/**
 * Below this nobody should go on without looking: a settings file is written anew before the old
 * one goes.
 */
const LITTLE = 0.05;

/** What is wrong with it, a sentence; null where nothing is. */
export function spaceTrouble({
  total,
  free,
  writable,
  inodes,
  jffs2,
  mountpoint,
}: Space): string | null {
  if (writable === 0 && free > 0)
    return `${mountpoint} may be full: of the ${size(free)} that df shows, jffs2 may not collect ${size(Math.min(free, jffs2?.uncollected ?? 0))}; delete what is not needed (deleting still works)`;
  if (writable === 0)
    return `${mountpoint} is full; delete what is not needed${jffs2 === null ? '' : ' (jffs2 keeps room for deleting)'}`;
  if (inodes !== null && inodes.free === 0)
    return `${mountpoint} has no inodes left: however much space is free, no file can be made on it; delete what is not needed`;
  if (writable < total * LITTLE)
    return `${mountpoint} is nearly full: ${size(writable)} can be written for sure`;
  if (inodes !== null && inodes.free < inodes.total * LITTLE)
    return `${mountpoint} has only ${plural(inodes.free, 'inode')} left of ${inodes.total}`;
  return null;
}

/** For a person: what there is, and what df does not say. */
export function spaceWords({
  mountpoint,
  fstype,
  total,
  free,
  writable,
  inodes,
  jffs2,
}: Space): string {
  const share = inodes === null ? '' : `, ${inodes.free} of ${inodes.total} inodes free`;
  const head = `${mountpoint}: ${size(free)} free of ${size(total)}${share}`;
  if (jffs2 !== null)
    return `${head}; ${size(writable)} of it can be written for sure, before compression (jffs2 keeps ${plural(jffs2.reservedBlocks, 'erase block')}, ${size(jffs2.reserved)}, to itself, and may not collect the last ${size(jffs2.uncollected)})`;
  return fstype === 'ubifs' ? `${head} (UBIFS reckons without compression)` : head;
}
