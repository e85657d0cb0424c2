import t from 'tap';
import {
  isAboutSettings,
  problemCure,
  problemParts,
  problemSentence,
  type FactsProblem,
} from '../../../src/text/problem-text.js';

const AS_ROOT = 'run `mountroot doctor` as root';
const LOOK = 'see whether what it names is there';
const CORRECT = 'correct it; docs/configuration.md lists the settings and their values';

const ROWS: [problem: FactsProblem, sentence: string, cure: string][] = [
  [
    { code: 'unknown-setting', from: '--set', setting: 'colour', known: ['volume', 'wait'] },
    '--set has a setting "colour" that there is not; known are volume, wait',
    CORRECT,
  ],
  [
    {
      code: 'bad-setting',
      from: '--set',
      setting: 'wait',
      value: '"soon"',
      expected: 'a whole number from 0 to 600',
      holds: '10',
    },
    '--set sets wait to "soon", which is not a whole number from 0 to 600; 10 holds',
    CORRECT,
  ],
  [
    { code: 'settings-no-object', file: '/a.json', list: true },
    '/a.json is a list and should be an object of settings; none of it holds',
    CORRECT,
  ],
  [
    { code: 'settings-no-object', file: '/a.json', list: false },
    '/a.json is no object and should be an object of settings; none of it holds',
    CORRECT,
  ],
  [
    { code: 'settings-no-json', file: '/a.json', why: 'Unexpected end; of it' },
    '/a.json is not JSON (Unexpected end; of it); none of it holds',
    CORRECT,
  ],
  [
    { code: 'bad-line', file: '/proc/mtd', line: 'mtd1: "x"' },
    '/proc/mtd has a line that is not understood and was left out: "mtd1: \\"x\\""',
    LOOK,
  ],
  [
    { code: 'not-understood', file: '/proc/atags', why: 'it is cut off' },
    '/proc/atags is not understood: it is cut off',
    LOOK,
  ],
  [{ code: 'not-read', text: 'cannot read /a: EIO', errno: 'EIO' }, 'cannot read /a: EIO', LOOK],
  [{ code: 'not-read', text: 'no EACCES here', errno: null }, 'no EACCES here', LOOK],
  [{ code: 'not-read', text: 'cannot read', errno: 'EACCES' }, 'cannot read', AS_ROOT],
  [{ code: 'not-read', text: 'cannot read', errno: 'EPERM' }, 'cannot read', AS_ROOT],
  [{ code: 'other', text: 'something; else' }, 'something; else', LOOK],
];

t.test('each problem has a sentence and a cure', async (t) => {
  for (const [problem, sentence, cure] of ROWS) {
    t.equal(problemSentence(problem), sentence);
    t.equal(problemCure(problem), cure);
    t.equal(isAboutSettings(problem), cure === CORRECT);
  }
});

t.test('data, not punctuation, separate the problem from the value that holds', async (t) => {
  t.same(problemParts({ code: 'settings-no-json', file: '/a.json', why: 'one; two' }), {
    is: '/a.json is not JSON (one; two)',
    holds: 'none of it holds',
  });
});
