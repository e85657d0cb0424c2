import t from 'tap';
import fc from 'fast-check';
import { isDoubtful, nameOf, pathOf } from '../../../src/system/names.js';

t.test('whatever bytes a name has, the kernel gets the same back', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) =>
      Buffer.from(pathOf(nameOf(Buffer.from(bytes)))).equals(Buffer.from(bytes)),
    ),
    { numRuns: 2000 },
  );
});

t.test(
  'a name in UTF-8 is itself, also one with characters of four bytes or with the one that ' +
    'stands for what cannot be read',
  async (t) => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (name) => nameOf(Buffer.from(name)) === name && pathOf(name) === name,
      ),
      { numRuns: 2000 },
    );
    t.equal(nameOf(Buffer.from('💀\ufffdé')), '💀\ufffdé');
    t.ok(
      isDoubtful(Buffer.from([0x63, 0xe9]).toString('utf8')),
      'what Node could not decode is looked at again',
    );
    t.equal(nameOf(Buffer.from([0x63, 0xe9])), 'c\udce9');
  },
);
