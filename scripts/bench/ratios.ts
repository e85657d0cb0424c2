import type { Figures } from '../bench.js';

export interface Ratio {
  what: string;
  ratio: number;
}

/**
 * What the board's start costs against a Node that does nothing; empty where one of them was not
 * measured.
 */
export function ratios({ node, start }: { node?: Figures; start?: Figures }): Ratio[] {
  if (node === undefined || start === undefined) return [];
  return [
    { what: 'start warm / node warm', ratio: start.warmMs / node.warmMs },
    { what: 'start cold / node cold', ratio: start.coldMs / node.coldMs },
    { what: 'largest resident set, cold', ratio: start.coldPeakKiB / node.coldPeakKiB },
    { what: 'largest resident set, warm', ratio: start.warmPeakKiB / node.warmPeakKiB },
    { what: 'private memory', ratio: start.privateKiB / node.privateKiB },
    { what: 'private memory that is dirty', ratio: start.privateDirtyKiB / node.privateDirtyKiB },
  ];
}
