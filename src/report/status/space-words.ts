/** The room on a data volume, in sentences. */
import { plural, size } from '../../text/units.js';
import type { Space, SpaceTrouble } from './space.js';

interface TroubleWords {
  finding: (space: Space) => string;
  todo?: (space: Space) => string;
}

const TROUBLE: Record<SpaceTrouble, TroubleWords> = {
  uncollectable: {
    finding: ({ mountpoint, free, jffs2 }) =>
      `${mountpoint} may be full: of the ${size(free)} that df shows, jffs2 may not collect ` +
      size(Math.min(free, jffs2?.uncollected ?? 0)),
    todo: () => 'delete what is not needed (deleting still works)',
  },
  full: {
    finding: ({ mountpoint }) => `${mountpoint} is full`,
    todo: ({ jffs2 }) =>
      `delete what is not needed${jffs2 === null ? '' : ' (jffs2 keeps room for deleting)'}`,
  },
  'no-inodes': {
    finding: ({ mountpoint }) =>
      `${mountpoint} has no inodes left: however much space is free, no file can be made on it`,
    todo: () => 'delete what is not needed',
  },
  'nearly-full': {
    finding: ({ mountpoint, writable }) =>
      `${mountpoint} is nearly full: ${size(writable)} can be written for sure`,
  },
  'few-inodes': {
    finding: ({ mountpoint, inodes }) =>
      `${mountpoint} has only ${plural(inodes!.free, 'inode')} left of ${inodes!.total}`,
  },
};

/** Without the cure. */
export const spaceFinding = (trouble: SpaceTrouble, space: Space): string =>
  TROUBLE[trouble].finding(space);

/** With the cure, where there is one. */
export function spaceTroubleWords(trouble: SpaceTrouble, space: Space): string {
  const todo = TROUBLE[trouble].todo?.(space);
  return spaceFinding(trouble, space) + (todo === undefined ? '' : `; ${todo}`);
}

/** How much room there is, and what df(1) does not show of it. */
export function spaceWords(space: Space): string {
  const { mountpoint, fstype, total, free, writable, inodes, jffs2 } = space;
  const share = inodes === null ? '' : `, ${inodes.free} of ${inodes.total} inodes free`;
  const head = `${mountpoint}: ${size(free)} free of ${size(total)}${share}`;
  if (jffs2 === null)
    return fstype === 'ubifs' ? `${head} (UBIFS reckons without compression)` : head;
  const keeps = `${plural(jffs2.reservedBlocks, 'erase block')}, ${size(jffs2.reserved)}`;
  return (
    `${head}; ${size(writable)} of it can be written for sure, before compression ` +
    `(jffs2 keeps ${keeps}, to itself, and may not collect the last ${size(jffs2.uncollected)})`
  );
}
