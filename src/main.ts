/** The way in: the boot path is told apart with a glance at the words, because yargs and winston cost more start-up time than all the rest. */
import { runVerb } from './boot/verb.js';
import { openJournal } from './execute/journal.js';
import { kmsg, terminal } from './log/kmsg.js';
import type { Log } from './log/log.js';
import type { Verb } from './plan/plan.js';
import { reader } from './system/files.js';

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

const EARLY = Boolean(process.env['PREINIT']);

/** In early boot nobody reads a terminal, nor behind the other scripts that set this; called by hand, nobody looks into the kernel log. */
const earlyLog = (): Log => (EARLY || process.env['MOUNTROOT_LOG'] === 'kmsg' ? kmsg() : terminal());

/** The verbs that a boot calls, and that change something. */
const isBootVerb = (word: string): word is Verb => ['start', 'ram', 'done', 'stop'].includes(word);

async function main(words: string[]): Promise<number> {
  const [verb = 'start', ...options] = words;
  if (isBootVerb(verb) && options.every((option) => option === '--force' || (EARLY && !option.startsWith('-')))) {
    // OpenWrt's program takes mount options for the image here. A boot must not end over a word that is not understood.
    const unknown = options.filter((option) => option !== '--force');
    if (unknown.length > 0) earlyLog().warn(`${verb} takes no mount options; ignoring ${unknown.join(' ')}`);
    return boot(verb, { force: options.includes('--force') });
  }
  const { cli } = await import('./cli/cli.js');
  return cli(words, { run: boot });
}

export interface BootOptions {
  force: boolean;
  keep?: readonly string[];
  settings?: readonly string[];
}

const boot = (verb: Verb, { force, keep = [], settings = [] }: BootOptions): Promise<number> =>
  runVerb({
    verb,
    reader,
    openSystem: async () => (await import('./system/ffi.js')).system,
    process: { platform: process.platform, arch: process.arch, uid: process.getuid?.() ?? -1, env: process.env, flags: settings },
    log: earlyLog(),
    clock,
    force,
    keep,
    openJournal,
  });

main(process.argv.slice(2)).then(
  (status) => {
    process.exitCode = status;
  },
  (error: unknown) => {
    earlyLog().error(`mountroot failed in a way it does not know: ${(error as Error)?.stack ?? error}`);
    process.exitCode = 1;
  },
);
