/** The way in: the boot path is told apart with a glance at the words, because yargs and winston cost more start-up time than all the rest. */
import { beginning } from './boot/beginning.js';
import { settleScript } from './boot/after-script.js';
import { runVerb } from './boot/verb.js';
import type { BootContext } from './boot/context.js';
import { openJournal } from './execute/journal.js';
import { kmsg, terminal } from './log/kmsg.js';
import type { Log } from './log/log.js';
import { EXIT, type Verb } from './plan/plan.js';
import { reader } from './system/files.js';

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Called by the kernel, as /init of a ramdisk or with init=; its words are then the kernel's own, for the init that comes after. */
const FIRST = process.pid === 1;
const EARLY = FIRST || Boolean(process.env['PREINIT']);

/** In early boot nobody reads a terminal, nor behind the other scripts that set this; called by hand, nobody looks into the kernel log. */
const earlyLog = (): Log => (EARLY || process.env['MOUNTROOT_LOG'] === 'kmsg' ? kmsg() : terminal());

/** What a report prints may still be on its way when its verb has ended. */
let reporting = false;

/** The verbs that a boot calls, and that change something. */
const isBootVerb = (word: string): word is Verb => ['start', 'ram', 'done', 'stop'].includes(word);

async function main(words: string[]): Promise<number> {
  if (words[0] === 'switch-root' && FIRST) {
    const [, newRoot = '', init = '', ...args] = words;
    return boot('switch-root', { force: false, asked: { newRoot, init }, args });
  }
  if (FIRST) return boot('start', { force: false, args: words });
  const [verb = 'start', ...options] = words;
  if (verb === 'start' && options.join() === '--after-script') return boot('start', { force: false, afterScript: true });
  if (isBootVerb(verb) && options.every((option) => option === '--force' || (EARLY && !option.startsWith('-')))) {
    // OpenWrt's program takes mount options for the image here. A boot must not end over a word that is not understood.
    const unknown = options.filter((option) => option !== '--force');
    if (unknown.length > 0) earlyLog().warn(`${verb} takes no mount options; ignoring ${unknown.join(' ')}`);
    return boot(verb, { force: options.includes('--force') });
  }
  reporting = true;
  const { cli } = await import('./cli/cli.js');
  return cli(words, { run: boot });
}

export interface BootOptions {
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

async function boot(verb: Verb, { force, afterScript = false, keep = [], settings = [], asked, args = [] }: BootOptions): Promise<number> {
  const context: BootContext = {
    verb,
    reader,
    openSystem: async () => (await import('./system/ffi.js')).system,
    process: { platform: process.platform, arch: process.arch, uid: process.getuid?.() ?? -1, env: process.env, flags: settings, handing: { pid: process.pid, asked, args, self: process.argv[1] ?? '' } },
    log: earlyLog(),
    clock,
    force,
    keep,
    beginning: (facts) => beginning(reader, facts, clock),
    openJournal,
  };
  const settled = FIRST ? null : await settleScript(context);
  if (afterScript && settled === null) context.log.error('start --after-script verifies a root that the script made, and none did in this boot; there is nothing to verify');
  if (afterScript) return settled?.exit ?? EXIT.failed;
  return runVerb({ ...context, locked: settled?.locked ?? false });
}

/** Behind the verbs of a boot Node is left at once: taking its heap apart first takes 50 ms on the board, and what they write is written when they end. */
const leave = (status: number): void => {
  if (EARLY && !reporting) process.exit(status);
  process.exitCode = status;
};

main(process.argv.slice(2)).then(leave, (error: unknown) => {
  earlyLog().error(`mountroot failed in a way it does not know: ${(error as Error)?.stack ?? error}`);
  leave(1);
});
