import fc from 'fast-check';
import t from 'tap';
import {
  attributeKey,
  attributeOf,
  decodeRecords,
  encodeRecords,
  formatTime,
  parseTime,
} from '../../../../src/layer/archive/pax.js';

t.test('a record counts its own length, also if that adds a digit', async (t) => {
  t.equal(
    encodeRecords([['path', 'a']]).toString(),
    '9 path=a\n',
    'the shorter one where two would be true',
  );
  t.equal(encodeRecords([['mtime', '1.5']]).toString(), '13 mtime=1.5\n');
  for (let length = 80; length < 110; length++) {
    const bytes = encodeRecords([['k', 'v'.repeat(length)]]);
    t.equal(parseInt(bytes.toString(), 10), bytes.length, `${length}`);
  }
});

t.test('any bytes come back from records unchanged', async () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(fc.stringMatching(/^[a-zA-Z.]{1,20}$/), fc.uint8Array({ maxLength: 300 })),
        { maxLength: 5 },
      ),
      (records) => {
        const wanted = new Map(records.map(([key, value]) => [key, Buffer.from(value)]));
        const found = decodeRecords(encodeRecords([...wanted]));
        return (
          found.size === wanted.size &&
          [...wanted].every(([key, value]) => found.get(key)?.equals(value))
        );
      },
    ),
  );
});

t.test('damaged records are refused, and never hang', async (t) => {
  for (const text of [
    '8 path=a\n',
    '11 path=a\n',
    '0 \n',
    '-5 a=bcd\n',
    '5 a=b',
    '6 a=b ',
    '99999999999 a=b\n',
    ' a=b\n',
    'x a=b\n',
    '5 ab\n',
    '4 =\n',
    '10 path=a\n\0',
    '1 \n',
    '010 path=a\n',
    '7 \xff=b\n',
  ])
    t.throws(
      () => decodeRecords(Buffer.from(text, 'latin1')),
      /has a pax header/,
      JSON.stringify(text),
    );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        decodeRecords(Buffer.from(bytes));
      } catch (error) {
        if ((error as Error).name !== 'ArchiveError') throw error;
      }
    }),
  );
});

t.test('times are kept to the nanosecond, before 1970 too', async (t) => {
  t.equal(formatTime(0n), '0');
  t.equal(formatTime(1_500_000_000n), '1.5');
  t.equal(formatTime(-1n), '-0.000000001');
  t.equal(parseTime('-1.5'), -1_500_000_000n);
  t.equal(parseTime('7.1234567891'), 7_123_456_789n);
  for (const text of ['', '.5', '1e5', 'now', '--1', '1.2.3', '99999999999999'])
    t.equal(parseTime(text), null, text);
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
      (time) => parseTime(formatTime(time)) === time,
    ),
  );
});

t.test('the name of an attribute is a keyword as GNU tar writes it', async (t) => {
  t.equal(attributeKey('user.a=b%'), 'SCHILY.xattr.user.a%3Db%25');
  t.equal(attributeOf('path'), null);
  fc.assert(fc.property(fc.string(), (name) => attributeOf(attributeKey(name)) === name));
});
