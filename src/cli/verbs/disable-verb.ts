import { EXIT } from '../../plan/plan.js';
import { loadSystem } from '../open-system.js';
import { verb } from '../verb-row.js';

export const disableVerb = verb({
  name: 'disable',
  summary: 'let a distribution boot into its own root again, from the next boot on',
  positionals: {},
  options: {
    'dry-run': { type: 'flag', describe: 'say what would be changed, and change nothing' },
  },
  examples: [['$0 disable', 'takes back what `enable` did; also on the overlay']],
  overSsh: null,
  keepsFile: true,
  exits: ['refused'],
  run: async ({ 'dry-run': isDry }, { log, print }) => {
    const { markBelow, switchOff } = await import('../../distribution/switch-off.js');
    const { markedAt } = await import('../switch-inputs.js');
    const { localFacts } = await import('../local-facts.js');
    const { mounts, uid } = localFacts();
    const mark = markBelow(mounts);
    if (markedAt(mark) === null) {
      print('mountroot is not enabled; nothing was changed\n');
      return EXIT.done;
    }
    print(`this is changed:\n  ${mark} is removed\n`);
    if (isDry) return EXIT.done;
    if (uid !== 0) {
      log.error(`nothing was changed: this is user ${uid}; run it as root`);
      return EXIT.refused;
    }
    try {
      switchOff(await loadSystem(), mark);
    } catch (error) {
      throw new Error(
        `cannot disable mountroot: ${(error as Error).message}; start once with mountroot=off on ` +
          'the kernel command line, and repeat this',
        { cause: error },
      );
    }
    print(
      'done; the next boot starts the root without an overlay. What was changed on the overlay ' +
        'stays on the volume.\n',
    );
    return EXIT.done;
  },
});
