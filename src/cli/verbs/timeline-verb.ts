import { basename } from 'node:path';
import type { Argv } from 'yargs';
import { readKernelRecords } from '../../system/kernel-records.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import type { Boot } from '../../report/journal/boot-runs.js';
import { bootOption, chosenBoot, whichBoot } from './journal-verb.js';
import { fromFile, type CommandDeps } from './locate-verb.js';
import { writeReport } from '../write-report.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface TimelineOptions {
  file: string | undefined;
  boot: number | undefined;
  output: string | undefined;
}

/** The names that boots have on the data volume tell which one it is. */
async function fromJournal(file: string): Promise<Boot> {
  const { bootOf } = await import('../../report/journal/boot-runs.js');
  const number = /^(\d{8})-[\w-]{8}\.ndjson$/.exec(basename(file))?.[1];
  return fromFile(file, (bytes) => {
    const boot = bootOf(
      { number: number === undefined ? null : Number(number), id: null, current: false, file },
      bytes.toString('utf8'),
    );
    if (boot.runs.length === 0)
      throw new Error(
        'it has no record of a journal; give a journal.ndjson, or one of the boots kept in .mountroot/boots on the data volume',
      );
    return boot;
  });
}

async function fromHere(wanted: number): Promise<Boot> {
  const { gatherBoots } = await import('../../report/journal/gather-boots.js');
  return chosenBoot(gatherBoots(reader, whichBoot(wanted)), wanted);
}

/**
 * Only the kernel's own log tells when it ran the first program, and only of the boot that is
 * running.
 */
async function initTime(boot: Boot): Promise<number | null> {
  if (!boot.current) return null;
  const { initAt } = await import('../../report/timeline/init-at.js');
  try {
    return initAt(readKernelRecords());
  } catch {
    return null;
  }
}

async function run(
  { file, boot, output }: TimelineOptions,
  { print, finish }: CommandDeps,
): Promise<void> {
  if (file !== undefined && boot !== undefined)
    throw new UsageError(
      "--boot N is one of this board's boots, and a file is one boot; use one of them",
    );
  const chosen = file === undefined ? await fromHere(boot ?? 0) : await fromJournal(file);
  const { chartOf } = await import('../../report/timeline/boot-chart.js');
  const chart = chartOf(chosen, await initTime(chosen));
  if (chart === null)
    throw new UsageError(
      `${chosen.file} tells of no verb that made a root, so there is nothing to draw`,
    );
  const { renderTimeline } = await import('../../report/timeline/chart-svg.js');
  const picture = renderTimeline(chart);
  if (output === undefined || output === '-') print(picture);
  else writeReport(output, picture);
  finish(EXIT.done);
}

/** `timeline`: one boot as a picture. */
export function timelineCommand(y: Argv, deps: CommandDeps): Argv {
  return y.command(
    'timeline [file]',
    'one boot as a picture (SVG): kernel, Node.js, each step, init, done',
    (parser) =>
      parser
        .positional('file', {
          type: 'string',
          describe: 'a journal (NDJSON) in place of those of this machine; - is stdin',
        })
        // Else a lone - comes out of yargs as the empty string.
        .nargs('file', 1)
        .option('boot', bootOption)
        .option('output', {
          alias: 'o',
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'FILE.svg: put it there, else on stdout',
        })
        .example('$0 timeline -o boot.svg', 'the boot that is running')
        .example(
          '$0 journal --boot 3 --ndjson | $0 timeline - -o boot.svg',
          'drawn somewhere else',
        ),
    async ({ file, boot, output }) => run({ file, boot, output }, deps),
  );
}
