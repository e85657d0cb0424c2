import t from 'tap';
import { compareBoots } from '../../../../src/report/journal/compare-boots.js';
import {
  bootOf,
  epochOf,
  isConfirmed,
  rungOf,
  type Boot,
} from '../../../../src/report/journal/boot-runs.js';
import { parseJournal } from '../../../../src/report/journal/parse-journal.js';
import { renderBoot, renderBoots } from '../../../../src/report/journal/journal-text.js';
import { reportBoots, summarise } from '../../../../src/report/journal/journal-report.js';
import { renderStatus } from '../../../../src/report/status/status-text.js';
import { JOURNAL, TMP_RECORDS } from '../../../../src/facts/places.js';
import { golden, lineLengths } from '../../../fixtures/golden.js';
import { EPOCH, boardStatus, boot, journalText } from '../../../fixtures/status.js';
import { random } from '../../../fixtures/random.js';

const JOURNAL_FILE = `${TMP_RECORDS}/${JOURNAL}`;

const name = {
  number: 3,
  id: 'abcdefgh',
  current: false,
  file: '/overlay/.mountroot/boots/00000003-abcdefgh.ndjson',
};
const lines = (...records: object[]): string =>
  records.map((record) => `${JSON.stringify(record)}\n`).join('');
const begin = {
  type: 'begin',
  schema: 'mountroot.journal/2',
  verb: 'start',
  version: '0.1.0',
  node: 'v24.21.0',
  at: 4000,
  started: 3200,
  time: EPOCH + 4000,
  kernel: '6.1.192',
  image: { size: 48_000_000, modified: EPOCH, inode: 9 },
};
const decision = {
  type: 'decision',
  decision: 'go',
  stage: 'root',
  rung: 'volatile',
  reason: 'full',
  because: 'nothing can be written',
  summary: 'an overlay in memory',
  steps: 1,
  notes: [],
  at: 4100,
};
const step = {
  type: 'step',
  number: 1,
  id: 'overlay',
  action: { kind: 'chdir', path: '/' },
  result: 'failed',
  error: 'cannot mount overlay on /mnt: EINVAL',
  at: 4200,
  ms: 12.5,
};
const end = {
  type: 'end',
  ok: true,
  exit: 3,
  rung: 'volatile',
  reason: 'full',
  warnings: ['cannot mount overlay on /mnt: EINVAL', 'the clock went backwards by 3 s'],
  at: 4300,
  ms: 300,
};

t.test('a boot is summarised from its journal', async (t) => {
  const first = boot(1);
  t.match(first, {
    number: 1,
    damage: [],
    runs: [
      { verb: 'start', ok: true, rung: 'persistent', exit: 0, started: null, time: null },
      { verb: 'done', ok: true },
    ],
  });
  t.equal(first.runs[0]?.steps.length, 27, 'the steps of all stages, counted as one list');
  t.same(
    first.runs[0]?.steps.map(({ number }) => number),
    Array.from({ length: 27 }, (_, index) => index + 1),
  );
  t.ok(isConfirmed(first));
  t.equal(epochOf(first), null, 'no clock is known');
  const degraded = bootOf(name, lines(begin, decision, step, end));
  t.equal(epochOf(degraded), EPOCH);
  t.same(rungOf(degraded), { rung: 'volatile', reason: 'full', because: 'nothing can be written' });
  t.notOk(isConfirmed(degraded));
  t.equal(
    epochOf(bootOf(name, lines({ ...begin, time: 12_345 }, decision))),
    null,
    'a clock that was never set shows 1970',
  );
  t.equal(
    epochOf(
      bootOf(
        name,
        lines({ ...begin, time: 12_345 }, decision, end, {
          ...begin,
          verb: 'done',
          at: 9000,
          time: EPOCH + 9000,
        }),
      ),
    ),
    EPOCH,
    'what was set later tells of what was before',
  );
});

