import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { uninstalledProgram } from '../../scripts/image/packages.js';
import { renderPrometheus } from '../../src/report/status/prometheus.js';
import { golden } from '../fixtures/golden.js';
import { NOR, boardStatus, boot, opened } from '../fixtures/status.js';
import { freePort } from './servers.js';

const NAND = {
  mtd: {
    device: 'mtd5',
    name: 'a "quoted" back\\slash\nname',
    type: 'nand',
    size: 1 << 27,
    eraseBlock: 1 << 17,
    eccStrength: 4,
    correctedBits: 17,
    eccFailures: 1,
    badBlocks: 2,
    bitflipThreshold: 3,
  },
  ubi: {
    device: 'ubi0',
    volume: 'data',
    maxEraseCount: 1234,
    badBlocks: 2,
    reservedForBad: 18,
    available: 0,
    readonly: false,
  },
  mmc: { device: 'mmcblk0', lifeUsed: [2, 11], reserve: 1 },
};
const PERSISTENT = renderPrometheus(boardStatus());
const DEGRADED = renderPrometheus(
  boardStatus({
    rung: { rung: 'volatile', reason: 'full', because: 'x' },
    gathered: {
      health: NAND,
      opened: opened({ order: { keep: [] }, attempts: 3 }),
      boots: [boot(1), boot(2, (text) => text.split('\n').slice(0, 9).join('\n'))],
      now: { at: 1e6, time: null },
    },
  }),
);
const BEFORE = renderPrometheus(
  boardStatus({
    mountinfo: '',
    rung: null,
    journal: '',
    gathered: { boots: [], recordedAt: null, health: null, opened: null },
  }),
);

t.test('the figures of a board are the reviewed ones', async (t) => {
  golden(t, 'report/status.prom', PERSISTENT);
  golden(t, 'report/status-degraded.prom', DEGRADED);
});

t.test('the rung is one of four, and what is not known is left out', async (t) => {
  t.match(
    PERSISTENT,
    /^mountroot_rung\{rung="persistent"\} 1\nmountroot_rung\{rung="kept-read-only"\} 0\nmountroot_rung\{rung="volatile"\} 0\nmountroot_rung\{rung="rom"\} 0$/m,
  );
  t.match(DEGRADED, /^mountroot_reason\{reason="full"\} 1$/m);
  t.match(DEGRADED, /^mountroot_degraded 1$/m);
  t.notMatch(DEGRADED, /timestamp/, 'the clock is not set');
  t.notMatch(DEGRADED, /start_exit_code/, 'the start has no end');
  t.match(PERSISTENT, /^mountroot_start_duration_seconds 1\.934643$/m);
  t.notMatch(BEFORE, /mountroot_rung/);
});

t.test('labels are escaped', async (t) =>
  t.match(DEGRADED, 'name="a \\"quoted\\" back\\\\slash\\nname"'),
);

t.test('promtool finds nothing to complain of', async (t) => {
  const promtool = await uninstalledProgram('prometheus', 'usr/bin/promtool');
  for (const text of [
    PERSISTENT,
    DEGRADED,
    BEFORE,
    renderPrometheus(
      boardStatus({ gathered: { health: { ...NAND, ...NOR, ubi: NAND.ubi, mmc: NAND.mmc } } }),
    ),
  ]) {
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    t.equal(`${stdout}${stderr}`, '');
    t.equal(status, 0);
  }
});

t.test('node_exporter hands the figures on', { timeout: 120_000 }, async (t) => {
  const program = await uninstalledProgram(
    'prometheus-node-exporter',
    'usr/bin/prometheus-node-exporter',
  );
  const folder = t.testdir({});
  writeFileSync(join(folder, 'mountroot.prom'), DEGRADED);
  const port = await freePort();
  const exporter = spawn(
    program,
    [
      '--collector.disable-defaults',
      '--collector.textfile',
      `--collector.textfile.directory=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: 'ignore' },
  );
  t.teardown(async () => {
    exporter.kill('SIGKILL');
    if (exporter.exitCode === null && exporter.signalCode === null) await once(exporter, 'exit');
  });
  let scraped = '';
  for (let attempt = 0; attempt < 100 && scraped === ''; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    scraped = await fetch(`http://127.0.0.1:${port}/metrics`).then(
      (answer) => answer.text(),
      () => '',
    );
  }
  t.match(scraped, /^node_textfile_scrape_error 0$/m);
  const ours = (text: string): string[] =>
    text
      .split('\n')
      .filter((line) => line.startsWith('mountroot_'))
      .map((line) =>
        line.replace(
          /\{(.*)\}/,
          (_, labels: string) =>
            `{${labels
              .split(/,(?=\w+=)/)
              .sort()
              .join(',')}}`,
        ),
      )
      .sort();
  const numbers = (text: string): [string, number][] =>
    ours(text).map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]);
  t.same(numbers(scraped), numbers(DEGRADED), 'all of them, as they are');
});
