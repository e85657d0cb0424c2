import type { StepKind } from './step-kind.js';

/** Empties a UBI volume. What was on it is gone then. */
interface EmptyUbi {
  /** Its character device. */
  device: string;
  /** The number of its logical erase blocks. */
  blocks: number;
}

export const emptyUbi: StepKind<EmptyUbi> = {
  inverse: () => null,
  // The next step mounts it, which UBIFS refuses if something is left.
  condition: () => ({ kind: 'nothing' }),
  /**
   * Block by block from the last one, and not with UBI_IOCVOLUP: a power cut would leave its mark
   * on the volume, and nothing could be read there any more.
   */
  execute: ({ device, blocks }, system) => {
    let changed = false;
    for (let leb = blocks - 1; leb >= 0; leb--) {
      system.during(`emptying ${device}, ${blocks - 1 - leb} of ${blocks} blocks done`);
      if (system.eraseUbiBlock(device, leb)) changed = true;
    }
    return changed;
  },
  busy: ({ device }) => `emptying ${device}`,
  shownAs: 'one call',
  shell: () => ({ cannot: 'empty a UBI volume' }),
};
