/** The options that `plan` shares with the verbs that it plans. */
import type { OptionRow, OptionRows, OptionValues } from './verb-row.js';

export const PLAN_OPTIONS = {
  format: {
    type: 'choice',
    choices: ['text', 'json', 'sh'],
    default: 'text',
    describe: 'for a person, as data, or as a script for busybox',
  },
  json: { type: 'flag', describe: 'the same as --format json' },
  facts: {
    type: 'text',
    argument: 'FILE',
    describe: 'plan for the machine that this file describes (see `facts`)',
  },
  set: {
    type: 'list',
    argument: 'KEY=VALUE',
    label: 'KEY=VALUE',
    describe: 'a setting, which wins over the configured ones',
  },
} as const satisfies OptionRows;

export const KEEP_OPTION = {
  keep: {
    type: 'list',
    argument: 'PATH',
    label: 'PATH',
    describe: 'keep this path in a reset, besides the configured ones',
  },
} as const satisfies OptionRows;

export const dryRunOption = (verb: string): OptionRow & { type: 'flag' } => ({
  type: 'flag',
  describe: `the same as \`plan ${verb}\``,
});

/** The values of the options above. */
export type PlanValues = OptionValues<typeof PLAN_OPTIONS>;
