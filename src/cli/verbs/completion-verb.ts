import { EXIT } from '../../plan/plan.js';
import { VERSION } from '../../version.js';
import { verb, type VerbTable } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

async function completion(shell: 'bash' | 'zsh' | 'json', table: VerbTable): Promise<string> {
  switch (shell) {
    case 'json':
      return jsonText((await import('../definitions.js')).definitionsOf(table, VERSION));
    case 'bash':
      return (await import('../completion-bash.js')).bashCompletion(table, VERSION);
    case 'zsh':
      return (await import('../completion-zsh.js')).zshCompletion(table, VERSION);
  }
}

export const completionVerb = verb({
  name: 'completion',
  summary: 'print a script that completes verbs and options in a shell',
  positionals: {
    shell: {
      type: 'choice',
      choices: ['bash', 'zsh', 'json'],
      describe: 'the shell; json prints the definitions behind both scripts',
    },
  },
  options: {},
  examples: [
    ['$0 completion bash >/usr/share/bash-completion/completions/mountroot', 'for bash'],
    ['$0 completion zsh >/usr/share/zsh/vendor-completions/_mountroot', 'for zsh'],
  ],
  overSsh: null,
  exits: [],
  run: async ({ shell }, { print, table }) => {
    print(await completion(shell, table));
    return EXIT.done;
  },
});
