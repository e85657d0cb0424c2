import { dryRunOption, PLAN_OPTIONS } from '../plan-options.js';
import { printPlan } from '../print-plan.js';
import { verb } from '../verb-row.js';

export const switchRootVerb = verb({
  name: 'switch-root',
  summary: 'leave an initramfs for a mounted root, as process 1, and become its init',
  positionals: {
    newroot: { type: 'required', completes: 'paths', describe: 'where the root is mounted' },
    init: {
      type: 'required',
      completes: 'paths',
      describe: 'the program to become, as a path in it',
    },
    args: { type: 'repeated', completes: 'nothing', describe: 'the arguments of that program' },
  },
  options: { 'dry-run': dryRunOption('switch-root'), ...PLAN_OPTIONS },
  examples: [['exec $0 switch-root /newroot /sbin/init', "at the end of a ramdisk's /init"]],
  overSsh: null,
  keepsFile: true,
  exits: ['degraded', 'refused'],
  run: async (args, context) => {
    const asked = { newRoot: args.newroot, init: args.init };
    if (args['dry-run']) return printPlan('switch-root', { ...args, asked }, context);
    return context.boot.run('switch-root', {
      force: false,
      settings: args.set,
      asked,
      args: args.args,
    });
  },
});
