import { VERBS } from '../../plan/plan.js';
import { KEEP_OPTION, PLAN_OPTIONS } from '../plan-options.js';
import { printPlan } from '../print-plan.js';
import { verb } from '../verb-row.js';

export const planVerb = verb({
  name: 'plan',
  summary: 'print what a verb would do, and touch nothing',
  positionals: { verb: { type: 'choice', choices: VERBS, describe: 'the verb to plan' } },
  options: {
    ...PLAN_OPTIONS,
    ...KEEP_OPTION,
    guarded: {
      type: 'flag',
      describe:
        'start as sh: a script to run before the agent, which refuses to run on other facts',
    },
  },
  examples: [
    ['$0 plan start', 'each system call, and why'],
    ['$0 plan start --format sh --facts board.json >start.sh', 'for a board whose Node is broken'],
  ],
  overSsh: { options: ['json', 'format'] },
  exits: ['refused'],
  run: (args, context) => printPlan(args.verb, args, context),
});
