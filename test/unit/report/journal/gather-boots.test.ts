import t from 'tap';
import {
  gatherBoots,
  gatherSummaries,
  newestFirst,
} from '../../../../src/report/journal/gather-boots.js';
import { summarise } from '../../../../src/report/journal/journal-report.js';
import { JOURNAL, TMP_RECORDS } from '../../../../src/facts/places.js';
import type { Reader } from '../../../../src/system/port.js';
import { journalText } from '../../../fixtures/status.js';

const JOURNAL_FILE = `${TMP_RECORDS}/${JOURNAL}`;

/** The journal of a start that has only begun. */
const BEGIN = `${journalText(1).split('\n')[0]}\n`;

/** A reader of a few files. */
const files = (table: Record<string, string>): Reader =>
  ({
    kind: (path: string) => {
      if (Object.hasOwn(table, path)) return 'file';
      const below = Object.keys(table).some((file) => file.startsWith(`${path}/`));
      return below ? 'directory' : 'missing';
    },
    readText: (path: string) => {
      if (!Object.hasOwn(table, path)) throw new Error(`ENOENT: ${path}`);
      return table[path]!;
    },
    details: (path: string) => ({ size: Buffer.byteLength(table[path]!) }),
    readBytes: (path: string, offset: number, length: number) =>
      Buffer.from(table[path]!).subarray(offset, offset + length),
    list: (path: string) =>
      [
        ...new Set(
          Object.keys(table).flatMap((file) =>
            file.startsWith(`${path}/`) ? [file.slice(path.length + 1).split('/')[0]!] : [],
          ),
        ),
      ].sort(),
  }) as unknown as Reader;

t.test('boots are read from flash, and this one from memory, where it is complete', async (t) => {
  const FOLDER = '/overlay/.mountroot/boots';
  const table = {
    '/proc/sys/kernel/random/boot_id': '13f96384-0000-4000-8000-000000000000\n',
    [`${FOLDER}/00000001-6ee8f5d3.ndjson`]: journalText(1),
    [`${FOLDER}/00000002-13f96384.ndjson`]: BEGIN,
    [`${FOLDER}/notes.txt`]: 'x',
  };
  t.match(gatherBoots(files(table)), {
    boots: [
      { number: 1, current: false },
      { number: 2, current: true, runs: [{ verb: 'start' }] },
    ],
    problems: [],
  });
  const both = gatherBoots(files({ ...table, [JOURNAL_FILE]: journalText(2) }));
  t.match(both.boots, [
    { number: 1 },
    { number: 2, current: true, file: JOURNAL_FILE, runs: [{ verb: 'start' }, { verb: 'done' }] },
  ]);
  t.equal(both.boots.length, 2);
  t.match(
    gatherBoots(files({ [JOURNAL_FILE]: journalText(2) })).boots,
    [{ number: null, current: true }],
    'a root in memory',
  );
  t.match(
    gatherBoots(
      files({
        ...table,
        [`/tmp/overlay/.mountroot/boots/00000007-aaaaaaaa.ndjson`]: journalText(1),
      }),
    ).boots,
    [{ number: 7 }],
    'beside an external overlay the internal volume is on its first place',
  );
  t.same(
    gatherBoots({
      ...files({}),
      readText: () => {
        throw new Error('ENOENT');
      },
    }),
    { boots: [], kept: 0, problems: [] },
  );
  t.match(gatherBoots({ ...files(table), kind: () => 'symlink' }), {
    boots: [],
    problems: [/is a symlink and no file/],
  });
});

t.test('of a year of boots only the requested journals are read', async (t) => {
  const file = (number: number): string => {
    const [digits, id] = ['0', 'b'].map((fill) => String(number).padStart(8, fill));
    return `/overlay/.mountroot/boots/${digits}-${id}.ndjson`;
  };
  const year = Object.fromEntries(
    Array.from({ length: 365 }, (_, index) => [file(index + 1), journalText(1)]),
  );
  const asked = <T>(call: (reader: Reader) => T): { result: T; read: string[] } => {
    const read: string[] = [];
    const reader = files({ ...year, [JOURNAL_FILE]: journalText(2) });
    const result = call({
      ...reader,
      readBytes: (path, ...where) => (read.push(path), reader.readBytes(path, ...where)),
    });
    return { result, read };
  };
  const newest = asked((reader) => gatherBoots(reader, { newest: 3 }));
  t.same(newest.read.sort(), [file(364), file(365), JOURNAL_FILE].sort());
  t.match(newest.result, {
    kept: 365,
    boots: [{ number: 364 }, { number: 365 }, { number: null, current: true }],
  });
  const one = asked((reader) => gatherBoots(reader, { number: 7 }));
  t.same(one.read.sort(), [file(7), JOURNAL_FILE].sort());
  t.match(
    one.result.boots.map(({ number }) => number),
    [7],
  );
  t.equal(
    gatherBoots(files(year), { number: 400 }).boots.length,
    365,
    'a number that is not there is answered with those that are',
  );
  t.match(
    asked((reader) => newestFirst(reader).next().value),
    { read: [JOURNAL_FILE], result: { current: true } },
  );
  const all = asked((reader) => gatherSummaries(reader));
  t.equal(all.read.length, 366);
  t.same(
    all.result.boots,
    gatherBoots(files({ ...year, [JOURNAL_FILE]: journalText(2) })).boots.map(summarise),
  );
  t.equal(gatherSummaries(files(year), 2).boots.length, 2);
});
