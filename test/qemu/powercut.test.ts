/** A few of the cuts that `npm run test:powercut` makes many of. */
import t from 'tap';
import { PowerCuts, type Cut } from '../harness/powercut.js';
import { putOnBench } from '../harness/board.js';

const CUTS: Cut[] = [
  { scene: 'chance', moment: '1500 ms' },
  { scene: 'start', moment: 'count' },
  { scene: 'start', moment: 'overlay' },
  { scene: 'start', moment: 'pivot' },
  { scene: 'done', moment: 'count' },
  { scene: 'order', moment: 'order' },
  { scene: 'reset', moment: 'reset' },
  { scene: 'switch', moment: 'copy' },
  { scene: 'switch', moment: 'upper-synced' },
];

t.test('a board whose plug is pulled comes up with every file that had been synced', async (t) => {
  const cuts = new PowerCuts(await putOnBench(t));
  let committed = 0;
  for (const cut of CUTS) {
    const result = await cuts.cut(cut);
    t.same(result.wrong, [], `${cut.scene}: ${cut.moment}`);
    committed += result.committed;
  }
  t.ok(committed > 5, `${committed} files were synced`);
});
