import * as fs from 'node:fs';
import fc from 'fast-check';
import t from 'tap';
import {
  Biggest,
  Totals,
  type DiffEntry,
  eachOf,
  type NameResult,
} from '../../../../src/layer/diff/diff-entry.js';
import { walk } from '../../../../src/layer/diff/walk.js';
import { NO_NOTES, WHITEOUT, diff, entries, lines, noted } from './walking.js';

/** Node's times are not whole nanoseconds, so both get a new one. */
const alike = (...paths: string[]): void => paths.forEach((path) => fs.lutimesSync(path, 1, 1));

t.test('each change gets its kind', async (t) => {
  const top = fs.realpathSync(
    t.testdir({
      rom: {
        etc: {
          changed: 'one',
          longer: 'one',
          same: 'one',
          mode: 'one',
          gone: 'one',
          link: t.fixture('symlink', 'a'),
        },
        file: 'f',
        folder: { in: 'x' },
      },
      upper: {
        etc: {
          changed: 'two',
          longer: 'three',
          same: 'one',
          mode: 'one',
          gone: t.fixture('symlink', WHITEOUT),
          nothing: t.fixture('symlink', WHITEOUT),
          link: t.fixture('symlink', 'b'),
          new: 'x',
        },
        file: { below: 'y' },
        folder: 'f',
        more: { deep: 'z' },
      },
    }),
  );
  for (const name of ['same', 'mode']) alike(`${top}/upper/etc/${name}`, `${top}/rom/etc/${name}`);
  fs.chmodSync(`${top}/upper/etc/mode`, 0o600);
  const whiteout = { 'trusted.overlay.whiteout': 'y' };
  const told = diff(`${top}/upper`, `${top}/rom`, {
    attributes: noted(
      new Map(['gone', 'nothing'].map((name) => [`${top}/upper/etc/${name}`, whiteout])),
    ),
  });
  t.same(lines(told), [
    'changed etc/changed',
    'deleted etc/gone',
    'changed etc/link',
    'changed etc/longer',
    'metadata etc/mode',
    'added etc/new',
    'stale etc/nothing',
    'same etc/same',
    'replaced file',
    'added file/below',
    'replaced folder',
    'added more',
    'added more/deep',
  ]);
  t.match(
    entries(told).find(({ path }) => path === 'etc/mode'),
    { differs: [{ what: 'mode', upper: '0600' }] },
  );
  t.match(
    entries(told).find(({ path }) => path === 'folder'),
    { of: 'file', rom: { of: 'directory' } },
  );
});

t.test(
  "overlay's own attributes give the content of a directory, and mark a metadata-only file",
  async (t) => {
    const top = fs.realpathSync(
      t.testdir({
        rom: {
          opaque: { kept: 'a', hidden: 'b', below: { deep: 'c' } },
          old: { one: '1', two: '2' },
          data: 'content',
          elsewhere: 'content',
        },
        upper: {
          opaque: { kept: 'a', below: { deep: 'c' } },
          renamed: { one: 'I' },
          beside: { two: '2' },
          data: 'content',
          moved: 'content',
          lost: {},
        },
      }),
    );
    const note = (
      path: string,
      notes: Record<string, string>,
    ): [string, Record<string, string>] => [
      `${top}/upper/${path}`,
      Object.fromEntries(
        Object.entries(notes).map(([name, value]) => [`trusted.overlay.${name}`, value]),
      ),
    ];
    fs.truncateSync(`${top}/upper/data`, 0);
    fs.truncateSync(`${top}/upper/moved`, 0);
    for (const name of ['data', 'moved']) fs.truncateSync(`${top}/upper/${name}`, 7);
    for (const name of ['opaque/kept', 'opaque/below/deep'])
      alike(`${top}/upper/${name}`, `${top}/rom/${name}`);
    alike(`${top}/upper/beside/two`, `${top}/rom/old/two`);
    const attributes = noted(
      new Map([
        note('opaque', { opaque: 'y' }),
        note('renamed', { redirect: '/old' }),
        note('beside', { redirect: 'old' }),
        note('lost', { redirect: '/../etc' }),
        note('data', { metacopy: '' }),
        note('moved', { metacopy: '', redirect: '/elsewhere' }),
      ]),
    );
    const told = diff(`${top}/upper`, `${top}/rom`, { attributes });
    t.same(lines(told), [
      'redirected beside',
      'same beside/two',
      'metacopy data',
      'added lost',
      'metacopy moved',
      'opaque opaque',
      'same opaque/below/deep',
      'deleted opaque/hidden',
      'same opaque/kept',
      'redirected renamed',
      'changed renamed/one',
    ]);
    t.equal(entries(told).find(({ path }) => path === 'renamed')?.from, 'old');
    t.equal(entries(told).find(({ path }) => path === 'moved')?.from, 'elsewhere');
    const blind = lines(diff(`${top}/upper`, `${top}/rom`, { attributes: null }));
    t.notOk(
      blind.some((line) => /opaque |redirected|metacopy/.test(line)),
      'where they cannot be seen nothing is guessed',
    );
  },
);

t.test('no symlink is followed, in the upper layer or in the image', async (t) => {
  const top = fs.realpathSync(
    t.testdir({
      outside: { secret: 's' },
      rom: { a: t.fixture('symlink', '../outside'), b: { secret: 's' } },
      upper: { a: { secret: 's' }, b: t.fixture('symlink', '../outside') },
    }),
  );
  t.same(lines(diff(`${top}/upper`, `${top}/rom`)), ['replaced a', 'added a/secret', 'replaced b']);
});

