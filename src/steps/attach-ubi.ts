import type { StepKind } from './step-kind.js';

/** Attaches UBI to an mtd partition; its volumes appear then. */
interface AttachUbi {
  /** Number of the partition. */
  mtd: number;
}

export const attachUbi: StepKind<AttachUbi> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ mtd }, system) => {
    system.attachUbi(mtd);
    return true;
  },
  busy: ({ mtd }) => `attaching UBI to mtd${mtd}`,
  shell: ({ mtd }) => `ubiattach -m ${mtd}`,
};
