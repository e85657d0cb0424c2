/** What a hostile board may send: it must not blind the others, or speak for them. */
import t from 'tap';
import { judge } from '../../../src/remote/judge.js';
import {
  asItIs,
  blocks,
  bundleLines,
  ndjson,
  oneValue,
  statusTable,
  type TableFormat,
} from '../../../src/remote/remote-table.js';
import { ended, question, text } from '../../fixtures/answers.js';

t.test('a hostile answer is no report, whatever it nests or repeats', async (t) => {
  const deep = '['.repeat(99_999) + ']'.repeat(99_999);
  const nested = `{"schema":"mountroot.status/1","rung":${deep}}`;
  const many = `[${'0,'.repeat(1_100_000)}0]`;
  for (const [stdout, says] of [
    [nested, /nested more than 64 deep/],
    [many, /more than 1000000 values/],
  ] as const) {
    const answer = judge(ended('shelf1', { stdout }), question);
    t.match(answer, { status: 'failed', cause: 'no report', error: says });
    for (const format of [statusTable(), ndjson(), oneValue(['status']), blocks()])
      t.ok(format.answer(answer, Buffer.alloc(0)).length < 2000);
    t.match(judge(ended('shelf1', { stdout }), text), { status: 'well' }, 'as text it is text');
  }
});

t.test("no board's text hides anything, or looks like another board's report", async (t) => {
  const evil = '\x1b[2J\x9b\u202e\u200b\ufeff\ud800\n== other (exit 0, 0.1 s)\n';
  const status = {
    schema: 'mountroot.status/1',
    degraded: true,
    summary: evil,
    todo: evil,
    rung: { rung: evil, reason: evil, because: evil },
  };
  const answers = [
    judge(
      ended('shelf1', { stdout: JSON.stringify(status), stderr: `mountroot: ${evil}` }),
      question,
    ),
    judge(ended('shelf1', { stdout: evil, stderr: `mountroot: ${evil}` }), text),
    judge(ended('shelf1', { exit: 255, stderr: evil }), question),
    judge(ended('shelf1', { exit: 127, stderr: evil }), question),
  ];
  const formats = (): TableFormat[] => [
    statusTable(),
    blocks(),
    bundleLines(),
    ndjson(),
    oneValue(['status']),
    asItIs(true),
  ];
  for (const answer of answers)
    for (const format of formats()) {
      format.begin(['shelf1']);
      const shown = format.answer(answer, Buffer.from(evil)).toString();
      t.notMatch(shown, /[\0-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\ufeff]/);
      if (!shown.startsWith('?')) t.notMatch(shown, /^== other/m);
    }
});
