import t from 'tap';
import { countTests, fileTimes } from '../../../../scripts/lib/tap-count.js';

const file = (name: string, ok: boolean, tests: string[]): string => {
  const inner = [...tests.map((test) => `    ${test}`), `    1..${tests.length}`].join('\n');
  return `# Subtest: ${name}\n${inner}\n${ok ? 'ok' : 'not ok'} 1 - ${name}\n`;
};
const stream = (...files: string[]): string =>
  'TAP version ' +
  `14\n1..${files.length}\n${files.map((each, index) => each.replace(/^(not )?ok 1/m, `$1ok ${index + 1}`)).join('')}`;

t.test('the tests of all files are counted, passed, failed and skipped', async (t) => {
  t.same(
    countTests(
      stream(
        file('a', true, ['ok 1 - x', 'ok 2 - y # SKIP no']),
        file('b', false, ['not ok 1 - z']),
      ),
    ),
    { passed: 1, failed: 1, skipped: 1 },
  );
});

t.test(
  'a broken file counts as one failure, whether its tests passed or it has none',
  async (t) => {
    t.same(countTests(stream(file('a', false, ['ok 1 - x']))), {
      passed: 1,
      failed: 1,
      skipped: 0,
    });
    t.same(countTests('TAP version 14\n1..1\nnot ok 1 - died\n'), {
      passed: 0,
      failed: 1,
      skipped: 0,
    });
  },
);

t.test('the time of each file is known, and that of a test in it is not one', async (t) => {
  t.same(
    fileTimes(
      'ok 1 - test/a.test.ts # time=1500.5ms\n    ok 1 - a test # time=9ms\n' +
        'not ok 2 - test/b # c.ts # time=20ms\nok 3 - without\n',
    ),
    [
      { file: 'test/a.test.ts', seconds: 1.5005 },
      { file: 'test/b # c.ts', seconds: 0.02 },
    ],
  );
});
