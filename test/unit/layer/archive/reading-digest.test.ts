import t from 'tap';
import { readingDigest } from '../../../../src/layer/archive/reading-digest.js';

const of = (...parts: string[]): string => {
  const read = readingDigest();
  for (const part of parts) read.update(Buffer.from(part));
  return read.digest();
};

t.test('the same bytes have the same digest, however they come', async (t) => {
  t.equal(of('one', 'two'), of('onetwo'));
  t.equal(of('', 'one'), of('one'));
  t.equal(of('x'.repeat(100_000)), of('x'.repeat(1), 'x'.repeat(99_999)));
  t.match(of(), /^[0-9a-f]{32}$/);
});

t.test('other bytes have another one', async (t) => {
  const texts = ['', '\0', '\0\0', 'one', 'onf', 'one\0', '\0one', 'x'.repeat(16), 'x'.repeat(17)];
  t.equal(new Set(texts.map((text) => of(text))).size, texts.length);
});
