import { createInterface } from 'node:readline/promises';
import { UPGRADE } from '../../facts/places.js';
import { EXIT } from '../../plan/plan.js';
import { dryRunOption, KEEP_OPTION, PLAN_OPTIONS } from '../plan-options.js';
import { printPlan } from '../print-plan.js';
import { rebootNow } from '../reboot-now.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';

const QUESTION = 'This removes all settings, except for what is kept. Go on? [y/N] ';

/** Asks the person at the terminal. @throws {UsageError} where there is no terminal. */
async function consent(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new UsageError(
      'reset asks before it orders anything, and nobody is there to answer; add --yes',
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(QUESTION)).trim());
  } finally {
    terminal.close();
  }
}

export const resetVerb = verb({
  name: 'reset',
  summary: 'go back to the factory settings, except for what is kept',
  positionals: {},
  options: {
    ...KEEP_OPTION,
    'keep-upgrade': { type: 'flag', alias: 'k', describe: 'keep /sysupgrade.tgz' },
    yes: { type: 'flag', alias: 'y', describe: 'do not ask' },
    reboot: { type: 'flag', alias: 'r', describe: 'reboot once the reset is ordered' },
    'dry-run': dryRunOption('reset'),
    ...PLAN_OPTIONS,
  },
  examples: [
    ['$0 reset --keep /etc/network --yes --reboot', 'everything except the network settings'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['degraded', 'refused'],
  run: async (args, context) => {
    const keep = [...args.keep, ...(args['keep-upgrade'] ? [`/${UPGRADE}`] : [])];
    if (args['dry-run']) return printPlan('reset', { ...args, keep }, context);
    if (!args.yes && !(await consent())) {
      context.log.info('nothing was reset');
      return EXIT.done;
    }
    const status = await context.boot.run('reset', { force: false, keep, settings: args.set });
    const ordered = status === EXIT.done || status === EXIT.degraded;
    return args.reboot && ordered ? rebootNow(context.log) : status;
  },
});
