/** Runs inside the private mount namespace that enter.sh makes; prints one JSON value for the test outside. */
import * as fs from 'node:fs';
import { execute, type Outcome, type StepResult } from '../../src/execute/execute.js';
import type { Facts } from '../../src/facts/facts.js';
import { gather } from '../../src/facts/gather.js';
import { planStart } from '../../src/plan/start.js';
import type { Decision } from '../../src/plan/plan.js';
import { system as kernel } from '../../src/system/ffi.js';
import { reader } from '../../src/system/files.js';
import { sabotaged } from './sabotage.js';

export interface Scenario {
  /** The loop device that stands in for the data partition. */
  device: string;
  /** Before the start, make each mutating call fail in turn: not made at all, or made and then not verifiable. */
  sabotage: boolean;
}

export interface Attempt {
  call: number;
  way: 'refused' | 'unverified';
  verb: string | undefined;
  outcome: Outcome;
  undone: string[];
  /** mountinfo as it was before, to the letter? */
  mountinfoSame: boolean;
  mountinfo?: string;
  /** Names in /tmp, /overlay and /mnt after it. */
  names: string[];
}

export interface Report {
  decision: Decision;
  before: string;
  after: string;
  callsBeforePivot: number;
  attempts: Attempt[];
  outcome: Outcome | null;
  steps: StepResult[];
  /** Where a file written to the new root turns up in the data volume; null when the start failed. */
  written: string | null;
  /** /etc/setting as the new root shows it, and what is left in overlay's own scratch. */
  setting: string | null;
  scratch: string[];
  names: string[];
}

const mountinfo = (): string => fs.readFileSync('/proc/self/mountinfo', 'utf8');
const names = (): string[] => ['/tmp', '/overlay', '/mnt'].flatMap((folder) => fs.readdirSync(folder).map((name) => `${folder}/${name}`));
const clock = (): number => performance.now();

function factsWith(device: string): Facts {
  const facts = gather(reader, { platform: process.platform, arch: process.arch, uid: process.getuid!(), env: { PREINIT: '1' } });
  return {
    ...facts,
    mtd: [{ index: 3, name: 'rootfs_data', size: 16 << 20, eraseBlock: 256 << 10 }],
    volume: { name: 'rootfs_data', namedBy: 'default', found: [3], source: device, content: { kind: 'ext4', evidence: 'stands in for jffs2' } },
  };
}

const { device, sabotage } = JSON.parse(process.argv[2]!) as Scenario;
const before = mountinfo();
const decision = planStart(factsWith(device), { dryRun: false, force: false });
const report: Report = { decision, before, after: '', callsBeforePivot: 0, attempts: [], outcome: null, steps: [], written: null, setting: null, scratch: [], names: [] };

if (decision.decision === 'go') {
  // As a warning a failed step would let the start go on to the pivot: here every step's undoing is looked at.
  const fatalSteps = decision.steps.map((step) => ({ ...step, severity: 'fatal' as const }));
  if (sabotage) {
    // The attempt whose hit is pivot_root is the last: behind it nothing is undone.
    for (let call = 0, verb: string | undefined = ''; verb !== 'pivotRoot' && verb !== undefined; call++) {
      report.callsBeforePivot = call;
      for (const way of ['refused', 'unverified'] as const) {
        const undone: string[] = [];
        const sabotage = sabotaged(kernel, call, way);
        const outcome = execute(fatalSteps, sabotage.system, clock, ({ id, result }) => result === 'undone' && undone.push(id));
        verb = sabotage.verb;
        const now = mountinfo();
        report.attempts.push({ call, way, verb, outcome, undone, mountinfoSame: now === before, ...(now !== before && { mountinfo: now }), names: names() });
      }
    }
  }
  report.outcome = execute(decision.steps, kernel, clock, (result) => report.steps.push(result));
  if (report.outcome.ok) {
    fs.writeFileSync('/written', 'kept\n');
    report.written = ['/overlay/upper/written', '/overlay/written'].find((path) => fs.existsSync(path)) ?? null;
    report.setting = fs.existsSync('/etc/setting') ? fs.readFileSync('/etc/setting', 'utf8') : null;
    report.scratch = fs.readdirSync('/overlay/work/work');
  }
}
report.after = mountinfo();
report.names = names();
process.stdout.write(`${JSON.stringify(report)}\n`);
