import type { CodedCause } from '../sentences/causes.js';

/**
 * How much a complaint explains, the most first. `reason`: its words name the reason. `medium`: a
 * device cannot be read. `damage`: what was read is damaged. `effect`: something follows from
 * another fault. `other-content`: the device holds something else. `hint`: a driver had a fault,
 * which may have nothing to do with the root.
 */
export const COMPLAINT_WEIGHTS = [
  'reason',
  'medium',
  'damage',
  'effect',
  'other-content',
  'hint',
] as const;

export type ComplaintWeight = (typeof COMPLAINT_WEIGHTS)[number];

/** The parts of a machine that a root can depend on. */
export type KernelLayer =
  'flash' | 'mmc' | 'disk' | 'mapper' | 'server' | 'memory' | 'overlay' | 'program' | 'unknown';

/** A fault that a driver, a file system or process 1 told of, and what it means. */
export interface Complaint {
  weight: ComplaintWeight;
  cause: CodedCause;
  layer: KernelLayer;
  /** The device as the message names it: `mmcblk0p2`, `mmc0`, `mtd3`; null if it does not. */
  device: string | null;
  /** The number of roots that the kernel had mounted before. */
  roots: number;
}
