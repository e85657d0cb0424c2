import { HEAP_REFUSED } from '../../facts/installation.js';
import type { Facts } from '../../facts/facts.js';
import { EXIT } from '../../plan/plan.js';
import { reader } from '../../system/files.js';
import { readKernelRecords } from '../../system/kernel-records.js';
import { isTerminal } from '../../log/is-terminal.js';
import { checkFactsOptions, factsFrom, localFacts } from '../local-facts.js';
import { stdout } from '../stdout.js';
import { verb } from '../verb-row.js';
import { jsonText } from '../../text/printable.js';

/** Loads the native parts as a start does, and calls nothing in them. */
async function nativeTrouble(): Promise<string | null> {
  try {
    (await import('../../system/ffi.js')).openSystem();
    return null;
  } catch (error) {
    return (error as Error).message.split('\n')[0]!;
  }
}

/** The information that only the machine itself has, besides its facts. */
async function lookHere(facts: Facts) {
  const { gatherLive } = await import('../../report/doctor/live.js');
  const { version, arch, memoryUsage } = process;
  return gatherLive(reader, facts, {
    records: readKernelRecords,
    node: { version, arch, rss: memoryUsage.rss() },
    native: await nativeTrouble(),
    time: Date.now(),
    refusedHeap: process.env[HEAP_REFUSED],
  });
}

function stdoutHasColours(): boolean {
  const { NO_COLOR, TERM } = process.env;
  return isTerminal(stdout.fd) && !NO_COLOR && TERM !== 'dumb';
}

export const doctorVerb = verb({
  name: 'doctor',
  summary: 'whether start would work here: each precondition, and its cure',
  positionals: {},
  options: {
    facts: {
      type: 'text',
      argument: 'FILE',
      describe: 'look at the machine that this file describes (see `facts`)',
    },
    set: {
      type: 'list',
      argument: 'KEY=VALUE',
      label: 'KEY=VALUE',
      describe: 'check as if this were set',
    },
    json: { type: 'flag', describe: 'as data' },
  },
  examples: [
    ['$0 doctor', 'before the first boot with mountroot, and after any bad one'],
    ['$0 doctor --facts board.json --verbose', 'every check of another board'],
  ],
  overSsh: { options: ['json', 'verbose'] },
  exits: ['problems'],
  run: async ({ facts: file, set, json, verbose = false, color = true }, { print }) => {
    checkFactsOptions(file, set);
    const { diagnosis } = await import('../../report/doctor/diagnose.js');
    const { renderDiagnosis } = await import('../../report/doctor/doctor-text.js');
    const facts = file === undefined ? localFacts(set) : factsFrom(file);
    const found = diagnosis(facts, file === undefined ? await lookHere(facts) : null);
    const colour = color && stdoutHasColours();
    // The colours are ours, and the renderer makes all else printable.
    print(json ? jsonText(found) : renderDiagnosis(found, { verbose, colour }), 'as it is');
    return found.counts.problem > 0 ? EXIT.problems : EXIT.done;
  },
});
