/**
 * A file of a board that is missing or cannot be read: no report fails, claims what the facts lack,
 * or answers what it could not answer with the file.
 */
import t from 'tap';
import { parseFacts } from '../../../src/facts/validate.js';
import {
  factsOf,
  filesOf,
  type ForeignBoard,
  type Hole,
} from '../../fixtures/foreign/board-tree.js';
import { answered, unanswered, unfounded } from '../../fixtures/foreign/claims.js';
import { OPENWRT_BOARDS } from '../../fixtures/foreign/openwrt-boards.js';
import { OTHER_BOARDS } from '../../fixtures/foreign/other-boards.js';
import { factsReports, reportsOf } from '../../fixtures/foreign/reports.js';

const BOARDS = [...OPENWRT_BOARDS, ...OTHER_BOARDS];

const FOLDERS = ['/proc', '/sys', '/sys/class/block', '/dev', '/tmp', '/etc', '/rom', '/overlay'];

const holesOf = (board: ForeignBoard): Hole[] =>
  [...FOLDERS, ...Object.keys(filesOf(board)), ...Object.keys(board.links ?? {})].flatMap(
    (path): Hole[] => [
      { path, errno: 'ENOENT' },
      { path, errno: 'EACCES' },
    ],
  );

/** A file of /tmp/mountroot that cannot be read makes the record of a start unknown. */
const RECORDS: readonly Hole[] = [
  { path: '/tmp/mountroot', errno: 'EACCES' },
  { path: '/tmp/mountroot/state.json', errno: 'EIO' },
];

for (const board of BOARDS)
  t.test(`no report on ${board.name} claims what a missing file would show`, async (t) => {
    const whole = await reportsOf(board);
    t.same(unfounded(whole), [], 'with every file');
    const open = unanswered(whole);
    const settled = answered(whole);
    for (const hole of [...holesOf(board), ...RECORDS]) {
      const reports = await reportsOf(board, hole);
      const name = `${hole.path}: ${hole.errno}`;
      const claims = unfounded(reports);
      if (claims.length > 0) t.same(claims, [], name);
      const now = answered(reports);
      // A question with several answers may have one of them in both.
      const turned = [...open].filter((each) => now.has(each) && !settled.has(each));
      if (turned.length > 0) t.same(turned, [], `${name}: answered without the file`);
    }
  });

/** A facts file without each of its parts, as another version or a hand may leave it. */
function* without(text: string): Generator<[string, string]> {
  const facts = JSON.parse(text) as Record<string, unknown>;
  for (const key of ['origin', 'rootdisk', 'unread', 'handover', 'findings'])
    yield [key, JSON.stringify({ ...facts, [key]: undefined })];
  for (const key of ['state', 'opened', 'external', 'handover'])
    yield [`${key}: null`, JSON.stringify({ ...facts, [key]: null })];
  for (const key of ['mounts', 'mtd', 'problems'])
    yield [`${key}: []`, JSON.stringify({ ...facts, [key]: [] })];
  yield ['paths: {}', JSON.stringify({ ...facts, paths: {} })];
  const origin = facts['origin'] as Record<string, unknown>;
  for (const key of Object.keys(origin)) {
    const empty = Array.isArray(origin[key]) ? [] : null;
    yield [`origin.${key}`, JSON.stringify({ ...facts, origin: { ...origin, [key]: empty } })];
  }
}

t.test('a facts file without one of its parts makes no report fail', async (t) => {
  for (const board of BOARDS)
    for (const [part, text] of without(JSON.stringify(factsOf(board)))) {
      let facts;
      try {
        facts = parseFacts(text, board.name);
      } catch {
        // Such a part must be there, or contradicts another.
        continue;
      }
      const { explanation, before } = factsReports(facts);
      t.notOk(
        ['panics', 'waits'].includes(explanation.end.kind),
        `${board.name} without ${part} did not fail`,
      );
      t.not(before.root.maker, 'mountroot');
    }
});
