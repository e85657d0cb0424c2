import type { Argv } from 'yargs';
import type { Log } from '../../log/log.js';
import { EXIT } from '../../plan/plan.js';
import type { VerbRunner } from '../verb-runner.js';
import type { CommandDeps } from './locate-verb.js';

interface Deps extends CommandDeps {
  log: Log;
  /** The command line once more, with other words, and without the verbs that change something. */
  again: (words: string[]) => Promise<number>;
}

/** No report runs a verb that changes something; should one ever try, it is stopped here. */
export const REPORTS_ONLY: VerbRunner = {
  run: (verb) =>
    Promise.reject(new Error(`${verb} changes something, and this key asks for reports only`)),
};

/**
 * `ssh-shell`: what a key that may only ask for reports is tied to, in authorized_keys. Starts no
 * shell and no program.
 */
export function sshShellCommand(y: Argv, { print, finish, log, again }: Deps): Argv {
  return y.command(
    'ssh-shell',
    'answer over SSH with reports only: the forced command of a key (authorized_keys)',
    (parser) =>
      parser.example(
        'command="mountroot ssh-shell",restrict ssh-ed25519 AAAA… diagnostics',
        'a line of authorized_keys',
      ),
    async () => {
      const { askedFor, usageText } = await import('../../remote/ssh-shell.js');
      const asked = askedFor(process.env['SSH_ORIGINAL_COMMAND']);
      if ('usage' in asked) return print(usageText());
      if ('words' in asked) return finish(await again(asked.words));
      log.error(`refused, for this key asks for reports only: ${asked.refused}`);
      finish(EXIT.refused);
    },
  );
}
