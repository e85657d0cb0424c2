import type { Explanation, KernelEnd } from '../../explain/explanation.js';
import { parseDeviceTree } from '../../facts/device-tree.js';
import { readKernelConfig } from '../../facts/kernel-config.js';
import { parseConsole } from '../../facts/console-log.js';
import type { KernelLog } from '../../facts/kernel-log.js';
import { EXIT } from '../../plan/plan.js';
import { fromFile } from '../from-file.js';
import { factsFrom, factsWithOrigin } from '../local-facts.js';
import { localStatus } from '../local-status.js';
import { UsageError } from '../usage-error.js';
import { verb, type OptionRows, type OptionValues } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

const OPTIONS = {
  json: { type: 'flag', describe: 'as data' },
  facts: {
    type: 'text',
    argument: 'FILE',
    describe: 'explain the machine that this file describes (see `facts`)',
  },
  cmdline: {
    type: 'text',
    argument: 'TEXT',
    label: 'TEXT',
    describe: 'foretell what this kernel command line would lead to',
  },
  initrd: {
    type: 'text',
    argument: 'FILE',
    describe: 'the ramdisk that is handed over with the command line',
  },
  config: {
    type: 'text',
    argument: 'FILE',
    describe: 'how the kernel is configured: its .config, or config.gz',
  },
  dtb: {
    type: 'text',
    argument: 'FILE',
    describe: 'the device tree that it is handed, for its bootargs and initrd',
  },
  console: {
    type: 'text',
    argument: 'FILE',
    describe: 'explain a boot from the log of its serial console; - is stdin',
  },
  boot: {
    type: 'number',
    argument: 'N',
    label: 'N',
    describe: 'the boot in that log, from 1; without it the last',
  },
} as const satisfies OptionRows;

type ExplainValues = OptionValues<typeof OPTIONS>;

/** The boot of a console's log that was asked for, else the last one. @throws {UsageError} */
function bootOf(boots: readonly KernelLog[], wanted: number | undefined, file: string): KernelLog {
  const count = boots.length;
  if (wanted !== undefined && (!Number.isInteger(wanted) || wanted < 1 || wanted > count))
    throw new UsageError(
      `--boot ${wanted} is not there: ` +
        `${file} shows ${count} boot${count === 1 ? '' : 's'}, counted from 1`,
    );
  const chosen = boots.at(wanted === undefined ? -1 : wanted - 1);
  if (chosen === undefined)
    throw new UsageError(
      `there is no line in ${file}; give the log of a serial console, or what dmesg prints`,
    );
  return chosen;
}

/** Whether the question is about this machine and this boot, so that we may read from both. */
const isAboutHere = ({ facts, cmdline, console: log, dtb }: ExplainValues): boolean =>
  [facts, cmdline, log, dtb].every((value) => value === undefined);

const ifNamed = <T>(file: string | undefined, parse: (bytes: Buffer) => T): T | null =>
  file === undefined ? null : fromFile(file, parse);

async function explanationOf(values: ExplainValues): Promise<Explanation> {
  const { cmdline, console: log, facts: file } = values;
  const { explain } = await import('../../explain/explanation.js');
  const here = isAboutHere(values);
  const config = ifNamed(values.config, readKernelConfig);
  const boots = ifNamed(log, (bytes) => parseConsole(bytes.toString('utf8')));
  const factsHere = here ? factsWithOrigin() : null;
  return explain({
    facts: file === undefined ? factsHere : factsFrom(file),
    commandLine: cmdline ?? null,
    config,
    deviceTree: ifNamed(values.dtb, parseDeviceTree),
    initrd:
      values.initrd === undefined
        ? null
        : await (
            await import('../../explain/initrd/initrd-file.js')
          ).lookIntoInitrd(values.initrd, config),
    log: boots === null || log === undefined ? null : bootOf(boots, values.boot, log),
    ...(boots !== null && { boots }),
    ours: here ? localStatus() : null,
  });
}

const STATUS: Record<KernelEnd['kind'], number> = {
  runs: EXIT.done,
  panics: EXIT.problems,
  waits: EXIT.problems,
  stops: EXIT.problems,
  unknown: EXIT.notUnderstood,
  'not-understood': EXIT.notUnderstood,
};

/** A machine that runs came up, whatever its facts lack. */
const statusOf = ({ of, end: { kind } }: Explanation): number =>
  of === 'this boot' && kind === 'unknown' ? EXIT.done : STATUS[kind];

export const explainVerb = verb({
  name: 'explain',
  summary: "how this root came to be, as the kernel's own decisions in order",
  positionals: {},
  options: OPTIONS,
  examples: [
    ['$0 explain --console serial.log', 'why a board panicked'],
    ['$0 explain --facts board.json --cmdline "root=/dev/mtdblock2"', 'before you boot with it'],
  ],
  overSsh: { options: ['json'] },
  exits: ['problems', 'notUnderstood'],
  run: async (values, { print }) => {
    if (values.boot !== undefined && values.console === undefined)
      throw new UsageError(
        "--boot N says which boot of a console's log is meant; give the log with --console FILE",
      );
    const explanation = await explanationOf(values);
    const { renderExplanation } = await import('../../explain/explanation-text.js');
    print(values.json ? jsonText(explanation) : renderExplanation(explanation));
    return statusOf(explanation);
  },
});
