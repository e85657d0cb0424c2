import type { Way } from '../../remote/ssh.js';
import { askBoards, type RemoteRequest } from '../ask-boards.js';
import { filledLines } from '../conventions.js';
import { bytesOf } from '../from-file.js';
import { reportsOf } from '../ssh-reports.js';
import { asUsageError, UsageError } from '../usage-error.js';
import { verb, type OptionRows, type OptionValues, type VerbTable } from '../verb-row.js';
import { wordsBehind } from '../words-behind.js';

/** The form of a program's path that needs no quotes for the board's shell. */
const COMMAND = /^[\w/.+][\w/.+-]*$/;
const SSH_OPTION = /^[A-Za-z]+[ =][^\0-\x1f\x7f]*$/;
const DAY = 86_400;

/** Bytes of a list of hosts: as many as may be asked, each with a long name. */
const LONGEST_LIST = 4 << 20;

const OPTIONS = {
  hosts: {
    type: 'text',
    argument: 'FILE',
    label: 'FILE',
    describe: 'more hosts, one a line; - is stdin',
  },
  jobs: {
    type: 'number',
    argument: 'N',
    label: 'N',
    range: [1, 512],
    describe: 'how many hosts at once (8)',
  },
  timeout: {
    type: 'number',
    argument: 'S',
    label: 'S',
    range: [1, DAY],
    describe: 'seconds for each host (60)',
  },
  'connect-timeout': {
    type: 'number',
    argument: 'S',
    label: 'S',
    range: [1, DAY],
    describe: 'seconds for the connection (10)',
  },
  command: {
    type: 'text',
    argument: 'TEXT',
    default: 'mountroot',
    describe: 'PATH of mountroot on the boards',
  },
  json: { type: 'flag', describe: 'as one value' },
  ndjson: { type: 'flag', describe: 'as data, a line for each board' },
  bundle: {
    type: 'flag',
    describe: 'everything that a bug report needs, as one archive for each host',
  },
  output: {
    type: 'text',
    alias: 'o',
    argument: 'FILE',
    describe: 'FILE or DIR: where to write bundles; - is stdout',
  },
  config: {
    type: 'text',
    alias: 'F',
    argument: 'FILE',
    label: 'FILE',
    describe: "ssh's configuration",
  },
  'ssh-option': {
    type: 'list',
    argument: 'KEY=VALUE',
    label: 'KEY=VALUE',
    describe: 'an option for ssh, as its -o',
  },
} as const satisfies OptionRows;

type RemoteOptions = OptionValues<typeof OPTIONS>;

/** @throws {UsageError} */
function checkOptions(options: RemoteOptions): void {
  const { json, ndjson, output, bundle, command } = options;
  if (json && ndjson)
    throw new UsageError('--json is one value and --ndjson one a line; use one of them');
  if (output !== undefined && !bundle)
    throw new UsageError('-o is for bundles; send a report into a file with >FILE');
  if (!COMMAND.test(command))
    throw new UsageError(
      `--command takes the path of one program, and not ${JSON.stringify(command)}`,
    );
  for (const option of options['ssh-option'])
    if (!SSH_OPTION.test(option))
      throw new UsageError(`--ssh-option takes KEY=VALUE, and not ${JSON.stringify(option)}`);
}

/** The boards that were named, in the call and in a list. @throws {UsageError} */
async function hostsOf(named: readonly string[], list: string | undefined): Promise<string[]> {
  const { chosenHosts, parseHosts } = await import('../../remote/hosts.js');
  const hosts = asUsageError(() => {
    if (list === undefined) return chosenHosts(named);
    const text = bytesOf(list, LONGEST_LIST).toString('utf8');
    const listed = parseHosts(text, list === '-' ? 'the standard input' : list);
    return chosenHosts([...named, ...listed]);
  });
  if (hosts.length === 0)
    throw new UsageError(
      'say which boards: `mountroot remote HOST… -- status`, or a file of them with --hosts FILE',
    );
  return hosts;
}

function wayOf(options: RemoteOptions, time: number): Way {
  const { config } = options;
  return {
    ...(config !== undefined && { configFile: config }),
    options: options['ssh-option'],
    connect: options['connect-timeout'] ?? Math.min(10, time),
  };
}

/** The reports by name, the default one first. A bundle has its own option. */
function remoteUsage(table: VerbTable): string {
  const names = reportsOf(table)
    .map(({ verb: words, what }) => [...words, ...(what === undefined ? [] : ['VERB'])].join(' '))
    .filter((name) => name !== 'status' && name !== 'bundle');
  const reports = ['status (if nothing else is said)', ...names].join(', ');
  const lines = filledLines(`Asks boards for a report: ${reports}.`, 75);
  return ['$0 remote HOST... [options] -- VERB [options of the verb]', '', ...lines].join('\n');
}

export const remoteVerb = verb({
  name: 'remote',
  summary: 'reports of many boards at once, over your own ssh',
  usage: remoteUsage,
  positionals: {
    host: {
      type: 'repeated',
      completes: 'nothing',
      describe: "USER@HOST, or an alias of ssh's configuration",
    },
  },
  options: OPTIONS,
  examples: [
    ['$0 remote shelf1 root@192.168.1.1', 'their status, a row for each'],
    ['$0 remote --hosts boards.txt -- journal --last 3', 'the last three boots of each'],
    ['$0 remote shelf1 --bundle', 'mountroot-shelf1.tar.gz, for a bug report'],
  ],
  overSsh: null,
  keepsFile: true,
  exits: ['degraded', 'problems', 'refused', 'unreachable'],
  run: async ({ host, ...options }, context) => {
    checkOptions(options);
    const { reportWanted } = await import('../../remote/question.js');
    const { json, ndjson, bundle, timeout: time = 60 } = options;
    const report = asUsageError(() =>
      reportWanted(
        { report: wordsBehind(context.words), hosts: host, bundle, asData: json || ndjson },
        reportsOf(context.table),
      ),
    );
    const request: RemoteRequest = {
      hosts: await hostsOf(host, options.hosts),
      report,
      way: wayOf(options, time),
      command: options.command,
      jobs: options.jobs ?? 8,
      time,
      json,
      ndjson,
      bundle,
      output: options.output,
    };
    return askBoards(request, context.log);
  },
});
