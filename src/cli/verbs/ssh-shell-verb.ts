import { EXIT } from '../../plan/plan.js';
import { reportsOf } from '../ssh-reports.js';
import { verb } from '../verb-row.js';

export const sshShellVerb = verb({
  name: 'ssh-shell',
  summary: 'answer with reports only: the forced command of an SSH key (authorized_keys)',
  positionals: {},
  options: {},
  examples: [
    [
      'command="mountroot ssh-shell",restrict ssh-ed25519 AAAA… diagnostics',
      'a line of authorized_keys',
    ],
  ],
  overSsh: null,
  exits: ['refused'],
  run: async (_args, { print, log, table, again }) => {
    const { askedFor, cleanEnvironment, usageText } = await import('../../remote/ssh-shell.js');
    const reports = reportsOf(table);
    const asked = askedFor(process.env['SSH_ORIGINAL_COMMAND'], reports);
    cleanEnvironment(process.env);
    if ('usage' in asked) {
      print(usageText(reports));
      return EXIT.done;
    }
    if ('words' in asked) return again(asked.words);
    log.error(`refused, for this key asks for reports only: ${asked.refused}`);
    return EXIT.refused;
  },
});
