import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { FactsProblem } from '../../../../src/text/problem-text.js';
import { diagnosis, type Diagnosis } from '../../../../src/report/doctor/diagnose.js';
import { renderDiagnosis } from '../../../../src/report/doctor/doctor-text.js';
import { boardFacts, device, withSettings, withVolume } from '../../../fixtures/facts.js';
import { desktopFacts, healthyLive, startedFacts, startedLive } from '../../../fixtures/doctor.js';

const GOLDEN = new URL('../../../golden/doctor/', import.meta.url);
const plain = { verbose: false, colour: false };

/** A board with every possible problem at once. */
const broken = (): Diagnosis => {
  const facts = withSettings(
    { watchdog: '/dev/watchdog' },
    withVolume({
      found: [device({ size: 4 * 262144 })],
      content: {
        kind: 'unknown',
        evidence: 'no signature known here; it begins with 0011223344556677 (erase block 0)',
      },
    }),
  );
  const kernel = {
    ...facts.kernel,
    release: '4.4.302',
    commandLine:
      'console=ttyAMA0 root=/dev/mmcblk0p2 ro init=/etc/preinit ' +
      'mtdparts=40000000.flash:512k(u-boot),1024k(rootfs_data)ro mountroot.boot_limt=3',
    filesystems: facts.kernel.filesystems.filter((name) => name !== 'devtmpfs' && name !== 'jffs2'),
  };
  const findings: FactsProblem[] = [
    {
      code: 'unknown-setting',
      from: 'the kernel command line (mountroot.)',
      setting: 'boot_limt',
      known: [
        ...['volume', 'wait', 'boot_limit', 'journal', 'watchdog', 'keep'],
        ...['extroot', 'extroot_target'],
      ],
    },
    { code: 'not-read', text: 'cannot read /proc/cmdline: EACCES', errno: 'EACCES' },
  ];
  return diagnosis(
    { ...facts, kernel, findings, paths: { ...facts.paths, '/rom': 'missing' } },
    healthyLive({
      preinit: {
        wanted: ['/etc/preinit'],
        found: [{ value: { path: '/etc/preinit', calls: ['PREINIT=1 mount_root start'] } }],
      },
      doneCallers: [],
      native: "Cannot find module '/usr/lib/mountroot/native/linux-arm/ffi-napi.node'",
      log: { value: { fromStart: true, lines: [{ time: 31.4, text: 'random: crng init done' }] } },
      config: null,
      whiteout: null,
      memory: { total: 61_000_000, available: 20_000_000 },
      writable: null,
      time: 3_600_000,
    }),
  );
};

const REPORTS: Record<string, () => string> = {
  'healthy.txt': () => renderDiagnosis(diagnosis(boardFacts(), null), plain),
  'healthy-verbose.txt': () =>
    renderDiagnosis(diagnosis(boardFacts(), healthyLive()), { ...plain, verbose: true }),
  'started.txt': () => renderDiagnosis(diagnosis(startedFacts(), startedLive()), plain),
  'broken.txt': () => renderDiagnosis(broken(), plain),
  'desktop.txt': () =>
    renderDiagnosis(
      diagnosis(
        desktopFacts(),
        healthyLive({
          node: { version: 'v20.19.2', arch: 'x64', rss: 50 << 20 },
          program: null,
          preinit: { wanted: ['/etc/preinit'], found: [] },
          doneCallers: [],
        }),
      ),
      plain,
    ),
};

for (const [name, render] of Object.entries(REPORTS))
  t.test(`the report ${name} is the reviewed one, and fits in 80 columns`, async (t) => {
    const file = new URL(name, GOLDEN);
    const text = render();
    if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text);
    t.equal(
      text,
      existsSync(file) ? readFileSync(file, 'utf8') : '',
      'UPDATE_GOLDEN=1 takes over what is meant to be different',
    );
    t.same(
      text.split('\n').filter((line) => line.length > 80),
      [],
    );
  });

t.test('problems come first, then warnings, then unknown results', async (t) => {
  const verdicts = [
    ...renderDiagnosis(broken(), { ...plain, verbose: true }).matchAll(
      /^(problem|warning|unknown|ok) /gm,
    ),
  ].map(([, verdict]) => verdict!);
  const order = ['problem', 'warning', 'unknown', 'ok'];
  t.same(
    verdicts,
    verdicts.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)),
  );
  t.same([...new Set(verdicts)], order);
});

t.test(
  'text of a board cannot control a terminal, and colour appears only on request',
  async (t) => {
    const facts = { ...withVolume({ wanted: '\x1b[2Jdata', found: [], content: null }), mtd: [] };
    t.notMatch(renderDiagnosis(diagnosis(facts, null), plain), /\x1b/);
    t.match(
      renderDiagnosis(diagnosis(facts, null), { ...plain, colour: true }),
      /^\x1b\[31mproblem\x1b\[0m {3}start: /m,
    );
  },
);

t.test('the counts are those of the checks', async (t) => {
  const { counts, checks, rung } = broken();
  for (const [verdict, count] of Object.entries(counts))
    t.equal(checks.filter((check) => check.verdict === verdict).length, count, verdict);
  t.equal(rung, 'volatile');
});
