/** The verb table has the planned verbs, and lets only reports through SSH. */
import t from 'tap';
import { EXIT, VERBS } from '../../../src/plan/plan.js';
import { exitStatuses, filledLines } from '../../../src/cli/conventions.js';
import { calledBy } from '../../../src/cli/spelling.js';
import { reportsOf } from '../../../src/cli/ssh-reports.js';
import { VERB_TABLE } from '../../../src/cli/verb-table.js';

const rows = calledBy(VERB_TABLE);
const names = rows.map(({ words }) => words.join(' '));

t.test('every planned verb can be called, and each verb occurs once', async (t) => {
  for (const verb of VERBS) t.ok(names.includes(verb), verb);
  t.equal(new Set(names).size, names.length);
});

t.test('no verb that changes a root is allowed over SSH, and no option with text', async (t) => {
  for (const { words, row } of rows) {
    const name = words.join(' ');
    if (VERBS.some((verb) => verb === name)) t.equal(row.overSsh, null, name);
    for (const option of row.overSsh?.options ?? [])
      t.notMatch(row.options[option]?.type ?? 'flag', /text|list/, `${name} --${option}`);
  }
  t.ok(reportsOf(VERB_TABLE).length >= 10);
});

t.test('each alias is one letter, unique in its verb', async (t) => {
  for (const { words, row } of rows) {
    const aliases = Object.values(row.options).flatMap(({ alias }) => alias ?? []);
    t.ok(
      aliases.every((alias) => alias.length === 1),
      words.join(' '),
    );
    t.equal(new Set(aliases).size, aliases.length, words.join(' '));
  }
});

t.test('each exit status has a meaning, and names the verbs that have it', async (t) => {
  const statuses = exitStatuses(VERB_TABLE);
  t.same(
    statuses.map(([status]) => status),
    Object.values(EXIT),
  );
  t.match(statuses[EXIT.problems]![1], /\(.*\bdiff --exit-code\b.*\)/);
  t.equal(statuses[EXIT.unreachable]![1], 'a host could not be reached (remote)');
});

t.test('lines are filled to their width, and a long word gets its own line', async (t) => {
  t.same(filledLines('one two three', 7), ['one two', 'three']);
  t.same(filledLines('a verylongword b', 5), ['a', 'verylongword', 'b']);
});
