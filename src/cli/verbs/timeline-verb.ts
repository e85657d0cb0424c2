import { basename } from 'node:path';
import type { Boot } from '../../report/journal/boot-runs.js';
import { BOOT_FILE } from '../../facts/places.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import { BOOT_OPTION, chosenBoot, whichBoot } from '../boot-choice.js';
import { fromFile } from '../from-file.js';
import { isStdout } from '../stdout.js';
import { UsageError } from '../usage-error.js';
import { verb } from '../verb-row.js';
import { writeReport } from '../write-report.js';

/** The boot in a journal file. A file of the data volume has the boot's number in its name. */
async function bootInFile(file: string): Promise<Boot> {
  const { bootOf } = await import('../../report/journal/boot-runs.js');
  const number = BOOT_FILE.exec(basename(file))?.[1];
  return fromFile(file, (bytes) => {
    const boot = bootOf(
      { number: number === undefined ? null : Number(number), id: null, current: false, file },
      bytes.toString('utf8'),
    );
    if (boot.runs.length === 0)
      throw new Error(
        'it has no record of a journal; give a journal.ndjson, ' +
          'or one of the boots kept in .mountroot/boots on the data volume',
      );
    return boot;
  });
}

async function bootOfBoard(wanted: number): Promise<Boot> {
  const { gatherBoots } = await import('../../report/journal/gather-boots.js');
  return chosenBoot(gatherBoots(reader, whichBoot(wanted)), wanted);
}

/**
 * The time when the kernel ran the first program. Only the log of the running kernel shows it; null
 * for any other boot.
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

async function pictureOf(boot: Boot): Promise<string> {
  const { chartOf } = await import('../../report/timeline/boot-chart.js');
  const chart = chartOf(boot, await initTime(boot));
  if (chart === null)
    throw new UsageError(
      `${boot.file} tells of no verb that made a root, so there is nothing to draw`,
    );
  return (await import('../../report/timeline/chart-svg.js')).renderTimeline(chart);
}

export const timelineVerb = verb({
  name: 'timeline',
  summary: 'one boot as a picture (SVG): kernel, Node.js, each step, init, done',
  positionals: {
    file: {
      type: 'optional',
      completes: 'paths',
      dash: true,
      describe: 'a journal (NDJSON) in place of those of this machine; - is stdin',
    },
  },
  options: {
    boot: BOOT_OPTION,
    output: {
      type: 'text',
      alias: 'o',
      argument: 'FILE',
      label: 'FILE.svg',
      describe: 'write it there; without it to stdout',
    },
  },
  examples: [
    ['$0 timeline -o boot.svg', 'the boot that is running'],
    ['$0 journal --boot 3 --ndjson | $0 timeline - -o boot.svg', 'to draw it on another machine'],
  ],
  overSsh: { options: ['boot'] },
  exits: [],
  run: async ({ file, boot, output }, { print }) => {
    if (file !== undefined && boot !== undefined)
      throw new UsageError(
        "--boot N is one of this board's boots, and a file is one boot; use one of them",
      );
    const picture = await pictureOf(
      await (file === undefined ? bootOfBoard(boot ?? 0) : bootInFile(file)),
    );
    if (isStdout(output)) print(picture);
    else writeReport(output, picture);
    return EXIT.done;
  },
});
