import t from 'tap';
import { parseJournal } from '../../../../src/report/journal/parse-journal.js';
import { JOURNAL_LIMITS } from '../../../../src/text/input-limits.js';

const RECORD = JSON.stringify({
  type: 'end',
  ok: true,
  exit: 0,
  warnings: [],
  at: 1,
  ms: 1,
});

t.test('a journal of newlines, or of lines that are none, costs little', async (t) => {
  t.same(parseJournal('\n'.repeat(1_000_000)), { records: [], damage: [] });
  const { records, damage } = parseJournal(`${RECORD}\n${'x\n'.repeat(1_000_000)}`);
  t.equal(records.length, 1);
  t.equal(damage.length, JOURNAL_LIMITS.damage + 1);
  t.match(damage[0], { line: 0, what: /more than 1 records and 1000 other lines/ });
});

t.test('lines keep their numbers', async (t) => {
  const { records, damage } = parseJournal(`\n${RECORD}\n\nx\n${RECORD}`);
  t.equal(records.length, 2);
  t.match(damage, [{ line: 4 }]);
});

t.test('a nested record is no record, and the others are read', async (t) => {
  const nested = `{"type":"step","action":${'['.repeat(50_000)}${']'.repeat(50_000)}}`;
  const { records, damage } = parseJournal(`${RECORD}\n${nested}\n${RECORD}\n`);
  t.equal(records.length, 2);
  t.match(damage, [{ line: 2, what: /^a record that has lists or objects nested more than 16/ }]);
});
