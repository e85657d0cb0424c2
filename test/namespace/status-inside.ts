/**
 * Runs inside the private mount namespace that enter.sh makes. The agent itself runs a start and a
 * done, as in a boot, and then reports on them.
 */
import { spawnSync } from 'node:child_process';

export interface StatusReport {
  runs: { words: string; status: number | null; stdout: string; stderr: string }[];
}

const device = process.argv[2]!;
const report: StatusReport = { runs: [] };
const CALLS: [words: string[], env?: Record<string, string>][] = [
  [['start', '--set', `volume=${device}`], { PREINIT: '1' }],
  [['done', '--set', `volume=${device}`]],
  [['status']],
  [['status', '--json']],
  [['status', '--format', 'prometheus']],
  [['journal']],
  [['journal', '--json']],
  [['journal', '--boot', '0', '--json']],
  [['journal', '--boot', '1', '--ndjson']],
  [['timeline']],
];
for (const [words, env = {}] of CALLS) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['/opt/mountroot.cjs', ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
  });
  report.runs.push({ words: words.join(' '), status, stdout, stderr });
}
process.stdout.write(`${JSON.stringify(report)}\n`);
