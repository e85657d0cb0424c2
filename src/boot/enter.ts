/**
 * The words that the agent is called with: those of a boot are told apart with a glance, because
 * yargs and winston cost more start-up time than all the rest.
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
import { runVerb } from './verb.js';

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

/** The doors to the outside, which one kind of bundle has in another way than another. */
export interface Doors {
  openSystem: () => Promise<System>;
  /** All verbs that a boot does not call. */
  reports: (words: string[], run: RunVerb) => Promise<number>;
  /** This process goes on with a kept heap. */
  heap?: true;
  reader?: Reader;
  /** Where a boot says what it does, instead of /dev/kmsg. */
  kernelLog?: string;
  openJournal?: (complain: (message: string) => void) => Journal;
  /** Ends this process. */
  exit?: (status: number) => void;
}

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/**
 * Called by the kernel, as /init of a ramdisk or with init=; its words are then the kernel's own,
 * for the init that comes after.
 */
const isFirst = (): boolean => process.pid === 1;
const isEarly = (): boolean => isFirst() || Boolean(process.env['PREINIT']);

/**
 * In early boot nobody reads a terminal, nor behind the other scripts that set this; called by
 * hand, nobody looks into the kernel log.
 */
const earlyLog = (device?: string): Log =>
  isEarly() || process.env['MOUNTROOT_LOG'] === 'kmsg' ? kmsg(device) : terminal();

/** @returns the exit status, and whether something was printed that may still be on its way. */
async function carryOut(
  words: string[],
  { openSystem, reports, heap, reader = files, kernelLog, openJournal = openRealJournal }: Doors,
): Promise<{ status: number; reporting: boolean }> {
  const run: RunVerb = async (
    verb,
    { force, afterScript = false, keep = [], settings = [], asked, args = [] },
  ) => {
    const context: BootContext = {
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
    };
    const settled = isFirst() ? null : await takeOverFromScript(context);
    if (afterScript && settled === null)
      context.log.error(
        'start --after-script verifies a root that the script made, and none did in this boot; there is nothing to verify',
      );
    if (afterScript) return settled?.exit ?? EXIT.failed;
    return runVerb({ ...context, locked: settled?.locked ?? false });
  };
  const boot = async (
    verb: Verb,
    options: BootOptions,
  ): Promise<{ status: number; reporting: boolean }> => ({
    status: await run(verb, options),
    reporting: false,
  });
  if (words[0] === 'switch-root' && isFirst()) {
    const [, newRoot = '', init = '', ...args] = words;
    return boot('switch-root', { force: false, asked: { newRoot, init }, args });
  }
  if (isFirst()) return boot('start', { force: false, args: words });
  const [verb = 'start', ...options] = words;
  if (verb === 'start' && options.join() === '--after-script')
    return boot('start', { force: false, afterScript: true });
  if (
    isBootVerb(verb) &&
    options.every((option) => option === '--force' || (isEarly() && !option.startsWith('-')))
  ) {
    // OpenWrt's program takes mount options for the image here. A boot must not end over a word
    // that is not understood.
    const unknown = options.filter((option) => option !== '--force');
    if (unknown.length > 0)
      earlyLog(kernelLog).warn(`${verb} takes no mount options; ignoring ${unknown.join(' ')}`);
    return boot(verb, { force: options.includes('--force') });
  }
  return { status: await reports(words, run), reporting: true };
}

/** Runs what `process.argv` asks for and sets the exit status. */
export function enter(doors: Doors): Promise<void> {
  const { exit = process.exit, kernelLog } = doors;
  const leave = ({ status, reporting }: { status: number; reporting: boolean }): void => {
    // Behind the verbs of a boot Node is left at once: taking its heap apart first takes 50 ms on
    // the board, and what they write is written when they end.
    if (isEarly() && !reporting) exit(status);
    else process.exitCode = status;
  };
  return carryOut(process.argv.slice(2), doors).then(leave, (error: unknown) => {
    earlyLog(kernelLog).error(
      `mountroot failed in a way it does not know: ${(error as Error)?.stack ?? error}`,
    );
    leave({ status: 1, reporting: false });
  });
}