t.test('a root in memory that done moved to flash is persistent', async (t) => {
  const moved = bootOf(
    name,
    lines(
      begin,
      decision,
      end,
      { ...begin, verb: 'done', at: 9000 },
      { ...decision, stage: 'switch', rung: 'persistent', reason: undefined, because: undefined },
      { ...end, exit: 0, rung: 'persistent', reason: null, warnings: [] },
    ),
  );
  t.match(rungOf(moved), { rung: 'persistent', reason: null, because: null });
  t.ok(isConfirmed(moved));
});

const BOOTS: Boot[] = [
  boot(1),
  bootOf({ ...name, number: 2 }, lines(begin, decision, step, end)),
  bootOf(
    name,
    lines(
      { ...begin, time: undefined },
      { ...decision, rung: 'persistent', reason: undefined, because: undefined },
      { ...step, result: 'done', error: undefined },
      { ...end, exit: 0, rung: 'persistent', reason: null, warnings: [] },
    ) + '\0\0\0garbage\n{"type":"end","ok":tr',
  ),
  bootOf(
    { ...name, number: 4 },
    lines(
      begin,
      { ...begin, type: 'before', crash: ['Kernel panic - not syncing: VFS'], last: [] },
      decision,
      { ...step, result: 'done', error: undefined },
    ),
  ),
  bootOf(
    { number: null, id: null, current: true, file: JOURNAL_FILE },
    lines(
      { ...begin, verb: 'ram' },
      { ...decision, reason: 'asked', because: 'somebody asked for it' },
      { ...end, exit: 0, reason: 'asked', warnings: [] },
      { ...begin, verb: 'reset', at: 90_000, time: EPOCH + 90_000 },
      { ...end, rung: undefined, reason: undefined, at: 90_040, ms: 40, exit: 0, warnings: [] },
    ),
  ),
];

t.test('the boots are a table, with a line for each notable event', async (t) => {
  const text = renderBoots({ boots: BOOTS.map(summarise), problems: [] });
  golden(t, 'report/journal.txt', text);
  t.ok(lineLengths(text) <= 80);
  t.match(
    renderBoots({ boots: [], problems: ['cannot read x'] }),
    /cannot read x\nThere is no journal/,
  );
});

t.test('one boot is shown step by step', async (t) => {
  for (const [index, each] of BOOTS.entries()) {
    const text = renderBoot(each);
    t.ok(lineLengths(text) <= 80);
    if (index < 2) golden(t, `report/journal-boot-${index + 1}.txt`, text);
  }
  t.match(
    renderBoot(BOOTS[2]!),
    /damaged: .*line 5: no\s+record\s+at\s+all; line 6: half a record, as a power\s+cut\s+leaves it/,
  );
  t.match(renderBoot(BOOTS[3]!), /it was cut off/);
});

t.test('the data have a version, and include interruptions, failures and damage', async (t) => {
  t.match(reportBoots({ boots: BOOTS.map(summarise), problems: [] }), {
    schema: 'mountroot.boots/1',
    boots: [
      {
        boot: 1,
        when: null,
        confirmed: true,
        start: { verb: 'start', interrupted: false, exit: 0 },
        done: { exit: 0 },
      },
      {
        when: '2026-11-20T14:02:15.000Z',
        rung: 'volatile',
        reason: 'full',
        start: { failed: [{ id: 'overlay' }] },
      },
      { confirmed: false, damage: [{ line: 5 }, { line: 6 }] },
      { start: { interrupted: true }, crash: ['Kernel panic - not syncing: VFS'] },
      { boot: null, current: true, start: { verb: 'ram' }, others: [{ verb: 'reset' }] },
    ],
  });
});

