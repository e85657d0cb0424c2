import { settingRow } from '../../facts/setting-rows.js';
import { EXIT } from '../../plan/plan.js';
import { loadSystem } from '../open-system.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

/** The paths in their plain form. @throws {UsageError} */
function pathsToKeep(asked: readonly string[]): string[] {
  const { read, expected } = settingRow('persist');
  const paths = read(asked) as string[] | undefined;
  if (paths === undefined || asked.some((path) => path.includes(',')))
    throw new UsageError(`--persist ${asked.join(' --persist ')} is not ${expected}`);
  return paths;
}

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
    persist: {
      type: 'list',
      argument: 'PATH',
      label: 'PATH',
      describe: 'keep the changes in memory, but those below this directory on the volume',
    },
    'dry-run': { type: 'flag', describe: 'say what would be changed, and change nothing' },
  },
  examples: [
    ['$0 enable --volume LABEL=data', 'then reboot; `mountroot disable` takes it back'],
    ['$0 enable --volatile', 'every boot begins with the root as it is now'],
    [
      '$0 enable --volume LABEL=data --persist /etc/network --persist /var/lib/app',
      'the same, but these directories last',
    ],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['refused'],
  run: async ({ volume, volatile, persist: asked, 'dry-run': isDry }, { log, print }) => {
    const persist = pathsToKeep(asked);
    if (volume !== undefined && volatile && persist.length === 0)
      throw new UsageError(
        '--volume keeps the changes, --volatile loses them at power-off; choose one',
      );
    const { obstacleTo } = await import('../../distribution/enable-checks.js');
    const { carryOut, changesOf, settingsAfter } = await import('../../distribution/switch-on.js');
    const { makeInitramfs } = await import('../../distribution/initramfs.js');
    const { settingsFile, switchFacts } = await import('../switch-inputs.js');
    const settings = settingsFile();
    const way = volatile && persist.length === 0 ? 'volatile' : 'persistent';
    const input = switchFacts(way, { volume, persist }, settings);
    const obstacle = obstacleTo(input);
    if (obstacle !== null) {
      log.error(`nothing was changed: ${obstacle.found}; ${obstacle.cure}`);
      return EXIT.refused;
    }
    const after = settingsAfter(settings, { volume, persist });
    const system = await loadSystem();
    const changes = changesOf(system, input, { before: settings.text, after }, (image) =>
      makeInitramfs(system, image),
    );
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
