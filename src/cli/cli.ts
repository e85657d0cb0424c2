import yargs, { type Argv } from 'yargs';
import type { Log } from '../log/log.js';
import { messages } from '../log/winston.js';
import { EXIT, VERBS, type Verb } from '../plan/plan.js';
import { VERSION } from '../version.js';
import { bundleCommand } from './verbs/bundle-verb.js';
import { completionCommand } from './verbs/completion-verb.js';
import { BOOT_EXAMPLES, EPILOGUE } from './conventions.js';
import { diffCommand } from './verbs/diff-verb.js';
import { exportCommand } from './verbs/export-verb.js';
import { doctorCommand } from './verbs/doctor-verb.js';
import { explainCommand, factsWithOrigin } from './verbs/explain-verb.js';
import { journalCommand } from './verbs/journal-verb.js';
import { importCommand } from './verbs/import-verb.js';
import { FORMATS, plan, type PlanOptions } from './verbs/plan-verb.js';
import { ramdiskCommand } from './verbs/ramdisk-verb.js';
import { remoteCommand } from './verbs/remote-verb.js';
import { reset } from './verbs/reset-verb.js';
import { REPORTS_ONLY, sshShellCommand } from './verbs/ssh-shell-verb.js';
import { statusCommand } from './verbs/status-verb.js';
import { timelineCommand } from './verbs/timeline-verb.js';
import { UsageError } from './usage-error.js';
import type { VerbRunner } from './verb-runner.js';
import { lastValue } from './last-value.js';

const print = (text: string): void => void process.stdout.write(text);

const setOption = {
  set: {
    array: true,
    string: true,
    requiresArg: true,
    default: [] as string[],
    describe: 'KEY=VALUE: a setting, over what the board is configured with',
  },
} as const;
const afterScriptOption = {
  'after-script': {
    boolean: true,
    default: false,
    describe: 'only verify a root that the script made, and write it down',
  },
} as const;
const keepOption = {
  keep: {
    array: true,
    string: true,
    requiresArg: true,
    default: [] as string[],
    describe: 'PATH: what a reset keeps, besides what is configured',
  },
} as const;

const planOptions = {
  format: {
    choices: FORMATS,
    default: 'text' as const,
    coerce: lastValue<PlanOptions['format']>,
    describe: 'as a person reads it, as data, or as a script for busybox',
  },
  json: { boolean: true, default: false, describe: 'the same as --format json' },
  facts: {
    string: true,
    requiresArg: true,
    coerce: lastValue<string | undefined>,
    describe: 'plan for the machine that this file describes (see `facts`)',
  },
} as const;

interface Chosen {
  format: PlanOptions['format'];
  json: boolean;
  facts: string | undefined;
  set: readonly string[];
  keep?: readonly string[];
}

const chosen = ({ format, json, facts, set, keep = [] }: Chosen): PlanOptions => ({
  format: json ? 'json' : format,
  ...(facts !== undefined && { facts }),
  settings: set,
  keep,
});

/** The verbs that a boot calls, with what they are for. */
const BOOT_VERBS: Partial<Record<Verb, string>> = {
  start: 'make / an overlay on the data volume (from /etc/preinit)',
  ram: 'make / an overlay in memory, and leave the data volume alone',
  done: 'confirm a start, or move a root in memory to flash (late in boot)',
  stop: 'write everything back (at shutdown)',
};

