/**
 * How a cost grows with a program's work. The same call on at least three sizes shows whether twice
 * the work takes twice as long.
 */

export interface Cost {
  size: number;
  /** Guest time on the board. On this machine: the user and system time of the whole process. */
  ms: number;
  /** The largest resident set. */
  peakKiB: number;
}

type Clock = 'guest time' | 'CPU time here';

/** The part of the benchmark to which a measurement belongs. */
export interface GrowingPart {
  part: string;
  /** The unit of the sizes, such as `mounts`. */
  of: string;
  clock: Clock;
}

export interface Growth extends GrowingPart {
  /** The call as a user writes it. */
  call: string;
  costs: Cost[];
  /**
   * Microseconds for each additional unit, between each size and the previous one. They are nearly
   * equal when the cost grows in proportion.
   */
  eachUs: number[];
}

/** @param costs by size, smallest first. */
export function growth({ part, of, clock }: GrowingPart, call: string, costs: Cost[]): Growth {
  const eachUs = costs
    .slice(1)
    .map(({ size, ms }, index) => ((ms - costs[index]!.ms) * 1000) / (size - costs[index]!.size));
  return { part, call, of, clock, costs, eachUs };
}

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 0 });
const small = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : number(value));

/** Makes one table for each part, with the sizes from left to right, the time and the memory. */
export function growthTables(all: readonly Growth[]): string {
  return [...new Set(all.map(({ part }) => part))]
    .map((name) => {
      const rows = all.filter(({ part }) => part === name);
      const { of, clock, costs } = rows[0]!;
      const head = [
        `${of} (ms ${clock}, MiB at most)`,
        ...costs.map(({ size }) => number(size)),
        'µs for each one more',
      ];
      const lines = rows.map(({ call, costs: own, eachUs }) => [
        call,
        ...own.map(({ ms, peakKiB }) => `${number(ms)} / ${(peakKiB / 1024).toFixed(0)}`),
        eachUs.map(small).join(', '),
      ]);
      const padded = (cell: string, index: number): string =>
        cell.padStart(index < costs.length ? 14 : 24);
      return [head, ...lines]
        .map(([name, ...cells]) => name!.padEnd(54) + cells.map(padded).join(''))
        .join('\n');
    })
    .join('\n\n');
}
