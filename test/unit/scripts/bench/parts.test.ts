import t from 'tap';
import { chosenParts } from '../../../../scripts/bench/parts.js';

const ALL = ['node', 'start', 'mounts'] as const;

t.test('--only chooses parts of the benchmark', async (t) => {
  t.same(chosenParts([], ALL), ALL);
  t.same(chosenParts(['--only', 'mounts,node'], ALL), ['node', 'mounts']);
  t.same(chosenParts(['--only=start', '--only', 'node'], ALL), ['node', 'start']);
});

t.test('an unknown part or option is one sentence', async (t) => {
  t.throws(() => chosenParts(['--only', 'strat'], ALL), {
    message: 'the benchmark has no part "strat"; choose from node, start, mounts',
  });
  t.throws(() => chosenParts(['--only'], ALL), { message: /^--only wants the name of a part; / });
  for (const word of ['--onlystart', 'start'])
    t.throws(() => chosenParts([word], ALL), {
      message: new RegExp(`^the benchmark does not know "${word}"; `),
    });
});
