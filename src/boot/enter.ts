/**
 * The entry: parses the arguments of the agent. It recognises the calls of a boot without yargs and
 * winston, which cost more start-up time than everything else.
 */
import { openJournal } from '../execute/journal.js';
import { FAILSAFE_MARK } from '../facts/gather.js';
import { givenOptions } from '../facts/given-options.js';
import { HEAP_REFUSED } from '../facts/installation.js';
import { recordFolder } from '../facts/own-files.js';
import { TMP_RECORDS } from '../facts/places.js';
import { kmsg, terminal } from '../log/kmsg.js';
import type { Log } from '../log/log.js';
import { EXIT, type Verb } from '../plan/plan.js';
import { isBootVerb } from '../plan/root-verbs.js';
import { reader as files } from '../system/files.js';
import { orElse } from '../system/or-else.js';
import type { Reader, System } from '../system/port.js';
import { takeOverFromScript } from './after-script.js';
import { calledWords } from './called-words.js';
import { faultSentence, traceOf, type IsWhole } from './fault-text.js';
import { startRecord } from './start-record.js';
import type { BootContext } from './context.js';
import { runVerb } from './verb.js';

interface BootOptions {
  force: boolean;
  /** True if the call only verifies a root that the script made. */
  afterScript?: boolean;
  keep?: readonly string[];
  settings?: readonly string[];
  /** The options to mount the data volume with. */
  mountOptions?: string;
  /** The root that `switch-root` names. */
  asked?: { newRoot: string; init: string };
  /** The arguments of init. */
  args?: readonly string[];
}

type RunVerb = (verb: Verb, options: BootOptions) => Promise<number>;

/** The interfaces to the outside, which differ between the kinds of bundle. */
export interface Doors {
  openSystem: () => Promise<System>;
  /** Runs the verbs that a boot does not call. */
  reports: (words: string[], run: RunVerb) => Promise<number>;
  /** True if this process continues from a kept heap. */
  heap?: true;
  /** Absent then. */
  isWhole?: IsWhole;
  reader?: Reader;
  /** The log of a boot, instead of /dev/kmsg. */
  kernelLog?: string;
  /** The folder of the journal, instead of the one of this boot. */
  journalFolder?: string;
  /** Ends this process. */
  exit?: (status: number) => void;
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * True if the kernel called this process, as /init of a ramdisk or with init=. The arguments then
 * come from the kernel and are meant for the real init.
 */
const isFirst = (): boolean => process.pid === 1;
const isEarly = (): boolean => isFirst() || Boolean(process.env['PREINIT']);

/**
 * In OpenWrt's failsafe mode a person calls the agent, in a shell that may have PREINIT. Their
 * terminal then shows what the agent says.
 */
const isFailsafe = (reader: Reader): boolean =>
  !isFirst() &&
  (process.env['FAILSAFE'] === 'true' ||
    orElse(false, () => reader.kind(FAILSAFE_MARK) !== 'missing'));

/**
 * Chooses the log. Nobody reads a terminal in early boot or after the scripts that set
 * MOUNTROOT_LOG. A person who calls the agent by hand does not read the kernel log.
 */
const earlyLog = (device?: string, reader: Reader = files): Log =>
  (isEarly() && !isFailsafe(reader)) || process.env['MOUNTROOT_LOG'] === 'kmsg'
    ? kmsg(device)
    : terminal();

/** The launcher ran this process because it could not use the heap. */
const refusal = (): { heapRefused?: true } =>
  process.env[HEAP_REFUSED] === undefined ? {} : { heapRefused: true };

/** The end of a call. */
interface CallOutcome {
  status: number;
  /** True if printed text may still wait in a buffer. */
  reporting: boolean;
}

/** Out of an initramfs only the move of /tmp is certain: the image may have no /run. */
const placeOfRecords = (reader: Reader): string => (isFirst() ? TMP_RECORDS : recordFolder(reader));

const contextOf = (
  verb: Verb,
  { force, keep = [], settings = [], mountOptions, asked, args = [] }: BootOptions,
  { openSystem, heap, reader = files, kernelLog, journalFolder }: Doors,
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
    ...(mountOptions !== undefined && { mountOptions }),
    handing: { pid: process.pid, asked, args, self: process.argv[1] ?? '' },
  },
  log: earlyLog(kernelLog, reader),
  clock,
  force,
  keep,
  beginning: (facts) => ({
    ...startRecord(reader, facts, clock),
    ...(heap && { heap }),
    ...refusal(),
  }),
  // Early in boot nobody else runs, and later root is not stopped by what others made in /tmp.
  openJournal: (complain) => openJournal(complain, journalFolder ?? placeOfRecords(reader)),
});

/** A fault while the script's root is verified keeps no verb from running. */
const verified = (context: BootContext): ReturnType<typeof takeOverFromScript> =>
  takeOverFromScript(context).catch((error: unknown) => {
    context.log.error(`the script's root could not be verified: ${traceOf(error)}`);
    return null;
  });

/** Verifies a root that the script made, and then runs a verb that changes something. */
async function runRootVerb(verb: Verb, options: BootOptions, doors: Doors): Promise<number> {
  const context = contextOf(verb, options, doors);
  const settled = isFirst() ? null : await verified(context);
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

/** The arguments that the kernel gives to process 1. */
function callOfProcessOne(words: readonly string[]): BootCall {
  const [verb, newRoot = '', init = '', ...args] = words;
  return verb === 'switch-root'
    ? { verb, options: { force: false, asked: { newRoot, init }, args } }
    : { verb: 'start', options: { force: false, args: words } };
}

/** Recognises a call of the boot scripts; null if the reporting verbs must parse the arguments. */
function callOfBootScript(words: readonly string[], log: () => Log): BootCall | null {
  // OpenWrt's preinit passes mount options as one word, which may be empty.
  const [verb = 'start', ...options] = words.filter((word) => word !== '');
  if (verb === 'start' && options.join() === '--after-script')
    return { verb, options: { force: false, afterScript: true } };
  const isPlain = options.every(
    (option) => option === '--force' || (isEarly() && !option.startsWith('-')),
  );
  if (!isBootVerb(verb) || !isPlain) return null;
  const { data, ignored } = givenOptions(options.filter((option) => option !== '--force'));
  // A boot must not fail because of an unknown argument.
  if (ignored.length > 0)
    log().warn(
      `${verb} does not heed ${ignored.join(', ')}: it takes only options of the data volume's ` +
        'own file system',
    );
  const force = options.includes('--force');
  return verb === 'start' && data !== null
    ? { verb, options: { force, mountOptions: data } }
    : { verb, options: { force } };
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

/** Runs the verb that `process.argv` names, and sets the exit status. */
export function enter(doors: Doors): Promise<void> {
  const exit = doors.exit ?? ((status: number) => process.exit(status));
  const leave = ({ status, reporting }: CallOutcome): void => {
    // After a verb of the boot we exit at once. Tearing down Node's heap would take 50 ms on the
    // board, and these verbs have written everything when they end.
    if (isEarly() && !reporting) exit(status);
    else process.exitCode = status;
  };
  return answerCall(calledWords(process.argv), doors).then(leave, async (error: unknown) => {
    earlyLog(doors.kernelLog).error(await faultSentence(error, doors.isWhole));
    leave({ status: EXIT.failed, reporting: false });
  });
}
