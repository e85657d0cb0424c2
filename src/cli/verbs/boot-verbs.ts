/** The verbs that a boot calls. A boot does not run this file: see src/boot/enter.ts. */
import type { BootVerb } from '../../plan/root-verbs.js';
import { dryRunOption, PLAN_OPTIONS, type PlanValues } from '../plan-options.js';
import { printPlan } from '../print-plan.js';
import { UsageError } from '../usage-error.js';
import { verb, type Example, type OptionRows, type VerbRow } from '../verb-row.js';

interface BootVerbText {
  summary: string;
  examples: readonly Example[];
  /** The options of this verb alone. */
  options?: OptionRows;
}

const BOOT_VERBS: Record<BootVerb, BootVerbText> = {
  start: {
    summary: 'make / an overlay on the data volume (from /etc/preinit)',
    examples: [
      ['PREINIT=1 $0 start', 'in /etc/preinit; it ends itself after 11 minutes'],
      ['$0 start --dry-run', 'look beforehand'],
    ],
    options: {
      'after-script': {
        type: 'flag',
        describe: 'only verify and record a root that the script made',
      },
    },
  },
  ram: {
    summary: 'make / an overlay in memory, and leave the data volume alone',
    examples: [
      [
        'PREINIT=1 $0 ram',
        'in /etc/preinit, to get at a board whose settings keep it from its boot',
      ],
    ],
  },
  done: {
    summary: 'confirm a start, or move a root in memory to flash (late in boot)',
    examples: [['$0 done', 'at the end of the boot']],
  },
  stop: {
    summary: 'write everything back (at shutdown)',
    examples: [['SHUTDOWN=1 $0 stop', 'at shutdown']],
  },
};

interface BootVerbValues extends PlanValues {
  force: boolean;
  'dry-run': boolean;
  'after-script'?: boolean;
}

/** @throws {UsageError} for options of a plan in a call of the verb itself. */
function checkNoPlanOptions(name: BootVerb, { facts, json, format }: PlanValues): void {
  if (facts !== undefined || json || format !== 'text')
    throw new UsageError(
      '--facts, --format and --json go with --dry-run, ' +
        `and without it ${name} is a real ${name}; add --dry-run`,
    );
}

function bootVerb(name: BootVerb): VerbRow {
  const { summary, examples, options = {} } = BOOT_VERBS[name];
  return verb({
    name,
    summary,
    positionals: {},
    options: {
      force: { type: 'flag', describe: 'run it although this does not look like the right moment' },
      ...options,
      'dry-run': dryRunOption(name),
      ...PLAN_OPTIONS,
    },
    examples,
    overSsh: null,
    exits: ['degraded', 'refused'],
    run: async (values, context) => {
      const args = values as unknown as BootVerbValues;
      if (args['dry-run']) return printPlan(name, args, context);
      checkNoPlanOptions(name, args);
      return context.boot.run(name, {
        force: args.force,
        afterScript: args['after-script'] === true,
        settings: args.set,
      });
    },
  });
}

export const bootVerbs: readonly VerbRow[] = (Object.keys(BOOT_VERBS) as BootVerb[]).map(bootVerb);
