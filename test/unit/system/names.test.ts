import t from 'tap';
import fc from 'fast-check';
import { isDoubtful, nameOf, pathOf } from '../../../src/system/names.js';
import { someOf } from '../../fixtures/sampling.js';
import { anyCharacter } from '../../fixtures/any-text.js';

t.test('the kernel gets any bytes of a name back unchanged', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 40 }), (bytes) =>
      Buffer.from(pathOf(nameOf(Buffer.from(bytes)))).equals(Buffer.from(bytes)),
    ),
    { numRuns: someOf(2000) },
  );
});

t.test('a UTF-8 name stays unchanged, also with four-byte characters or with U+FFFD', async (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: anyCharacter }),
      (name) => nameOf(Buffer.from(name)) === name && pathOf(name) === name,
    ),
    { numRuns: someOf(2000) },
  );
  t.equal(nameOf(Buffer.from('💀\ufffdé')), '💀\ufffdé');
  t.ok(
    isDoubtful(Buffer.from([0x63, 0xe9]).toString('utf8')),
    'what Node could not decode is looked at again',
  );
  t.equal(nameOf(Buffer.from([0x63, 0xe9])), 'c\udce9');
});
