/** The options that `plan` shares with the verbs that it plans. */
import type { OptionRow, OptionRows, OptionValues } from './verb-row.js';

export const PLAN_OPTIONS = {
  format: {
    type: 'choice',
    choices: ['text', 'json', 'sh'],
    default: 'text',
    describe: 'as a person reads it, as data, or as a script for busybox',
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
    describe: 'a setting, over what the board is configured with',
  },
} as const satisfies OptionRows;

export const KEEP_OPTION = {
  keep: {
    type: 'list',
    argument: 'PATH',
    label: 'PATH',
    describe: 'what a reset keeps, besides what is configured',
  },
} as const satisfies OptionRows;

export const dryRunOption = (verb: string): OptionRow & { type: 'flag' } => ({
  type: 'flag',
  describe: `the same as \`plan ${verb}\``,
});

/** What the options above say. */
export type PlanValues = OptionValues<typeof PLAN_OPTIONS>;
