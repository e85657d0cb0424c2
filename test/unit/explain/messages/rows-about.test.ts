import fc from 'fast-check';
import t from 'tap';
import { beginningsOf } from '../../../../src/explain/messages/beginnings.js';
import { MESSAGES } from '../../../../src/explain/messages/kernel-messages.js';
import { rowsAbout } from '../../../../src/explain/messages/rows-about.js';
import type { MessageRow } from '../../../../src/explain/messages/message-row.js';

t.test('the beginnings of a pattern', async (t) => {
  const of: [RegExp, string[] | null][] = [
    [/^VFS: /, ['vfs: ']],
    [/^a(?:b|c)d/, ['abd', 'acd']],
    [/^a[|]b\|c/, ['a|b|c']],
    [/^a|^b/, ['a', 'b']],
    [/^a|b/, ['a', 'b']],
    [/^ab?c/, ['abc', 'ac']],
    [/^ab*c/, ['ab', 'ac']],
    [/^ab+c/, ['ab']],
    [/^ab{0,2}c/, ['ab', 'ac']],
    [/^ab{2}c/, ['ab']],
    [/^a(?:bc)??d/, ['abcd', 'ad']],
    [/^[0-3]x/, ['0x', '1x', '2x', '3x']],
    [/^a[^b]/, ['a']],
    [/^a\d/, ['a']],
    [/^a.b/, ['a']],
    [/^a(?!b)c/, ['ac']],
    [/^a(?:b|)c/, ['abc', 'ac']],
    [/^(?:one|on)/, ['on']],
    [/^\w/, null],
    [/^a?/, null],
    [/^(?:a|\d)/, null],
    [/a/, null],
  ];
  for (const [pattern, begins] of of) t.same(beginningsOf(pattern), begins, pattern.source);
});

const rowOf = (pattern: RegExp, has?: string[]): MessageRow => ({
  pattern,
  ...(has !== undefined && { has }),
  source: '',
  tells: () => {},
});

t.test('rows come in their order, and those without a known beginning always', async (t) => {
  const rows = [/^b/, /x/, /^A/, /^b2/, /^(?:a|b)/].map((pattern) => rowOf(pattern));
  const about = rowsAbout(rows);
  const sources = (text: string): string[] => about([text])(0).map(({ pattern }) => pattern.source);
  t.same(sources('b1'), ['^b', 'x', '^(?:a|b)']);
  t.same(sources('B2'), ['^b', 'x', '^b2', '^(?:a|b)']);
  t.same(sources('a'), ['x', '^A', '^(?:a|b)']);
  t.same(sources('z'), ['x']);
  t.same(sources(''), ['x']);
});

t.test('a row with words is for lines with one of them', async (t) => {
  const about = rowsAbout([rowOf(/x.*y/i, ['x'])]);
  const lines = about(['a y', 'a X', '', 'xx', 'y']);
  t.same(
    [0, 1, 2, 3, 4].map((line) => lines(line).length),
    [0, 1, 0, 1, 0],
  );
});

t.test('each message shows how it begins or has words', async (t) => {
  for (const { pattern, has } of MESSAGES)
    t.ok(beginningsOf(pattern) !== null || has !== undefined, pattern.source);
});

/** fast-check makes texts for patterns without looking ahead and without places in a word. */
const canBeMade = ({ source }: RegExp): boolean => !/\(\?[!=]|\\b/.test(source);

t.test('a text that a pattern matches is about its row', async (t) => {
  const about = rowsAbout(MESSAGES);
  const rows = MESSAGES.filter(({ pattern }) => canBeMade(pattern));
  t.ok(rows.length > 180);
  for (const row of rows)
    fc.assert(
      fc.property(fc.stringMatching(new RegExp(row.pattern.source)), (text) => {
        if (!row.pattern.test(text)) return;
        if (!about(['ecc', text, 'ecc'])(1).includes(row))
          throw new Error(`${row.pattern}: ${text}`);
      }),
      { numRuns: 40, seed: 1 },
    );
});
