import t from 'tap';
import { growth, growthTables } from '../../../../scripts/bench/growth.js';
import { chosenParts } from '../../../../scripts/bench/parts.js';

const ALL = ['node', 'start', 'mounts'] as const;

t.test(
  '--only chooses parts of the benchmark, and what it does not know is one sentence',
  async (t) => {
    t.same(chosenParts([], ALL), ALL);
    t.same(chosenParts(['--only', 'mounts,node'], ALL), ['node', 'mounts']);
    t.same(chosenParts(['--only=start', '--only', 'node'], ALL), ['node', 'start']);
    t.throws(() => chosenParts(['--only', 'strat'], ALL), {
      message: 'the benchmark has no part "strat"; choose from node, start, mounts',
    });
    t.throws(() => chosenParts(['--only'], ALL), { message: /^--only wants the name of a part; / });
    t.throws(() => chosenParts(['--onlystart'], ALL), {
      message: /^the benchmark does not know "--onlystart"; /,
    });
    t.throws(() => chosenParts(['start'], ALL), {
      message: /^the benchmark does not know "start"; /,
    });
  },
);

t.test(
  'what each one more costs is alike where the cost grows in proportion, and is seen where it does not',
  async (t) => {
    const costs = (each: (size: number) => number) =>
      [10, 100, 1000].map((size) => ({ size, ms: 200 + each(size), peakKiB: 51_200 }));
    const even = growth(
      'journal',
      'mountroot journal',
      'boots',
      'guest time',
      costs((size) => size * 2),
    );
    t.same(even.eachUs, [2000, 2000]);
    const square = growth(
      'journal',
      'mountroot status',
      'boots',
      'guest time',
      costs((size) => size ** 2 / 100),
    );
    t.ok(square.eachUs[1]! > 5 * square.eachUs[0]!);
    t.match(
      growthTables([even, square]),
      /^boots \(ms guest time, MiB at most\) +10 +100 +1,000 +µs for each one more\nmountroot journal +220 \/ 50 +400 \/ 50 +2,200 \/ 50 +2,000, 2,000\nmountroot status/,
    );
  },
);
