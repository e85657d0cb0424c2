/** A few of the many cuts that `npm run test:powercut` makes. */
import t from 'tap';
import { PowerCuts, type Cut } from '../harness/powercut.js';
import { putOnBench, type First } from '../harness/board.js';

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

/**
 * The cuts within the script itself. The scenes of `done` and `reset` are the same after the script
 * as after the agent.
 */
const CUTS_OF_THE_SCRIPT: Cut[] = [
  { scene: 'start', moment: 'data' },
  { scene: 'start', moment: 'count' },
  { scene: 'start', moment: 'overlay' },
  { scene: 'start', moment: 'chdir' },
  { scene: 'chance', moment: '1500 ms' },
];

for (const [first, cuts] of [
  ['agent', CUTS],
  ['script', CUTS_OF_THE_SCRIPT],
] as const satisfies [First, Cut[]][])
  t.test(
    'after a power cut every synced file is ' +
      `there${first === 'script' ? ', where a script goes first' : ''}`,
    async (t) => {
      const made = new PowerCuts(await putOnBench(t, { first }));
      // On an empty volume the script leaves the root to the agent.
      if (first === 'script') await made.moments('start');
      let committed = 0;
      for (const cut of cuts) {
        const result = await made.cut(cut);
        t.same(result.wrong, [], `${cut.scene}: ${cut.moment}`);
        committed += result.committed;
      }
      t.ok(committed > (first === 'script' ? 0 : 5), `${committed} files were synced`);
    },
  );
