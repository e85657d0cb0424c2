/**
 * Runs inside the private mount namespace: tests the script that runs before the agent, on this
 * machine's real kernel. Prints one JSON value for the test outside.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { takeOverFromScript } from '../../src/boot/after-script.js';
import type { BootContext } from '../../src/boot/context.js';
import { runVerb } from '../../src/boot/verb.js';
import { openJournal } from '../../src/execute/journal.js';
import { recordFile } from '../../src/facts/own-files.js';
import { gather } from '../../src/facts/gather.js';
import { firstScript } from '../../src/plan/render-first.js';
import { system as kernel } from '../../src/system/ffi.js';
import { reader } from '../../src/system/files.js';

export interface ScriptScenario {
  device: string;
  /** The maker of the root in the end. */
  first: 'agent' | 'script';
  /** Shell lines that change a healthy volume. Each one has its own run. */
  spoils: string[];
  /** True to make each step fail in turn. */
  failing: boolean;
}

export interface Attempted {
  what: string;
  status: number | null;
  log: string;
  mountinfo: string;
  /** The volume's files with their contents, before and after it. */
  volume: { before: string[]; after: string[] };
}

export interface ScriptReport {
  before: string;
  after: string;
  attempts: Attempted[];
  last: Attempted;
  settled: { exit: number; locked: boolean } | null;
  state: object | null;
  journal: string;
  said: string[];
}

const { device, first, spoils, failing } = JSON.parse(process.argv[2]!) as ScriptScenario;
const mountinfo = (): string => fs.readFileSync('/proc/self/mountinfo', 'utf8');
const busybox = (...words: string[]): string =>
  execFileSync('/bin/busybox', words, { encoding: 'utf8', env: { PATH: '/bin' } });

function onVolume<T>(look: (at: string) => T): T {
  fs.mkdirSync('/tmp/look', { recursive: true });
  busybox('mount', '-t', 'ext4', device, '/tmp/look');
  try {
    return look('/tmp/look');
  } finally {
    busybox('umount', '/tmp/look');
    fs.rmdirSync('/tmp/look');
  }
}

function lines(top: string, path = ''): string[] {
  return fs
    .readdirSync(`${top}${path}`)
    .sort()
    .flatMap((name) => {
      const at = `${path}/${name}`;
      const stat = fs.lstatSync(`${top}${at}`);
      if (stat.isDirectory()) return [`${at}/`, ...lines(top, at)];
      const own = stat.isFile() ? fs.readFileSync(`${top}${at}`, 'utf8') : 'special';
      return [`${at} ${stat.isSymbolicLink() ? fs.readlinkSync(`${top}${at}`) : own}`];
    });
}
const volume = (): string[] => onVolume((at) => lines(at));

function attempt(what: string, script: string): Attempted {
  fs.rmSync('/tmp/mountroot', { recursive: true, force: true });
  const before = volume();
  const { status } = spawnSync('/bin/busybox', ['sh', '-c', script], {
    encoding: 'utf8',
    env: { PATH: '/bin', PREINIT: '1' },
  });
  const after = mountinfo();
  const log = fs.existsSync('/tmp/mountroot/script.log')
    ? fs.readFileSync('/tmp/mountroot/script.log', 'utf8')
    : '';
  return {
    what,
    status,
    log,
    mountinfo: after,
    volume: { before, after: status === 0 ? [] : volume() },
  };
}

async function main(): Promise<void> {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const process_ = {
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid!(),
    env: { PREINIT: '1' },
    flags: [`volume=${device}`],
  };
  const before = mountinfo();
  const made = firstScript(gather(reader, process_));
  if ('never' in made) throw new Error(made.never.join('; '));
  // The kernel log belongs to this machine.
  const script = made.script.replaceAll('$dev/kmsg', '$dev/no-log');
  const healthy = fs.readFileSync(device);
  const attempts: Attempted[] = [];
  for (const spoil of spoils) {
    onVolume((at) =>
      execFileSync('/bin/busybox', ['sh', '-ec', spoil], { cwd: at, env: { PATH: '/bin' } }),
    );
    attempts.push(attempt(spoil, script));
    fs.writeFileSync(device, healthy);
  }
  if (failing) {
    const steps = [...script.matchAll(/^n=(\d+) id=(\S+)$/gm)].map(([, , id]) => id!);
    for (const id of steps.slice(0, steps.indexOf('pivot') + 1)) {
      attempts.push(
        attempt(
          `step ${id} fails`,
          script.replace(new RegExp(`^(n=\\d+ id=${id})\\n.*$`, 'm'), '$1\nfail'),
        ),
      );
      fs.writeFileSync(device, healthy);
    }
  }
  const context: BootContext = {
    verb: 'start',
    reader,
    openSystem: async () => ({ ...kernel, lock: () => true }),
    process: process_,
    log: { error: say, warn: say, info: () => {}, debug: () => {} },
    clock: () => performance.now(),
    force: false,
    openJournal,
  };
  const last = first === 'script' ? attempt('nothing', script) : null;
  if (first === 'agent') await runVerb(context);
  const after = mountinfo();
  const settled =
    first === 'script'
      ? await takeOverFromScript({ ...context, process: { ...process_, env: {} } })
      : null;
  const read = (name: string): string => {
    const path = recordFile(reader, name);
    return fs.existsSync(path) ? fs.readFileSync(path, 'utf8') : '';
  };
  const state = read('state.json');
  const report: ScriptReport = {
    before,
    after,
    attempts,
    last: last!,
    settled,
    state: state === '' ? null : (JSON.parse(state) as object),
    journal: read('journal.ndjson'),
    said,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${(error as Error).stack}\n`);
  process.exitCode = 1;
});
