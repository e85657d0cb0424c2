/**
 * How a cost grows with what a program has to do: the same call on three sizes and more, so that
 * one sees whether twice as much takes twice as long.
 */

export interface Cost {
  size: number;
  /** Guest time on the board, user and system time of the whole process elsewhere. */
  ms: number;
  /** Largest resident set. */
  peakKiB: number;
}

export type Clock = 'guest time' | 'CPU time here';

export interface Growth {
  part: string;
  /** The call, as a user writes it. */
  call: string;
  /** What the sizes count. */
  of: string;
  clock: Clock;
  costs: Cost[];
  /**
   * Microseconds for each one more, between each size and the one before: alike where the cost
   * grows in proportion.
   */
  eachUs: number[];
}

/** @param costs by size, smallest first. */
export function growth(
  part: string,
  call: string,
  of: string,
  clock: Clock,
  costs: Cost[],
): Growth {
  const eachUs = costs
    .slice(1)
    .map(({ size, ms }, index) => ((ms - costs[index]!.ms) * 1000) / (size - costs[index]!.size));
  return { part, call, of, clock, costs, eachUs };
}

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: 0 });
const small = (value: number): string => (Math.abs(value) < 10 ? value.toFixed(1) : number(value));

/** A table for each part: sizes from left to right, time and memory. */
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
      return [head, ...lines]
        .map(
          ([name, ...cells]) =>
            `${name!.padEnd(54)}${cells.map((cell, index) => cell.padStart(index < cells.length - 1 ? 14 : 24)).join('')}`,
        )
        .join('\n');
    })
    .join('\n\n');
}
