/** A million of his moves, between any two calls of each walk (test/fixtures/adversary.ts). */
import t from 'tap';
import { WALKS, attack } from '../../fixtures/adversary-walks.js';

const MOVES = 1_000_000;

t.test('in a million moves a user makes root touch nothing that is not his', async (t) => {
  const walks = Object.entries(WALKS);
  const wrong: string[] = [];
  let moves = 0;
  for (let seed = 1000; moves < MOVES && wrong.length < 10; seed++) {
    const [name, walk] = walks[seed % walks.length]!;
    const end = attack(walk, seed, name === 'copy' && seed % 20 === 0);
    moves += end.moves;
    wrong.push(...end.wrong.map((text) => `${name}: ${text}`));
  }
  t.same(wrong, []);
});
