import t from 'tap';
import { byFirstLetter, firstLetter } from '../../../src/explain/messages/by-first-letter.js';
import { MESSAGES } from '../../../src/explain/messages/kernel-messages.js';

t.test('a pattern has a first letter only if every match begins with it', (t) => {
  const of: [RegExp, string | null][] = [
    [/^VFS: /, 'V'],
    [/^a(?:b|c)/, 'a'],
    [/^a[|]b\|c/, 'a'],
    [/^a|b/, null],
    [/^(?:a|b)/, null],
    [/^ab/i, null],
    [/^a?b/, null],
    [/^a*b/, null],
    [/^a{0,2}b/, null],
    [/^\w/, null],
    [/a/, null],
  ];
  for (const [pattern, letter] of of) t.equal(firstLetter(pattern), letter, pattern.source);
  t.end();
});

t.test('rows come in their order, and those without a letter always', (t) => {
  const rows = [/^b/, /x/, /^a/, /^b2/, /^(?:a|b)/];
  const sorted = byFirstLetter(rows, (row) => row);
  t.same(sorted('b1'), [/^b/, /x/, /^b2/, /^(?:a|b)/]);
  t.same(sorted('a'), [/x/, /^a/, /^(?:a|b)/]);
  t.same(sorted('z'), [/x/, /^(?:a|b)/]);
  t.same(sorted(''), [/x/, /^(?:a|b)/]);
  t.end();
});

t.test('many messages are sorted by their first letter', (t) => {
  const sorted = MESSAGES.filter(({ pattern }) => firstLetter(pattern) !== null);
  t.ok(sorted.length > 50);
  t.end();
});