t.test('a journal is read up to any damage', async (t) => {
  const { records, damage } = parseJournal(
    [
      '',
      JSON.stringify(begin),
      'null',
      '7',
      '[]',
      '{"type":"later","at":1}',
      '{"type":"begin","at":1}',
      '{"type":"step","at":"now"}',
      JSON.stringify(step).slice(0, 60),
    ].join('\n'),
  );
  t.equal(records.length, 1);
  t.same(damage, [
    { line: 3, what: 'no record at all' },
    { line: 4, what: 'no record at all' },
    { line: 5, what: 'no record at all' },
    { line: 6, what: 'a record of the type "later", which this version does not know' },
    { line: 7, what: 'a begin record whose "verb" is not what it should be' },
    { line: 8, what: 'a step record without its time' },
    { line: 9, what: 'half a record, as a power cut leaves it' },
  ]);
  t.match(bootOf(name, lines(step, end)), {
    runs: [{ verb: 'unknown', steps: [{ id: 'overlay' }] }],
    damage: [{ line: 0, what: 'it does not begin with the beginning of a verb' }],
  });
  t.match(bootOf(name, ''), { runs: [], damage: [{ what: 'there is no record in it' }] });
});

t.test('no damage to a real journal makes a report fail', async (t) => {
  const next = random(5);
  const text = journalText(2);
  for (let round = 0; round < 300; round++) {
    const bytes = Buffer.from(text.slice(0, next(text.length)));
    for (let count = 0; count < 5 && bytes.length > 0; count++)
      bytes[next(bytes.length)] = next(256);
    const damaged = bootOf(name, bytes.toString('utf8'));
    summarise(damaged);
    if (lineLengths(renderBoots({ boots: [summarise(damaged)], problems: [] })) > 400)
      t.fail('a line without an end');
    if (/[\x00-\x09\x0b-\x1f]/.test(renderBoot(damaged))) t.fail('an order to the terminal');
    compareBoots(damaged, boot(1));
  }
  t.pass('300 of them');
});

t.test('a time outside the range of dates makes no report fail', async (t) => {
  for (const damaged of [
    { time: 8.7e15 },
    { time: 1e300 },
    { at: 1e300 },
    { at: 8.64e15, time: EPOCH },
    { started: -1e300 },
  ]) {
    const odd = bootOf(name, lines({ ...begin, ...damaged }, decision, step, { ...end, at: 9e15 }));
    t.match(reportBoots({ boots: [boot(1), odd].map(summarise), problems: [] }).boots, [
      { boot: 1 },
      { boot: 3, rung: 'volatile' },
    ]);
    renderBoots({ boots: [summarise(odd)], problems: [] });
    renderBoot(odd);
    for (const recordedAt of [6539.675, 9e15])
      t.match(
        renderStatus(
          boardStatus({
            gathered: {
              boots: [boot(1), { ...odd, current: true }],
              recordedAt,
              now: { at: 7_384_000, time: null },
            },
          }),
        ),
        /^rung {6}persistent/m,
      );
  }
  t.equal(
    epochOf(
      bootOf(
        name,
        lines({ ...begin, time: 8.7e15 }, { ...begin, verb: 'done', time: EPOCH + 4000 }),
      ),
    ),
    EPOCH,
    'the other times of that boot hold',
  );
});

t.test('the last two boots are compared, and equal parts are left out', async (t) => {
  t.same(compareBoots(boot(2), boot(1)), [], 'sixteen per cent are the weather');
  const now = bootOf(
    name,
    lines(
      {
        ...begin,
        image: { ...begin.image, size: 50_000_000 },
        kernel: '6.1.200',
        version: '0.2.0',
      },
      decision,
      step,
      { ...end, ms: 4000 },
    ),
  );
  const before = bootOf(
    name,
    lines(
      begin,
      { ...decision, rung: 'persistent', reason: undefined },
      {
        ...end,
        exit: 0,
        rung: 'persistent',
        reason: null,
        warnings: ['the clock went backwards by 7 s'],
      },
    ),
  );
  t.same(
    compareBoots(now, before).map(({ what }) => what),
    ['rung', 'reason', 'image', 'kernel', 'mountroot', 'duration', 'failed', 'unconfirmed'],
    'a warning that differs in a number is the same one',
  );
  t.match(
    compareBoots(now, before).find(({ what }) => what === 'duration')?.says,
    'the start took 4000 ms, and 300 ms before',
  );
  t.match(compareBoots(before, now).find(({ what }) => what === 'reason')?.says, 'full is over');
});
