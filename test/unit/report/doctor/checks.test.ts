/** For each check a board that trips it, and one that does not. */
import t from 'tap';
import type { Check } from '../../../../src/report/doctor/check-rule.js';
import { diagnosis } from '../../../../src/report/doctor/diagnose.js';
import { boardFacts, withVolume } from '../../../fixtures/facts.js';
import {
  cardFacts,
  healthyLive,
  ramdiskFacts,
  startedFacts,
  startedLive,
  ubiDevice,
  ubiFacts,
} from '../../../fixtures/doctor.js';
import { BOOT_CASES } from './boot-cases.js';
import type { Case } from './changed-boards.js';
import { KERNEL_CASES } from './kernel-cases.js';
import { MACHINE_CASES } from './machine-cases.js';
import { VOLUME_CASES } from './volume-cases.js';

const CASES: Case[] = [...VOLUME_CASES, ...KERNEL_CASES, ...BOOT_CASES, ...MACHINE_CASES];

/** The worst answer that a check gave. */
function answer(checks: readonly Check[], id: string): Check | undefined {
  return (['problem', 'warning', 'unknown', 'ok'] as const).flatMap((verdict) =>
    checks.filter((check) => check.id === id && check.verdict === verdict),
  )[0];
}

const describe = ([id, verdict, , live, says]: Case): string =>
  [
    `${id} is ${verdict}`,
    ...(live === null ? [] : ['on the running board']),
    ...(says === undefined ? [] : [`(${says.source})`]),
  ].join(' ');

t.test('each check reports only real problems', async (t) => {
  for (const each of CASES) {
    const [id, verdict, facts, live, says] = each;
    const check = answer(diagnosis(facts, live).checks, id);
    t.equal(check?.verdict ?? 'absent', verdict, describe(each));
    if (says !== undefined) t.match(check?.finding, says, describe(each));
  }
});

t.test('every check is tripped by some board, and not by another', async (t) => {
  const ids = new Set(
    CASES.flatMap(([, , facts, live]) => diagnosis(facts, live).checks.map(({ id }) => id)),
  );
  for (const id of ids) {
    const verdicts = CASES.flatMap((each) => (each[0] === id ? [each[1]] : []));
    t.ok(
      verdicts.some((verdict) => verdict === 'ok' || verdict === 'absent'),
      `${id} can be fine`,
    );
    t.ok(
      verdicts.some((verdict) => verdict !== 'ok' && verdict !== 'absent'),
      `${id} can be otherwise`,
    );
  }
});

t.test('each problem has a cure in one sentence; a good result has none', async (t) => {
  const all = CASES.flatMap(([, , facts, live]) => diagnosis(facts, live).checks);
  t.same(
    all.filter(({ cure, verdict }) => (cure === null) !== (verdict === 'ok')),
    [],
  );
  t.same(
    all.filter(({ evidence, finding, cure }) => evidence === '' || finding === '' || cure === ''),
    [],
  );
  t.same(
    all.filter(({ evidence, finding, cure }) =>
      /undefined|\[object|\bNaN\b|\.$/.test(`${evidence} ${finding} ${cure ?? ''}`),
    ),
    [],
  );
});

t.test('the outcome names the check that is its cause, and does not repeat it', async (t) => {
  const [first] = diagnosis(withVolume({ found: [], content: null }), null).checks;
  t.match(first, { id: 'ladder', reason: 'no-volume', cure: 'see "data volume"' });
  t.notMatch(first!.finding, /mtd partition/);
});

t.test('a healthy board has no problem, before and after a start', async (t) => {
  // No kernel's jffs2 maps files for shared writing.
  const onJffs2 = ['shared-mapping'];
  for (const [facts, live, known] of [
    [boardFacts(), null, onJffs2],
    [boardFacts(), healthyLive(), onJffs2],
    [startedFacts(), startedLive(), onJffs2],
    [ubiFacts(), healthyLive(), []],
    [cardFacts(), healthyLive(), []],
    [ramdiskFacts(), healthyLive(), onJffs2],
  ] as const)
    t.same(
      diagnosis(facts, live)
        .checks.filter(({ verdict }) => verdict === 'problem' || verdict === 'warning')
        .map(({ id }) => id),
      known,
    );
  t.same(
    diagnosis(startedFacts(), startedLive())
      .checks.filter(({ verdict }) => verdict !== 'ok')
      .map(({ id }) => id),
    onJffs2,
  );
});

t.test('a UBI volume with another name is found on the attached device', async (t) => {
  t.match(
    answer(
      diagnosis(ubiFacts({ wanted: 'ubi0:rootfs_data', found: [{ ...ubiDevice }] }), null).checks,
      'volume',
    ),
    { verdict: 'ok' },
  );
});
