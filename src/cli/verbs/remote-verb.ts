import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import type { Log } from '../../log/log.js';
import type { Answer, Question } from '../../remote/judge.js';
import type { TableFormat } from '../../remote/remote-table.js';
import type { SshResult, Way } from '../../remote/ssh.js';
import type { CommandDeps } from './locate-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface Deps extends CommandDeps {
  log: Log;
  /** The whole command line: what stands behind `--` is not for yargs. */
  words: readonly string[];
}

interface RemoteOptions {
  hosts: string[];
  list: string | undefined;
  report: string[] | null;
  way: Way;
  command: string;
  jobs: number;
  time: number;
  json: boolean;
  ndjson: boolean;
  bundle: boolean;
  output: string | undefined;
}

/** For reports; the largest facts of a board are a hundredth of it. */
const MOST = 64 << 20;
/** A board's shell finds it, and ours need not quote it. */
const COMMAND = /^[\w/.+-]+$/;
const SSH_OPTION = /^[A-Za-z]+[ =][^\0-\x1f\x7f]*$/;

const said = <T>(call: () => T): T => {
  try {
    return call();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
};

async function hostsOf({ hosts, list }: RemoteOptions): Promise<string[]> {
  const { chosenHosts, parseHosts } = await import('../../remote/hosts.js');
  const fromList =
    list === undefined
      ? []
      : said(() =>
          parseHosts(
            readFileSync(list === '-' ? 0 : list, 'utf8'),
            list === '-' ? 'the standard input' : list,
          ),
        );
  const all = said(() => chosenHosts([...hosts, ...fromList]));
  if (all.length === 0)
    throw new UsageError(
      'say which boards: `mountroot remote HOST… -- status`, or a file of them with --hosts FILE',
    );
  return all;
}

/** ^C ends each ssh, and what has come until then is shown; a second one ends them at once. */
async function interruptible<T>(call: (go: () => boolean) => Promise<T>): Promise<T> {
  const { interruptAll, killAll } = await import('../../remote/ssh.js');
  let interrupted = false;
  const interrupt = (): void => {
    if (interrupted) killAll();
    interrupted = true;
    interruptAll();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  process.on('exit', killAll);
  try {
    return await call(() => !interrupted);
  } finally {
    for (const name of signals) process.off(name, interrupt);
    process.off('exit', killAll);
  }
}

/** To a pipe no faster than it is read. */
async function put(text: string | Buffer): Promise<void> {
  if (text.length > 0 && !process.stdout.write(text))
    await new Promise((resolve) => process.stdout.once('drain', resolve));
}

async function run(options: RemoteOptions, { finish, log }: Deps): Promise<void> {
  const { ask } = await import('../../remote/ssh.js');
  const { askAll } = await import('../../remote/ask-all.js');
  const { closingLine, exitOf, judge } = await import('../../remote/judge.js');
  const { passOn, reportWanted } = await import('../../remote/question.js');
  const { asItIs, blocks, bundleLines, ndjson, oneValue, statusTable } =
    await import('../../remote/remote-table.js');
  const { bundleStore } = await import('../../remote/store-bundle.js');
  const { json, bundle, output, command } = options;
  const asData = json || options.ndjson;
  const { words, table, data } = said(() => reportWanted({ ...options, asData }));
  const hosts = await hostsOf(options);
  const store = bundle ? said(() => bundleStore(output, hosts)) : null;
  if (store?.piped && asData)
    throw new UsageError(
      'a bundle and data cannot both go to the standard output; name a file with -o',
    );
  // Of one board a report is shown just as it would be there, so that it can be sent into a file.
  const alone = !asData && (store === null ? hosts.length === 1 && !table : store.piped);
  const form: TableFormat = json
    ? oneValue(words)
    : options.ndjson
      ? ndjson()
      : table
        ? statusTable()
        : alone
          ? asItIs(Boolean(process.stdout.isTTY))
          : store !== null
            ? bundleLines()
            : blocks();
  const question: Question = { command, data, limits: { time: options.time * 1000, output: MOST } };
  const use = async (ended: SshResult): Promise<Answer> => {
    const answer =
      store === null ? judge(ended, question) : store.keep(ended.stdout, judge(ended, question));
    await put(
      form.answer(
        answer,
        store !== null && answer.status !== 'well' ? Buffer.alloc(0) : ended.stdout,
      ),
    );
    if (alone) for (const message of answer.messages ?? []) passOn(log, message);
    if (alone && answer.cause !== undefined) log.error(answer.error ?? answer.cause);
    return answer;
  };
  await put(form.begin(hosts));
  const answers = await interruptible((go) =>
    askAll(
      hosts,
      options.jobs,
      (host) => ask(host, [command, ...words], options.way, question.limits),
      use,
      go,
    ),
  );
  await put(form.end(answers));
  // A program that reads lines gets nothing but hosts.
  if (options.ndjson) log.info(closingLine(answers));
  finish(exitOf(answers));
}

function whole(value: number | undefined, option: string, most: number, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(`${option} takes a whole number from 1 to ${most}`);
  return value;
}

/** `remote`: reports of many boards at once. */
export function remoteCommand(y: Argv, deps: Deps): Argv {
  const end = deps.words.indexOf('--');
  const report = end < 0 ? null : deps.words.slice(end + 1);
  return y.command(
    'remote [host..]',
    'reports of many boards at once, over your own ssh',
    (parser) =>
      parser
        .usage(
          '$0 remote HOST... [options] -- VERB [options of the verb]\n\nAsks boards for a report: status (if nothing else is said), doctor,\nexplain, journal, diff, facts, plan VERB, timeline, ramdisk locate.',
        )
        .positional('host', {
          type: 'string',
          array: true,
          default: [] as string[],
          describe: "USER@HOST, or an alias of ssh's configuration",
        })
        .option('hosts', {
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE: more of them, one a line; - is stdin',
        })
        .option('jobs', {
          number: true,
          requiresArg: true,
          coerce: lastValue<number | undefined>,
          describe: 'N: how many at once (8)',
        })
        .option('timeout', {
          number: true,
          requiresArg: true,
          coerce: lastValue<number | undefined>,
          describe: 'S: seconds for each (60)',
        })
        .option('connect-timeout', {
          number: true,
          requiresArg: true,
          coerce: lastValue<number | undefined>,
          describe: 'S: seconds until it is connected (10)',
        })
        .option('command', {
          string: true,
          requiresArg: true,
          default: 'mountroot',
          coerce: lastValue<string>,
          describe: 'PATH of mountroot on the boards',
        })
        .option('json', { boolean: true, default: false, describe: 'as one value' })
        .option('ndjson', {
          boolean: true,
          default: false,
          describe: 'as data, a line for each board',
        })
        .option('bundle', {
          boolean: true,
          default: false,
          describe: 'all that a bug report needs, as an archive of each',
        })
        .option('output', {
          alias: 'o',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE or DIR: where bundles are put; - is stdout',
        })
        .option('config', {
          alias: 'F',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: "FILE: ssh's configuration",
        })
        .option('ssh-option', {
          array: true,
          string: true,
          requiresArg: true,
          default: [] as string[],
          describe: 'KEY=VALUE: as -o of ssh',
        })
        .example('$0 remote shelf1 root@192.168.1.1', 'how they are, a row for each')
        .example('$0 remote --hosts boards.txt -- journal --last 3', 'what each of them did lately')
        .example('$0 remote shelf1 --bundle', 'mountroot-shelf1.tar.gz, for a bug report'),
    async (args) => {
      if (args.json && args.ndjson)
        throw new UsageError('--json is one value and --ndjson one a line; use one of them');
      if (args.output !== undefined && !args.bundle)
        throw new UsageError('-o is for bundles; send a report into a file with >FILE');
      if (!COMMAND.test(args.command) || args.command.startsWith('-'))
        throw new UsageError(
          `--command takes the path of one program, and not ${JSON.stringify(args.command)}`,
        );
      for (const option of args.sshOption)
        if (!SSH_OPTION.test(option))
          throw new UsageError(`--ssh-option takes KEY=VALUE, and not ${JSON.stringify(option)}`);
      const time = whole(args.timeout, '--timeout', 86_400, 60);
      const way: Way = {
        ...(args.config !== undefined && { configFile: args.config }),
        options: args.sshOption,
        connect: whole(args.connectTimeout, '--connect-timeout', 86_400, Math.min(10, time)),
      };
      await run(
        {
          hosts: args.host,
          list: args.hosts,
          report,
          way,
          command: args.command,
          jobs: whole(args.jobs, '--jobs', 512, 8),
          time,
          json: args.json,
          ndjson: args.ndjson,
          bundle: args.bundle,
          output: args.output,
        },
        deps,
      );
    },
  );
}
