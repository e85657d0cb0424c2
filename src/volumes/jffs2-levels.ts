/** The share of its partition that jffs2 reserves. Only reports need it, no start does. */

/** mount(2) gives EINVAL for fewer erase blocks (fs/jffs2/fs.c: jffs2_do_fill_super). */
export const JFFS2_LEAST_BLOCKS = 5;

/** The room that jffs2 reserves for its garbage collection. */
export interface Jffs2Levels {
  eraseBlock: number;
  eraseBlocks: number;
  /** With fewer free erase blocks nothing new is written; statfs(2) does not count them as free. */
  reservedBlocks: number;
  reserved: number;
  /** Erase blocks that stay free so that files can still be deleted. */
  deletionBlocks: number;
  /**
   * Less obsolete data than this is not collected: statfs(2) counts it as free, but a write that
   * needs it can fail with ENOSPC.
   */
  uncollected: number;
}

/**
 * The levels of jffs2_calc_trigger_levels (fs/jffs2/build.c), unchanged since Linux 2.6.10. Two
 * blocks are kept for deleting; 2 % of the medium and 100 bytes per block, rounded up to blocks,
 * must be free before anything new is written. Beyond that jffs2_reserve_space
 * (fs/jffs2/nodemgmt.c) refuses `nospc_dirty_size`: one block and 1 % of the medium.
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
