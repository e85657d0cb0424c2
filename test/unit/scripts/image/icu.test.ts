/** ICU's data, small enough to be read here; test/qemu/small-board tests the data on a board. */
import t from 'tap';
import { keepInIndex, readIcuData, writeIcuData } from '../../../../scripts/image/icu-data.js';
import { isNeeded } from '../../../../scripts/image/icu.js';

/** UDataInfo in 32 bytes. */
function header(format: string): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.set([32, 0, 0xda, 0x27, 20, 0, 0, 0, 0, 0, 2, 0]);
  bytes.write(format, 12, 'latin1');
  return bytes;
}

const ITEMS = {
  'icudt78l/en.res': 'english',
  'icudt78l/root.res': 'r'.repeat(40),
  'icudt78l/zone/en.res': '',
};

t.test('data is read as it was written, and each item begins at its alignment', (t) => {
  const written = writeIcuData({
    header: header('CmnD'),
    items: Object.entries(ITEMS).map(([name, text]) => ({ name, bytes: Buffer.from(text) })),
  });
  const { items } = readIcuData(written, 'data');
  t.same(
    Object.fromEntries(
      items.map(({ name, bytes }) => [name, bytes.toString('latin1').replace(/\0+$/, '')]),
    ),
    ITEMS,
  );
  for (const { bytes } of items) t.equal((bytes.byteOffset - written.byteOffset) % 16, 0);
  t.same(writeIcuData({ header: header('CmnD'), items }), written);
  t.throws(
    () => readIcuData(written.subarray(0, 40), 'data'),
    /^data is ICU's data, and cut short or damaged: /,
  );
  t.throws(
    () => readIcuData(Buffer.alloc(100), 'data'),
    /^data is not ICU's little-endian data of the format CmnD$/,
  );
  t.end();
});

/** An index of locales: a table at the top with one inside it of each kind, and an empty one. */
function index(locales: readonly string[]): Buffer {
  const keys = ['a', 'b', 'c', ...locales];
  const at = new Map<string, number>();
  let end = 32;
  for (const key of keys) {
    at.set(key, end);
    end += key.length + 1;
  }
  const units = Math.ceil(end / 4) * 4;
  const pair = (count: number): number => 2 + count * 2 + (count % 2 === 0 ? 2 : 0) + count * 4;
  const wide = Math.ceil((units + 2 + 2 + locales.length * 4) / 4) * 4;
  const top = wide + pair(locales.length);
  const body = Buffer.alloc(top + pair(3));
  for (const [key, place] of at) body.write(key, place, 'latin1');
  body.writeUInt32LE((2 * 2 ** 28 + top / 4) >>> 0, 0);
  body.writeUInt32LE(7, 4);
  body.writeUInt32LE(units / 4, 8);
  const table = (
    place: number,
    names: readonly string[],
    items: readonly number[],
    width: 2 | 4,
  ): void => {
    body.writeUInt16LE(names.length, place);
    names.forEach((name, each) => body.writeUInt16LE(at.get(name)!, place + 2 + each * 2));
    const from = place + 2 + names.length * 2 + (width === 4 && names.length % 2 === 0 ? 2 : 0);
    items.forEach((item, each) =>
      width === 4
        ? body.writeUInt32LE(item >>> 0, from + each * 4)
        : body.writeUInt16LE(item, from + each * 2),
    );
  };
  table(
    units + 2,
    locales,
    locales.map((_, each) => 100 + each),
    2,
  );
  table(
    wide,
    locales,
    locales.map((_, each) => 200 + each),
    4,
  );
  table(top, ['a', 'b', 'c'], [5 * 2 ** 28 + 1, 2 * 2 ** 28 + wide / 4, 2 * 2 ** 28], 4);
  return Buffer.concat([header('ResB'), body]);
}

t.test('an index of locales keeps the chosen ones, for odd and even numbers of them', (t) => {
  const all = ['de', 'en', 'en_GB', 'fr', 'zh'];
  for (const kept of [['en'], ['en', 'en_GB'], ['zh'], []]) {
    const bytes = keepInIndex(index(all), (locale) => kept.includes(locale));
    const found = [...Array(2).keys()].map((each) => {
      const body = bytes.subarray(32);
      const top = (body.readUInt32LE(0) & 0xfff_ffff) * 4;
      const item = body.readUInt32LE(top + 2 + 3 * 2 + each * 4);
      const place =
        each === 0 ? body.readUInt32LE(8) * 4 + (item & 0xfff_ffff) * 2 : (item & 0xfff_ffff) * 4;
      const count = body.readUInt16LE(place);
      const items = place + 2 + count * 2 + (each === 1 && count % 2 === 0 ? 2 : 0);
      return Array.from({ length: count }, (_, at) => {
        const key = body.readUInt16LE(place + 2 + at * 2);
        return [
          body.toString('latin1', key, body.indexOf(0, key)),
          each === 0 ? body.readUInt16LE(items + at * 2) : body.readUInt32LE(items + at * 4),
        ];
      });
    });
    t.same(
      found,
      [100, 200].map((from) => kept.map((locale) => [locale, from + all.indexOf(locale)])),
      kept.join(),
    );
  }
  t.end();
});

t.test('English, the root and data without a language stay', (t) => {
  const needed = [
    'root.res',
    'en.res',
    'zone/en_001.res',
    'curr/pool.res',
    'coll/res_index.res',
    'coll/ucadata.icu',
    'supplementalData.res',
    'zoneinfo64.res',
    'cnvalias.icu',
    'uts46.nrm',
    'brkitr/word.brk',
    'windows-936-2000.cnv',
    'icustd.res',
  ];
  const not = [
    'de.res',
    'zone/zh_Hant_TW.res',
    'lang/yue.res',
    'ca_ES_VALENCIA.res',
    'brkitr/cjdict.dict',
    'translit/root.res',
    'unames.icu',
    'ibm-37_P100-1995.cnv',
    'rfc3491.spp',
    'unit/fil.res',
  ];
  t.same([...needed, ...not].filter(isNeeded), needed);
  t.end();
});