t.test('only requested paths are reported, and a removed parent of them', async (t) => {
  const top = fs.realpathSync(
    t.testdir({
      rom: { etc: { a: '1', b: '1' }, usr: { lib: { x: '1' } } },
      upper: { etc: { a: '22', b: '22' }, usr: t.fixture('symlink', WHITEOUT), var: { c: '1' } },
    }),
  );
  const attributes = noted(new Map([[`${top}/upper/usr`, { 'trusted.overlay.whiteout': 'y' }]]));
  const wanting = (...wanted: string[]): string[] =>
    lines(diff(`${top}/upper`, `${top}/rom`, { attributes, wanted }));
  t.same(wanting('etc'), ['changed etc/a', 'changed etc/b']);
  t.same(wanting('etc/b', 'var'), ['changed etc/b', 'added var', 'added var/c']);
  t.same(wanting('usr/lib/x'), ['deleted usr']);
  t.same(wanting('et'), []);
  t.equal(wanting('').length, 5);
});

t.test(
  'names that are not text are reported with their bytes, and a directory is read under any name',
  async (t) => {
    const top = fs.realpathSync(t.testdir({ rom: {}, upper: {} }));
    const odd = Buffer.concat([Buffer.from(`${top}/upper/`), Buffer.from([0xff, 0x0a, 0x5c])]);
    fs.mkdirSync(odd);
    fs.writeFileSync(Buffer.concat([odd, Buffer.from('/in')]), '');
    t.same(
      entries(diff(`${top}/upper`, `${top}/rom`)).map(({ path }) => path),
      ['\xff\n\\', '\xff\n\\/in'],
    );
  },
);

t.test(
  'a file that vanishes or changes its type during the walk affects only itself',
  async (t) => {
    const top = fs.realpathSync(
      t.testdir({
        outside: { secret: 's' },
        rom: {},
        upper: { a: 'x', b: { in: 'y' }, c: 'z', d: { in: 'y' }, e: 'x' },
      }),
    );
    const told: NameResult[] = [];
    for (const each of walk({ upper: `${top}/upper`, lower: `${top}/rom`, attributes: NO_NOTES })) {
      told.push(...eachOf(each));
      if (told.length === 2) {
        fs.rmSync(`${top}/upper/b`, { recursive: true });
        fs.symlinkSync('../outside', `${top}/upper/b`);
        fs.rmSync(`${top}/upper/c`);
        fs.rmSync(`${top}/upper/d`, { recursive: true });
      }
    }
    t.same(lines(told), ['added a', 'added b', 'added e']);
  },
);

t.test(
  'unreadable files are reported, and the rest is compared',
  { skip: process.getuid?.() === 0 ? 'root reads everything' : false },
  async (t) => {
    const top = fs.realpathSync(
      t.testdir({ rom: { a: 'x', c: 'x' }, upper: { a: 'y', b: { in: 'y' }, c: 'longer' } }),
    );
    fs.chmodSync(`${top}/upper/a`, 0);
    fs.chmodSync(`${top}/upper/b`, 0);
    const told = diff(`${top}/upper`, `${top}/rom`);
    // So that it can be removed.
    fs.chmodSync(`${top}/upper/b`, 0o755);
    t.same(lines(told), ['unread a', 'added b', 'changed c']);
    t.match(told, [null, {}, {}, { problem: { path: 'b', error: /without being root/ } }, {}]);
  },
);

t.test(
  "mountroot's notes in the upper layer of an out-of-tree overlayfs are not settings",
  async (t) => {
    const top = fs.realpathSync(
      t.testdir({
        rom: {},
        upper: { '.mountroot': { attempts: '0' }, '.fs_state': t.fixture('symlink', '2'), etc: {} },
      }),
    );
    t.same(lines(diff(`${top}/upper`, `${top}/rom`)), ['added etc']);
  },
);

t.test('a file with several names counts once', async (t) => {
  const top = fs.realpathSync(
    t.testdir({ rom: {}, upper: { a: 'x'.repeat(5000), b: t.fixture('link', 'a') } }),
  );
  const [a, b] = entries(diff(`${top}/upper`, `${top}/rom`));
  t.ok(a!.takes > 0);
  t.equal(b!.takes, 0);
});

t.test('totals are sums, and the biggest are those that take most, in order', async (t) => {
  const entry = (path: string, takes: number, kind: DiffEntry['kind'] = 'added'): DiffEntry => ({
    kind,
    path,
    of: 'file',
    size: takes,
    takes,
    rom: null,
  });
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 8 }), (sizes, most) => {
      const [totals, biggest] = [new Totals(), new Biggest(most)];
      sizes.forEach((size, index) => {
        totals.add(entry(`f${index}`, size));
        biggest.add(entry(`f${index}`, size));
      });
      t.equal(
        totals.all.takes,
        sizes.reduce((sum, size) => sum + size, 0),
      );
      t.same(
        biggest.entries.map(({ takes }) => takes),
        sizes.toSorted((a, b) => b - a).slice(0, most),
      );
    }),
  );
  const totals = new Totals();
  totals.add(entry('a', 1, 'same'));
  totals.add(entry('a', 0, 'stale'));
  t.notOk(totals.different, 'a copy that is no different is no difference');
  totals.add(entry('a', 0, 'deleted'));
  t.ok(totals.different);
  t.equal(totals.kinds.deleted.size, 0);
});
