/**
 * Runs in the private mount namespace that enter.sh makes: a start, and then `maintain`, each call
 * as a process of its own. Prints one JSON value for the test outside.
 */
import { spawn, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { runVerb } from '../../src/boot/verb.js';
import { commitVerb } from '../../src/cli/verbs/commit-verb.js';
import { maintainVerb } from '../../src/cli/verbs/maintain-verb.js';
import type { VerbContext } from '../../src/cli/verb-row.js';
import { openJournal } from '../../src/execute/journal.js';
import { parseMountinfo, visibleAt } from '../../src/facts/mountinfo.js';
import { system } from '../../src/system/ffi.js';
import { reader } from '../../src/system/files.js';
import { orElse } from '../../src/system/or-else.js';

interface Call {
  /** Shell lines to run with `maintain`; or the words of `commit`. */
  run: string | string[];
  /** The signal to send once this path is there, by default /rom/ready. */
  kill?: NodeJS.Signals;
  ready?: string;
  /** Shell lines to run beside it at that moment. */
  beside?: string;
  /** Shell lines to run on the overlay after it. */
  then?: string;
}

export interface MaintainScenario {
  device: string;
  /**
   * Shell lines to change the root below with, before the overlay is over it: overlayfs may show a
   * later change or not.
   */
  below?: string;
  /** Shell lines to run in the new root before anything else. */
  first?: string;
  calls: Call[];
}

export interface MaintainCall {
  status: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
  beside: string;
  then: string;
  /** The options of /rom afterwards, of the mount and of the file system. */
  mount: string;
  file: string;
  /** What another process of this namespace gets when it writes to /rom. */
  writes: string;
  /** Processes `sleep 301`, which calls leave behind. */
  left: string;
}

const log = (text: string): void => void process.stderr.write(`${text}\n`);
const LOG = { error: log, warn: log, info: log, debug: () => {} };
const sh = (lines: string): string => {
  const { stdout, stderr } = spawnSync('/bin/sh', ['-c', lines], { encoding: 'utf8' });
  return stdout + stderr;
};

async function start(device: string): Promise<void> {
  const exit = await runVerb({
    verb: 'start',
    reader,
    openSystem: async () => system,
    process: {
      platform: process.platform,
      arch: process.arch,
      uid: process.getuid!(),
      env: { PREINIT: '1' },
      flags: [`volume=${device}`],
    },
    log: LOG,
    clock: () => performance.now(),
    force: false,
    keep: [],
    openJournal,
  });
  if (exit !== 0) throw new Error(`start ended with ${exit}`);
}

const isThere = (path: string): boolean => fs.existsSync(path);

/** The process of a number sleeps, as a call had it do. */
const isLeftBehind = (name: string): boolean =>
  /^\d+$/.test(name) &&
  orElse('', () => fs.readFileSync(`/proc/${name}/cmdline`, 'latin1')) === 'sleep\x00301\x00';

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries++) {
    if (tries > 600) throw new Error('what was waited for did not happen');
    await pause(50);
  }
}

const lower = () => visibleAt(parseMountinfo(reader.readText('/proc/self/mountinfo')), '/rom')!;

async function call({
  run,
  kill,
  ready = '/rom/ready',
  beside,
  then,
}: Call): Promise<MaintainCall> {
  const child = spawn(process.execPath, [process.argv[1]!, 'verb', JSON.stringify(run)]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => (stdout += data.toString()));
  child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
  const ended = new Promise<{ status: number | null; signal: string | null }>((resolve) =>
    child.on('close', (status, signal) => resolve({ status, signal })),
  );
  let said = '';
  if (kill !== undefined || beside !== undefined) {
    await until(() => isThere(ready));
    if (beside !== undefined) said = sh(beside);
    if (kill !== undefined) child.kill(kill);
  }
  const { status, signal } = await ended;
  // Whoever was killed could not wait for the guard.
  if (kill !== undefined) await until(() => lower().superOptions.includes('ro'));
  const { options, superOptions } = lower();
  return {
    status,
    signal,
    stdout,
    stderr,
    beside: said,
    then: then === undefined ? '' : sh(then),
    mount: options[0]!,
    file: superOptions[0]!,
    writes: sh('echo x >/rom/written').trim(),
    left: fs.readdirSync('/proc').filter(isLeftBehind).join('\n'),
  };
}

async function main(): Promise<void> {
  const { device, below, first, calls } = JSON.parse(process.argv[2]!) as MaintainScenario;
  if (below !== undefined) sh(`mount -o remount,rw /; ${below}\ncd /; mount -o remount,ro /`);
  await start(device);
  if (first !== undefined) sh(first);
  const out: MaintainCall[] = [];
  for (const each of calls) out.push(await call(each));
  process.stdout.write(`${JSON.stringify(out)}\n`);
}

/** The verb itself, in a process that can be killed. */
async function verb(run: string | string[]): Promise<void> {
  const print = (text: string): void => void process.stdout.write(text);
  const words = typeof run === 'string' ? ['maintain', '--', '/bin/sh', '-c', run] : run;
  const context = { log: LOG, words, print } as unknown as VerbContext;
  const path = words.filter((word) => word !== '--dry-run');
  const args = { path, 'dry-run': words.includes('--dry-run') };
  process.exitCode =
    typeof run === 'string'
      ? await maintainVerb.run({} as never, context)
      : await commitVerb.run(args as never, context);
}

const job =
  process.argv[2] === 'verb' ? verb(JSON.parse(process.argv[3]!) as string | string[]) : main();
job.catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
