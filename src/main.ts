/** The way in: the boot path is told apart with a glance at the words, because yargs and winston cost more start-up time than all the rest. */
import { start } from './boot/start.js';
import { kmsg, terminal } from './log/kmsg.js';
import type { Log } from './log/log.js';
import { reader } from './system/files.js';

const clock = (): number => Number(process.hrtime.bigint()) / 1e6;

/** In early boot nobody reads a terminal; called by hand, nobody looks into the kernel log. */
const earlyLog = (): Log => (process.env['PREINIT'] ? kmsg() : terminal());

async function main(words: string[]): Promise<number> {
  const [verb = 'start', ...options] = words;
  const force = options.includes('--force');
  if (verb === 'start' && options.every((option) => option === '--force')) return bootStart(force);
  const { cli } = await import('./cli/cli.js');
  return cli(words, { start: bootStart });
}

const bootStart = (force: boolean): Promise<number> =>
  start({
    reader,
    openSystem: async () => (await import('./system/ffi.js')).system,
    process: { platform: process.platform, arch: process.arch, uid: process.getuid?.() ?? -1, env: process.env },
    log: earlyLog(),
    clock,
    force,
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
