/**
 * The way in: reads the words that the agent is called with. The calls of a boot are recognised
 * here, without yargs and winston, which cost more start-up time than all the rest.
 */
import { openJournal as openRealJournal, type Journal } from '../execute/journal.js';
import { kmsg, terminal } from '../log/kmsg.js';
import type { Log } from '../log/log.js';
import { EXIT, type Verb } from '../plan/plan.js';
import { isBootVerb } from '../plan/root-verbs.js';
import { reader as files } from '../system/files.js';
import type { Reader, System } from '../system/port.js';
import { takeOverFromScript } from './after-script.js';
import { startRecord } from './start-record.js';
import type { BootContext } from './context.js';
import { runVerb, traceOf } from './verb.js';

interface BootOptions {
  force: boolean;
  /** Only to verify a root that the script made. */
  afterScript?: boolean;
  keep?: readonly string[];
  settings?: readonly string[];
  /** What `switch-root` is told to go to. */
  asked?: { newRoot: string; init: string };
  /** What init is called with. */
  args?: readonly string[];
}

type RunVerb = (verb: Verb, options: BootOptions) => Promise<number>;

/** The doors to the outside, in which the kinds of bundle differ. */
export interface Doors {
  openSystem: () => Promise<System>;
  /** All verbs that a boot does not call. */
  reports: (words: string[], run: RunVerb) => Promise<number>;
  /** This process goes on with a kept heap. */
  heap?: true;
  reader?: Reader;
  /** Where a boot logs what it does, instead of /dev/kmsg. */
  kernelLog?: string;
  openJournal?: (complain: (message: string) => void) => Journal;
  /** Ends this process. */
  exit?: (status: number) => void;
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * The kernel called this process, as /init of a ramdisk or with init=. The words are then the
 * kernel's own, and meant for the init that comes after.
 */
const isFirst = (): boolean => process.pid === 1;
const isEarly = (): boolean => isFirst() || Boolean(process.env['PREINIT']);

/**
 * Nobody reads a terminal in early boot, nor after the scripts that set MOUNTROOT_LOG; a person who
 * calls the agent by hand does not look into the kernel log.
 */
const earlyLog = (device?: string): Log =>
  isEarly() || process.env['MOUNTROOT_LOG'] === 'kmsg' ? kmsg(device) : terminal();

/** How a call ended. */
interface CallOutcome {
  status: number;
  /** Something was printed that may still be on its way. */
  reporting: boolean;
}

const contextOf = (
  verb: Verb,
  { force, keep = [], settings = [], asked, args = [] }: BootOptions,
  { openSystem, heap, reader = files, kernelLog, openJournal = openRealJournal }: Doors,
): BootContext => ({
  verb,
  reader,
  openSystem,
  process: {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? -1,
    env: process.env,
    flags: settings,
    handing: { pid: process.pid, asked, args, self: process.argv[1] ?? '' },
  },
  log: earlyLog(kernelLog),
  clock,
  force,
  keep,
  beginning: (facts) => ({ ...startRecord(reader, facts, clock), ...(heap && { heap }) }),
  openJournal,
});

/** Runs a verb that changes something, after it verified a root that the script made. */
async function runRootVerb(verb: Verb, options: BootOptions, doors: Doors): Promise<number> {
  const context = contextOf(verb, options, doors);
  const settled = isFirst() ? null : await takeOverFromScript(context);
  if (!options.afterScript) return runVerb({ ...context, locked: settled?.locked ?? false });
  if (settled === null)
    context.log.error(
      'start --after-script verifies a root that the script made, and none did in this boot; ' +
        'there is nothing to verify',
    );
  return settled?.exit ?? EXIT.failed;
}

interface BootCall {
  verb: Verb;
  options: BootOptions;
}

/** What the kernel calls process 1 with. */
function callOfProcessOne(words: readonly string[]): BootCall {
  const [verb, newRoot = '', init = '', ...args] = words;
  return verb === 'switch-root'
    ? { verb, options: { force: false, asked: { newRoot, init }, args } }
    : { verb: 'start', options: { force: false, args: words } };
}

/** A call that boot scripts make; null where the reporting verbs are to read the words. */
function callOfBootScript(words: readonly string[], log: () => Log): BootCall | null {
  const [verb = 'start', ...options] = words;
  if (verb === 'start' && options.join() === '--after-script')
    return { verb, options: { force: false, afterScript: true } };
  const isPlain = options.every(
    (option) => option === '--force' || (isEarly() && !option.startsWith('-')),
  );
  if (!isBootVerb(verb) || !isPlain) return null;
  // OpenWrt's program takes mount options for the image here. A boot must not end over a word that
  // is not understood.
  const unknown = options.filter((option) => option !== '--force');
  if (unknown.length > 0)
    log().warn(`${verb} takes no mount options; ignoring ${unknown.join(' ')}`);
  return { verb, options: { force: options.includes('--force') } };
}

async function answerCall(words: string[], doors: Doors): Promise<CallOutcome> {
  const call = isFirst()
    ? callOfProcessOne(words)
    : callOfBootScript(words, () => earlyLog(doors.kernelLog));
  if (call !== null)
    return { status: await runRootVerb(call.verb, call.options, doors), reporting: false };
  const run: RunVerb = (verb, options) => runRootVerb(verb, options, doors);
  return { status: await doors.reports(words, run), reporting: true };
}

/** Runs what `process.argv` asks for and sets the exit status. */
export function enter(doors: Doors): Promise<void> {
  const exit = doors.exit ?? ((status: number) => process.exit(status));
  const leave = ({ status, reporting }: CallOutcome): void => {
    // After the verbs of a boot Node is left at once: taking its heap apart first takes 50 ms on
    // the board, and what they write is written when they end.
    if (isEarly() && !reporting) exit(status);
    else process.exitCode = status;
  };
  return answerCall(process.argv.slice(2), doors).then(leave, (error: unknown) => {
    earlyLog(doors.kernelLog).error(
      `mountroot failed in a way it does not know: ${traceOf(error)}`,
    );
    leave({ status: EXIT.failed, reporting: false });
  });
}
