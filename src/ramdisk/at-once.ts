import { availableParallelism } from 'node:os';

/** How many pieces are worked on at once: libuv has four threads, and each piece takes memory. */
const MOST = 4;

/**
 * Works on several items at once, and gives the results in the order of the items. If the reader
 * stops, or a piece of work fails, the others are waited for.
 */
export async function* atOnce<Item, Result>(
  items: AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void> {
  const most = Math.min(MOST, availableParallelism());
  const begun: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // It is awaited below; until then its failure is nobody's.
      result.catch(() => {});
      begun.push(result);
      if (begun.length > most) yield await begun.shift()!;
    }
    while (begun.length > 0) yield await begun.shift()!;
  } finally {
    await Promise.allSettled(begun);
  }
}
