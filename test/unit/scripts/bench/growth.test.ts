import t from 'tap';
import { growth, growthTables, type Cost } from '../../../../scripts/bench/growth.js';

const JOURNAL = { part: 'journal', of: 'boots', clock: 'guest time' } as const;

t.test('growth shows whether a cost grows in proportion', async (t) => {
  const costs = (each: (size: number) => number): Cost[] =>
    [10, 100, 1000].map((size) => ({ size, ms: 200 + each(size), peakKiB: 51_200 }));
  const even = growth(
    JOURNAL,
    'mountroot journal',
    costs((size) => size * 2),
  );
  t.same(even.eachUs, [2000, 2000]);
  const square = growth(
    JOURNAL,
    'mountroot status',
    costs((size) => size ** 2 / 100),
  );
  t.ok(square.eachUs[1]! > 5 * square.eachUs[0]!);
  const table = growthTables([even, square]).replace(/ +/g, ' ');
  t.match(
    table,
    'boots (ms guest time, MiB at most) 10 100 1,000 µs for each one more\n' +
      'mountroot journal 220 / 50 400 / 50 2,200 / 50 2,000, 2,000\n' +
      'mountroot status',
  );
});
