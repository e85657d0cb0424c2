import t from 'tap';
import { reportsOf } from '../../../src/cli/ssh-reports.js';
import { VERB_TABLE } from '../../../src/cli/verb-table.js';
import { reportWanted } from '../../../src/remote/question.js';

const REPORTS = reportsOf(VERB_TABLE);

t.test('a report is requested as data if its answers are shown as data', async (t) => {
  const wanted = (report: string[] | null, asData = false, hosts = ['a']) =>
    reportWanted({ report, hosts, bundle: false, asData }, REPORTS);
  t.strictSame(
    wanted(null),
    { words: ['status', '--json'], table: true, data: true },
    'status, where nothing is said',
  );
  t.strictSame(wanted(['status', '--steps']), {
    words: ['status', '--steps'],
    table: false,
    data: false,
  });
  t.strictSame(wanted(['status', '--json']), {
    words: ['status', '--json'],
    table: false,
    data: false,
  });
  t.strictSame(wanted(['journal'], true), {
    words: ['journal', '--json'],
    table: false,
    data: true,
  });
  t.strictSame(wanted(['journal', '--ndjson'], true), {
    words: ['journal', '--ndjson'],
    table: false,
    data: false,
  });
  t.strictSame(wanted(['plan', 'start', '--format', 'sh'], true), {
    words: ['plan', 'start', '--format=sh'],
    table: false,
    data: false,
  });
  t.strictSame(wanted(['plan', 'start', '--format=json'], true), {
    words: ['plan', 'start', '--format=json'],
    table: false,
    data: true,
  });
  t.strictSame(wanted(['timeline'], true), { words: ['timeline'], table: false, data: false });
  t.throws(() => wanted(['reset']), /"reset" is not among the reports/);
  t.throws(() => wanted([]), /no verb was given/);
  t.throws(() => wanted(['bundle']), /ask for it with --bundle/);
  t.throws(
    () => wanted(null, false, ['board', 'status']),
    /status is taken for a host here; write `-- status`/,
  );
  t.throws(
    () => reportWanted({ report: ['status'], hosts: ['a'], bundle: true, asData: false }, REPORTS),
    /leave out what stands behind --/,
  );
});
