import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { bundle } from '../../scripts/agent/bundle.js';
import type { FullStatus } from '../../src/report/status/full-status.js';
import type { BootSummary } from '../../src/report/journal/journal-report.js';
import { enterBoard, loopDevice, program } from './sandbox.js';
import type { StatusReport } from './status-inside.js';

const skip =
  process.getuid?.() === 0 || spawnSync('sudo', ['-n', 'true']).status === 0
    ? false
    : 'needs root to mount';

t.test(
  'status, journal and timeline report a real start and done',
  { skip, timeout: 120_000 },
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mountroot-status-'));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    const built = await program('status-inside');
    await bundle('src/main.ts', join(built, 'mountroot.cjs'));
    const [image, root] = [join(folder, 'data.img'), join(folder, 'root')];
    mkdirSync(root);
    execFileSync('truncate', ['-s', '16M', image]);
    execFileSync('/sbin/mkfs.ext4', ['-q', image]);
    const device = loopDevice(t, image);
    const began = Date.now();
    const { stdout, stderr, status } = enterBoard({
      root,
      folder: built,
      words: ['/opt/status-inside.cjs', device],
    });
    t.equal(status, 0, stderr);
    const { runs } = JSON.parse(stdout) as StatusReport;
    for (const each of runs) t.equal(each.status, 0, `${each.words}: ${each.stderr}`);
    const out = (call: string): string => runs.find((each) => each.words === call)!.stdout;

    const now = JSON.parse(out('status --json')) as FullStatus;
    t.match(now, {
      persistent: true,
      degraded: false,
      rung: { rung: 'persistent', reason: null },
      space: { mountpoint: '/overlay', fstype: 'ext4', inodes: { total: Number } },
      boot: {
        number: 1,
        kept: 1,
        confirmed: true,
        start: { exit: 0 },
        done: { exit: 0 },
        kernel: String,
      },
    });
    t.ok(Math.abs(Date.parse(now.boot!.start!.when!) - began) < 60_000, 'the start is dated');
    t.match(
      out('status'),
      /^rung {6}persistent, since \d{4}-\d\d-\d\d .* UTC \([\d.]+ m?s ago\)$/m,
    );
    t.match(out('status --format prometheus'), /^mountroot_rung\{rung="persistent"\} 1$/m);

    t.match(JSON.parse(out('journal --json')), {
      boots: [{ boot: 1, current: true, confirmed: true, damage: [], image: { size: Number } }],
    });
    t.match(out('journal'), /^ {3}1 {2}\d{4}-\d\d-\d\d .* persistent .*<- now$/m);
    const { runs: verbs } = JSON.parse(out('journal --boot 0 --json')) as BootSummary & {
      runs: { verb: string; started: number; at: number }[];
    };
    t.same(
      verbs.map(({ verb }) => verb),
      ['start', 'done'],
    );
    for (const { verb, started, at } of verbs)
      t.ok(
        started > 0 && started < at && at - started < 60_000,
        `${verb}: Node started before it, at ${started} of ${at}`,
      );
    t.match(
      JSON.parse(out('journal --boot 1 --ndjson').split('\n')[0]!),
      { type: 'begin', verb: 'start' },
      'the records themselves',
    );
    t.match(out('timeline'), />Node\.js starts<[^]*>pivot</);
  },
);
