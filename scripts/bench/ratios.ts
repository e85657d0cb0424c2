import type { Figures } from './boot-path.js';

export interface Ratio {
  what: string;
  ratio: number;
}

/**
 * Divides the costs of a start by those of a Node that does nothing. Empty unless both were
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

export const ratioTable = (all: readonly Ratio[]): string =>
  all.map(({ what, ratio }) => `${what.padEnd(58)}${ratio.toFixed(2).padStart(8)}`).join('\n');
