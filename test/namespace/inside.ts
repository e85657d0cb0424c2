/**
 * Runs inside the private mount namespace that enter.sh makes. Prints one JSON value for the test
 * outside.
 */
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import { runVerb } from '../../src/boot/verb.js';
import { openJournal } from '../../src/execute/journal.js';
import type { StateFile } from '../../src/execute/state.js';
import type { Verb } from '../../src/plan/plan.js';
import { system as kernel } from '../../src/system/ffi.js';
import { reader } from '../../src/system/files.js';
import type { System } from '../../src/system/port.js';
import { sabotaged } from './sabotage.js';

export interface Scenario {
  /** The loop device that serves as the data partition. */
  device: string;
  /**
   * Before the start, makes each mutating call fail in turn. Either the call does not happen, or it
   * happens and cannot be verified.
   */
  sabotage: boolean;
  verbs: Verb[];
  settings: string[];
  /** Shell lines to run in the new root after the first verb. */
  then: string;
  keep: string[];
}

interface Attempt {
  call: number;
  way: 'refused' | 'unverified';
  verb: string | undefined;
  exit: number;
  log: string[];
  mountinfo: string;
}

export interface Report {
  before: string;
  after: string;
  callsBeforePivot: number;
  attempts: Attempt[];
  ran: { verb: Verb; exit: number; log: string[]; state: StateFile | null }[];
  output: string;
  /** Files below /, /overlay and /tmp/overlay, except this machine's own. */
  files: string[];
}

const { device, sabotage, verbs, settings, then, keep } = JSON.parse(process.argv[2]!) as Scenario;
const mountinfo = (): string => fs.readFileSync('/proc/self/mountinfo', 'utf8');

async function run(
  verb: Verb,
  system: System,
  more: string[] = [],
): Promise<{ exit: number; log: string[]; state: StateFile | null }> {
  const log: string[] = [];
  const say = (text: string): void => void log.push(text);
  const env = {
    start: { PREINIT: '1' },
    ram: { PREINIT: '1' },
    stop: { SHUTDOWN: '1' },
    'switch-root': {},
    done: {},
    reset: {},
  }[verb];
  const exit = await runVerb({
    verb,
    reader,
    openSystem: async () => system,
    process: {
      platform: process.platform,
      arch: process.arch,
      uid: process.getuid!(),
      env,
      flags: [`volume=${device}`, ...settings, ...more],
    },
    log: { error: say, warn: say, info: () => {}, debug: process.env['SHOW'] ? say : () => {} },
    clock: () => performance.now(),
    force: false,
    keep,
    openJournal,
  });
  // The board has a /run in memory.
  const state = fs.existsSync('/run/mountroot/state.json')
    ? (JSON.parse(fs.readFileSync('/run/mountroot/state.json', 'utf8')) as StateFile)
    : null;
  return { exit, log, state };
}

function files(top: string): string[] {
  return fs.readdirSync(top, { withFileTypes: true }).flatMap((entry) => {
    const path = `${top}/${entry.name}`;
    return entry.isDirectory() ? [path, ...files(path)] : [path];
  });
}

async function main(): Promise<void> {
  const before = mountinfo();
  const report: Report = {
    before,
    after: '',
    callsBeforePivot: 0,
    attempts: [],
    ran: [],
    output: '',
    files: [],
  };
  if (sabotage) {
    // pivot_root always fails, so the start tries every rung and takes it back. The loop ends with
    // the first attempt that makes fewer calls than the number.
    for (let call = 0, verb: string | undefined = ''; verb !== undefined; call++) {
      report.callsBeforePivot = call;
      for (const way of ['refused', 'unverified'] as const) {
        const broken = sabotaged(kernel, call, way);
        const { exit, log } = await run('start', broken.system, ['boot_limit=0']);
        verb = broken.verb;
        const now = mountinfo();
        report.attempts.push({ call, way, verb, exit, log, mountinfo: now });
      }
    }
  }
  for (const [index, verb] of verbs.entries()) {
    // A verb's lock lasts until its process ends, and here all verbs share one process.
    report.ran.push({ verb, ...(await run(verb, { ...kernel, lock: () => true })) });
    if (index === 0 && then !== '')
      report.output = execFileSync('/bin/sh', ['-ec', then], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
  }
  report.after = mountinfo();
  report.files = ['/overlay', '/tmp/overlay', '/mnt'].flatMap((top) =>
    fs.existsSync(top) ? files(top) : [],
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
