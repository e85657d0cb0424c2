/** Every report on boards that nobody here has seen: none may say more than their files show. */
import t from 'tap';
import { parseFacts } from '../../../src/facts/validate.js';
import { factsOf } from '../../fixtures/foreign/board-tree.js';
import { EXPECTED } from '../../fixtures/foreign/expected.js';
import { OPENWRT_BOARDS } from '../../fixtures/foreign/openwrt-boards.js';
import { OTHER_BOARDS } from '../../fixtures/foreign/other-boards.js';
import { golden } from '../../fixtures/golden.js';
import { factsReports, reportsOf, type Reports } from '../../fixtures/foreign/reports.js';

const BOARDS = [...OPENWRT_BOARDS, ...OTHER_BOARDS];

function planOf({ decision }: Pick<Reports, 'decision'>): string {
  if (decision.decision === 'already') return 'already';
  if (decision.decision === 'refuse') return `refuse ${decision.reason}`;
  return [decision.rung, ...(decision.reason === null ? [] : [decision.reason])].join(' ');
}

const problemsOf = ({ doctor }: Reports): string =>
  [
    ...new Set(doctor.checks.filter(({ verdict }) => verdict === 'problem').map(({ id }) => id)),
  ].join(' ');

for (const board of BOARDS)
  t.test(`the reports on ${board.name} come to what its files show`, async (t) => {
    const reports = await reportsOf(board);
    const { says, ...expected } = EXPECTED[board.name]!;
    const { before, status, diff, explanation, texts } = reports;
    t.same(
      {
        maker: before.root.maker,
        rebuilt: before.rebuilt !== null,
        plan: planOf(reports),
        problems: problemsOf(reports),
        changes: status.changes,
        diff: 'trouble' in diff ? diff.trouble.code : texts['diff'],
        explain: explanation.end.kind,
      },
      expected,
    );
    for (const [report, words] of says)
      t.match(texts[report]!.replace(/\s+/g, ' '), words, `${report} says ${words.source}`);
    t.match(texts['journal'], /There is no journal that could be read/);
    t.notMatch(
      Object.values(texts).join('\n'),
      /mountroot made no root|nothing is mounted on \/(?=\s|$)|undefined|\[object|NaN/,
    );
  });

t.test('each board has its facts as a file, and they plan alike', async (t) => {
  for (const board of BOARDS) {
    const text = `${JSON.stringify(factsOf(board), null, 1)}\n`;
    golden(t, `facts/${board.name}.json`, text);
    const facts = parseFacts(text, board.name);
    t.same(facts, factsOf(board), 'nothing is lost in the file');
    t.equal(planOf(factsReports(facts)), EXPECTED[board.name]!.plan);
  }
  t.same(BOARDS.map(({ name }) => name).sort(), Object.keys(EXPECTED).sort());
});
