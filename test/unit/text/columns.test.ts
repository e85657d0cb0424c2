import t from 'tap';
import { clipped, oneLine, wrap, wrapBehind } from '../../../src/text/columns.js';
import { listed } from '../../../src/text/listed.js';

t.test('text is broken at blanks only, and indented', async (t) => {
  t.equal(wrap('one two three', 2, 9), '  one two\n  three');
  t.equal(wrap('/a-path-that-is-too-long is', 0, 10), '/a-path-that-is-too-long\nis');
  t.equal(wrap('a\x1b[2Jb\nc', 0), 'a [2Jb c', 'controls become blanks');
  t.equal(wrap('', 4), '    ');
});

t.test('a label or a bullet is placed in the indent of the first line', async (t) => {
  t.equal(
    wrapBehind('root', 'x '.repeat(40).trim(), 10).split('\n')[0],
    `root      ${'x '.repeat(35).trim()}`,
  );
  t.equal(wrapBehind('  - ', 'one', 4), '  - one');
});

t.test('a text that is too long ends in a mark', async (t) => {
  t.equal(clipped('one two', 7), 'one two');
  t.equal(clipped('one two', 5), 'one…');
});

t.test('a record of the log is one line', async (t) => {
  t.equal(oneLine('a\r\n\x1b[2Jb'), 'a [2Jb');
});

t.test('names are listed as in a sentence', async (t) => {
  t.same([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed), [
    'none',
    'a',
    'a and b',
    'a, b and c',
  ]);
});
