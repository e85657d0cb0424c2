import { EXIT } from '../../plan/plan.js';
import { loadSystem } from '../open-system.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

export const enableVerb = verb({
  name: 'enable',
  summary: 'let a distribution boot into an overlay root, from the next boot on',
  positionals: {},
  options: {
    volume: {
      type: 'text',
      argument: 'NAME',
      label: 'NAME',
      describe: 'keep the changes on this volume: LABEL=data, /dev/sda3, UUID=…',
    },
    volatile: { type: 'flag', describe: 'keep the changes in memory only' },
    'dry-run': { type: 'flag', describe: 'say what would be changed, and change nothing' },
  },
  examples: [
    ['$0 enable --volume LABEL=data', 'then reboot; `mountroot disable` takes it back'],
    ['$0 enable --volatile', 'every boot begins with the root as it is now'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['refused'],
  run: async ({ volume, volatile, 'dry-run': isDry }, { log, print }) => {
    if (volume !== undefined && volatile)
      throw new UsageError(
        '--volume keeps the changes, --volatile loses them at power-off; choose one',
      );
    const { obstacleTo } = await import('../../distribution/enable-checks.js');
    const { carryOut, changesOf, withVolume } = await import('../../distribution/switch-on.js');
    const { makeInitramfs } = await import('../../distribution/initramfs.js');
    const { settingsFile, switchFacts } = await import('../switch-inputs.js');
    const settings = settingsFile();
    const input = switchFacts(volatile ? 'volatile' : 'persistent', volume, settings);
    const obstacle = obstacleTo(input);
    if (obstacle !== null) {
      log.error(`nothing was changed: ${obstacle.found}; ${obstacle.cure}`);
      return EXIT.refused;
    }
    const after =
      volume === undefined || settings.values?.['volume'] === volume
        ? settings.text
        : withVolume(settings.values, volume);
    const system = await loadSystem();
    const changes = changesOf(system, input, { before: settings.text, after }, makeInitramfs);
    const { summary } = input.decision;
    print(`the root of the next boot: ${summary}\nthis is changed:\n`);
    for (const { what } of changes) print(`  ${what}\n`);
    if (isDry) return EXIT.done;
    try {
      carryOut(changes, (what) => log.debug(`done: ${what}`));
    } catch (error) {
      throw new Error(`cannot enable mountroot: ${(error as Error).message}`, { cause: error });
    }
    print(
      'done; it begins with the next boot.\n' +
        'one boot without it: mountroot=off on the kernel command line, or a file ' +
        '/boot/mountroot-off\n' +
        'back for good: mountroot disable\n',
    );
    return EXIT.done;
  },
});
