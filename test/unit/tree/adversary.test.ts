/**
 * While root walks through a tree, a user does between any two calls what he may do. Some thousands
 * of his moves here; `npm test` makes a million (adversary.slow.test.ts).
 */
import t from 'tap';
import type { System } from '../../../src/system/port.js';
import { copyTree } from '../../../src/tree/copy-tree.js';
import { WALKS, attack, imported, naiveClear, naiveCopy } from '../../fixtures/adversary-walks.js';

const SEEDS = 60;

for (const [name, walk] of Object.entries(WALKS))
  t.test(`${name}: a user cannot make root touch what is not his`, async (t) => {
    let moves = 0;
    const wrong: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const end = attack(walk, seed, name.startsWith('copy'));
      moves += end.moves;
      wrong.push(...end.wrong);
    }
    t.same(wrong.slice(0, 10), []);
    t.ok(moves > SEEDS, `${moves} moves`);
  });

t.test('the user wins against walks that go by path, so this test can fail', async (t) => {
  const against = (walk: (system: System) => void): string =>
    Array.from({ length: SEEDS * 4 }, (_, seed) => attack(walk, seed + 1, false))
      .flatMap(({ wrong }) => wrong)
      .join('\n');
  t.match(
    against((system) => naiveCopy(system, '/tmp/from', '/tmp/to')),
    /secret|another owner|root owns/,
  );
  t.match(
    against((system) => naiveClear(system, '/tmp/from/home')),
    /outside the tree/,
  );
  t.match(
    against((system) =>
      imported(system, (next) => {
        copyTree(system, '/tmp/from', next);
        // He is in it already.
        system.setMode(next, 0o700);
      }),
    ),
    /an entry below|outside the tree/,
  );
});