/** Every verb but the boot path's plain `start`. Returns the exit status. */
export async function cli(words: string[], boot: VerbRunner): Promise<number> {
  const { env, stderr } = process;
  const colour =
    Boolean(stderr.isTTY) &&
    !env['NO_COLOR'] &&
    env['TERM'] !== 'dumb' &&
    !words.includes('--no-color');
  const log: Log = messages({ verbose: words.includes('--verbose'), colour });
  // A reader that has seen enough (`| head`) is no failure; a full disk is one.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') log.error(`cannot write to stdout: ${error.message}`);
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
  });
  let status: number = EXIT.done;
  const finish = (result: number): void => void (status = result);

  const bootVerb = (parser: Argv, verb: Verb, describe: string): Argv =>
    parser.command(
      verb,
      describe,
      (y) =>
        y
          .option('force', {
            boolean: true,
            default: false,
            describe: 'although this does not look like the moment for it',
          })
          .options(verb === 'start' ? afterScriptOption : {})
          .option('dry-run', {
            boolean: true,
            default: false,
            describe: `the same as \`plan ${verb}\``,
          })
          .options(planOptions)
          .options(setOption)
          .example((BOOT_EXAMPLES[verb] ?? []).map(([call, why]): [string, string] => [call, why])),
      async (args) => {
        if (args['dry-run']) return finish(plan(verb, chosen(args), print, log));
        if (args.facts !== undefined || args.json || args.format !== 'text')
          throw new UsageError(
            `--facts, --format and --json go with --dry-run, and without it ${verb} is a real ${verb}; add --dry-run`,
          );
        finish(
          await boot.run(verb, {
            force: args.force,
            afterScript: args['after-script'] === true,
            settings: args.set,
          }),
        );
      },
    );

  const named = yargs().scriptName('mountroot');
  for (const [verb, describe] of Object.entries(BOOT_VERBS))
    bootVerb(named, verb as Verb, describe);
  explainCommand(named, { print, finish });
  statusCommand(named, { print, finish });
  doctorCommand(named, { print, finish });
  completionCommand(named, { print, finish });
  journalCommand(named, { print, finish });
  timelineCommand(named, { print, finish });
  diffCommand(named, { print, finish });
  ramdiskCommand(named, { print, finish, log });
  exportCommand(named, { print, finish, log });
  importCommand(named, { print, finish, log });
  bundleCommand(named, { print, finish, log });
  remoteCommand(named, { print, finish, log, words });
  sshShellCommand(named, { print, finish, log, again: (asked) => cli(asked, REPORTS_ONLY) });
  const parser = named
    .usage(
      '$0 VERB [options]\n\nMounts the overlay root of an embedded Linux board, and says what it did and why.',
    )
    .command(
      'plan <verb>',
      'print what a verb would do, and touch nothing',
      (y) =>
        y
          .positional('verb', { choices: VERBS, demandOption: true, describe: 'the verb to plan' })
          .options(planOptions)
          .options(setOption)
          .options(keepOption)
          .option('guarded', {
            boolean: true,
            default: false,
            describe:
              'start as sh: that refuses whatever is unlike these facts, to run before the agent',
          })
          .example('$0 plan start', 'each system call, and why')
          .example(
            '$0 plan start --format sh --facts board.json >start.sh',
            'for a board whose Node is broken',
          ),
      (args) => finish(plan(args.verb, { ...chosen(args), guarded: args.guarded }, print, log)),
    )
    .command(
      'switch-root <newroot> <init> [args..]',
      'leave an initramfs for a mounted root, as process 1, and become its init',
      (y) =>
        y
          .positional('newroot', {
            type: 'string',
            demandOption: true,
            describe: 'where the root is mounted',
          })
          .positional('init', {
            type: 'string',
            demandOption: true,
            describe: 'the program to become, as a path in it',
          })
          .positional('args', {
            type: 'string',
            array: true,
            default: [],
            describe: 'what it is called with',
          })
          .option('dry-run', {
            boolean: true,
            default: false,
            describe: 'the same as `plan switch-root`',
          })
          .options(planOptions)
          .options(setOption)
          .example('exec $0 switch-root /newroot /sbin/init', "at the end of a ramdisk's /init"),
      async (args) => {
        const asked = { newRoot: args.newroot, init: args.init };
        if (args['dry-run'])
          return finish(plan('switch-root', { ...chosen(args), asked }, print, log));
        finish(
          await boot.run('switch-root', {
            force: false,
            settings: args.set,
            asked,
            args: args.args,
          }),
        );
      },
    )
    .command(
      'reset',
      'back to the factory settings, except for what is kept',
      (y) =>
        y
          .options(keepOption)
          .option('keep-upgrade', {
            alias: 'k',
            boolean: true,
            default: false,
            describe: 'keep /sysupgrade.tgz',
          })
          .option('yes', { alias: 'y', boolean: true, default: false, describe: 'do not ask' })
          .option('reboot', {
            alias: 'r',
            boolean: true,
            default: false,
            describe: 'reboot when it is ordered',
          })
          .option('dry-run', {
            boolean: true,
            default: false,
            describe: 'the same as `plan reset`',
          })
          .options(planOptions)
          .options(setOption)
          .example(
            '$0 reset --keep /etc/network --yes --reboot',
            'everything but how the board is reached',
          ),
      async (args) => {
        const keep = [...args.keep, ...(args['keep-upgrade'] ? ['/sysupgrade.tgz'] : [])];
        if (args['dry-run']) return finish(plan('reset', chosen({ ...args, keep }), print, log));
        finish(
          await reset(
            { yes: args.yes, reboot: args.reboot },
            () => boot.run('reset', { force: false, keep, settings: args.set }),
            log,
          ),
        );
      },
    )
    .command(
      'facts',
      'print everything a plan rests on, as JSON',
      (y) =>
        y
          .option('json', { boolean: true, default: true, describe: 'the only form there is' })
          .example('$0 facts >board.json', 'for a bug report, or to plan for the board elsewhere'),
      () => print(`${JSON.stringify(factsWithOrigin(), null, 2)}\n`),
    )
    .option('verbose', { boolean: true, global: true, describe: 'more messages on stderr' })
    .option('color', { boolean: true, global: true, default: true, hidden: true })
    .example('$0 plan start', 'look before the first boot with mountroot')
    .example(
      '$0 plan start --format sh --facts board.json',
      'the same for another board, as a script',
    )
    .epilogue(EPILOGUE)
    .demandCommand(1, 'no verb was given')
    .strict()
    .version(VERSION)
    .help()
    .wrap(80)
    // `--keep A --keep B` is a list, and `--keep A B` is not.
    .parserConfiguration({ 'duplicate-arguments-array': true, 'greedy-arrays': false })
    .exitProcess(false)
    .fail((message: string | null, error) => {
      // With a message it is yargs that complains of the words; without one a verb threw.
      throw message === null ? error : new UsageError(complaint(message, words));
    });

  try {
    await parser.parseAsync(words);
  } catch (error) {
    log.error((error as Error).message);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  return status;
}

/** yargs' messages may have several lines, and end in no advice. */
function complaint(message: string, words: readonly string[]): string {
  const unknown = /^Unknown (?:command|argument)s?: (.*)$/.exec(message);
  if (unknown)
    return `there is no verb or option ${unknown[1]} (in \`mountroot ${words.join(' ')}\`); \`mountroot --help\` lists them`;
  return `${message.replace(/\s*\n\s*/g, ' ').trim()}; \`mountroot --help\` shows how it is used`;
}
