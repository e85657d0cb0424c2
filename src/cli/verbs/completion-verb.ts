import type { Argv } from 'yargs';
import { EXIT } from '../../plan/plan.js';
import { VERSION } from '../../version.js';
import { commandsOf, definitionsOf } from '../definitions.js';
import type { CommandDeps } from './locate-verb.js';

const SHELLS = ['bash', 'zsh', 'json'] as const;

/** `completion`: a script for a shell, or the definitions that it is made from. */
export function completionCommand(y: Argv, { print, finish }: CommandDeps): Argv {
  // Taken now, for while yargs parses a command it has another table; what is registered later
  // comes into this one, too.
  const commands = commandsOf(y);
  return y.command(
    'completion <shell>',
    'print a script that completes verbs and options in a shell',
    (parser) =>
      parser
        .positional('shell', {
          choices: SHELLS,
          demandOption: true,
          describe: 'the shell; json prints what the scripts are made from',
        })
        .example('$0 completion bash >/usr/share/bash-completion/completions/mountroot', 'for bash')
        .example('$0 completion zsh >/usr/share/zsh/vendor-completions/_mountroot', 'for zsh'),
    async ({ shell }) => {
      const definitions = definitionsOf(commands, VERSION);
      if (shell === 'json') print(`${JSON.stringify(definitions, null, 2)}\n`);
      else if (shell === 'bash')
        print((await import('../completion-bash.js')).bashCompletion(definitions));
      else print((await import('../completion-zsh.js')).zshCompletion(definitions));
      finish(EXIT.done);
    },
  );
}
