import type { Argv } from 'yargs';
import { parseDeviceTree } from '../../facts/device-tree.js';
import type { Facts } from '../../facts/facts.js';
import { readKernelConfig } from '../../facts/kernel-config.js';
import { parseConsole, type KernelLog } from '../../facts/kernel-log.js';
import { withOrigin } from '../../facts/origin.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import { fromFile, type CommandDeps } from './locate-verb.js';
import { factsFrom, localFacts } from './plan-verb.js';
import { localStatus } from './status-verb.js';
import { UsageError } from '../usage-error.js';

interface ExplainOptions {
  json: boolean;
  facts: string | undefined;
  cmdline: string | undefined;
  initrd: string | undefined;
  config: string | undefined;
  dtb: string | undefined;
  console: string | undefined;
  boot: number | undefined;
}

/** This machine's facts with how its root came to be, which costs a boot too much to gather. */
export const factsWithOrigin = (): Facts => withOrigin(reader, readKernelRecords, localFacts());

/** The boot that was asked for, else the last. */
function bootOf(boots: readonly KernelLog[], wanted: number | undefined, file: string): KernelLog {
  const chosen = boots.at(wanted === undefined ? -1 : wanted - 1);
  const is = `${boots.length} boot${boots.length === 1 ? '' : 's'}`;
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1 || wanted > boots.length))
    throw new UsageError(`--boot ${wanted} is not there: ${file} shows ${is}, counted from 1`);
  if (chosen === undefined)
    throw new UsageError(
      `there is no line in ${file}; give the log of a serial console, or what dmesg prints`,
    );
  return chosen;
}

async function run(options: ExplainOptions, { print, finish }: CommandDeps): Promise<void> {
  const { explain } = await import('../../explain/explanation.js');
  const { renderExplanation } = await import('../../explain/explanation-text.js');
  const { cmdline, console: log } = options;
  if (options.boot !== undefined && log === undefined)
    throw new UsageError(
      "--boot N says which boot of a console's log is meant; give the log with --console FILE",
    );
  // What is asked about another machine, or another boot, must not rest on this one.
  const here =
    options.facts === undefined &&
    cmdline === undefined &&
    log === undefined &&
    options.dtb === undefined;
  const config = options.config === undefined ? null : fromFile(options.config, readKernelConfig);
  const explanation = explain({
    facts: options.facts !== undefined ? factsFrom(options.facts) : here ? factsWithOrigin() : null,
    commandLine: cmdline ?? null,
    config,
    deviceTree: options.dtb === undefined ? null : fromFile(options.dtb, parseDeviceTree),
    initrd:
      options.initrd === undefined
        ? null
        : await (await import('../../explain/initrd-file.js')).lookInto(options.initrd, config),
    log:
      log === undefined
        ? null
        : bootOf(
            fromFile(log, (bytes) => parseConsole(bytes.toString('utf8'))),
            options.boot,
            log,
          ),
    ours: here ? localStatus() : null,
  });
  print(
    options.json ? `${JSON.stringify(explanation, null, 2)}\n` : renderExplanation(explanation),
  );
  finish(
    explanation.end.kind === 'panics' || explanation.end.kind === 'waits'
      ? EXIT.problems
      : EXIT.done,
  );
}

const file = (describe: string) =>
  ({
    string: true,
    requiresArg: true,
    describe,
    coerce: (value: string | string[] | undefined): string | undefined =>
      Array.isArray(value) ? value.at(-1) : value,
  }) as const;

/** `explain`: how this root came to be, or what would become of a command line. */
export function explainCommand(y: Argv, deps: CommandDeps): Argv {
  return y.command(
    'explain',
    "how this root came to be, as the kernel's own decisions in order",
    (parser) =>
      parser
        .option('json', { boolean: true, default: false, describe: 'as data' })
        .option('facts', file('explain the machine that this file describes (see `facts`)'))
        .option('cmdline', file('TEXT: foretell what would become of this kernel command line'))
        .option('initrd', file('the ramdisk that is handed over with it'))
        .option('config', file('how the kernel is configured: its .config, or config.gz'))
        .option('dtb', file('the device tree that it is handed, for its bootargs and initrd'))
        .option('console', file('explain a boot from the log of its serial console; - is stdin'))
        .option('boot', {
          number: true,
          requiresArg: true,
          describe: 'N: which boot of that log, from 1; else the last',
        })
        .example('$0 explain --console serial.log', 'why a board panicked')
        .example(
          '$0 explain --facts board.json --cmdline "root=/dev/mtdblock2"',
          'before it is booted',
        ),
    async ({ json, facts, cmdline, initrd, config, dtb, console, boot }) =>
      run(
        {
          json,
          facts,
          cmdline,
          initrd,
          config,
          dtb,
          console,
          boot: Array.isArray(boot) ? boot.at(-1) : boot,
        },
        deps,
      ),
  );
}
