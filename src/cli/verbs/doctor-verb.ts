import type { Argv } from 'yargs';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import type { CommandDeps } from './locate-verb.js';
import { factsFrom, localFacts } from './plan-verb.js';
import { UsageError } from '../usage-error.js';
import { lastValue } from '../last-value.js';

interface DoctorOptions {
  facts: string | undefined;
  json: boolean;
  verbose: boolean;
  color: boolean;
  /** `KEY=VALUE` settings, over those of the machine. */
  set: readonly string[];
}

/** Loads what a start would load, and calls nothing of it. */
async function nativeTrouble(): Promise<string | null> {
  try {
    await import('../../system/ffi.js');
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

async function run(
  { facts: file, json, verbose, color, set }: DoctorOptions,
  { print, finish }: CommandDeps,
): Promise<void> {
  if (file !== undefined && set.length > 0)
    throw new UsageError(
      '--set changes what is gathered from this machine, and --facts FILE was gathered before; use one of them',
    );
  const { diagnosis } = await import('../../report/doctor/diagnose.js');
  const { renderDiagnosis } = await import('../../report/doctor/doctor-text.js');
  const { gatherLive } = await import('../../report/doctor/live.js');
  const facts = file === undefined ? localFacts(set) : factsFrom(file);
  const { version, arch, memoryUsage } = process;
  const live =
    file === undefined
      ? gatherLive(reader, facts, {
          records: readKernelRecords,
          node: { version, arch, rss: memoryUsage.rss() },
          native: await nativeTrouble(),
          time: Date.now(),
        })
      : null;
  const found = diagnosis(facts, live);
  const { NO_COLOR, TERM } = process.env;
  print(
    json
      ? `${JSON.stringify(found, null, 2)}\n`
      : renderDiagnosis(found, {
          verbose,
          colour: color && Boolean(process.stdout.isTTY) && !NO_COLOR && TERM !== 'dumb',
        }),
  );
  finish(found.counts.problem > 0 ? EXIT.problems : EXIT.done);
}

/** `doctor`: whether `start` would work here, looked at beforehand. */
export function doctorCommand(y: Argv, deps: CommandDeps): Argv {
  return y.command(
    'doctor',
    'whether start would work here: each precondition, and its cure',
    (parser) =>
      parser
        .option('facts', {
          string: true,
          requiresArg: true,
          coerce: lastValue<string | undefined>,
          describe: 'look at the machine that this file describes (see `facts`)',
        })
        .option('set', {
          array: true,
          string: true,
          requiresArg: true,
          default: [] as string[],
          describe: 'KEY=VALUE: as if this were set',
        })
        .option('json', { boolean: true, default: false, describe: 'as data' })
        .example('$0 doctor', 'before the first boot with mountroot, and after any bad one')
        .example('$0 doctor --facts board.json --verbose', 'all that another board has'),
    async ({ facts, json, verbose, color, set }) =>
      run({ facts, json, verbose: verbose === true, color: color !== false, set }, deps),
  );
}
