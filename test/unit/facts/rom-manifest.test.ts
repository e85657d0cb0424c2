import fc from 'fast-check';
import t from 'tap';
import {
  decodeBaseline,
  decodeManifest,
  encodeBaseline,
  encodeManifest,
  headOf,
  inThisBoot,
  isSame,
  notedFor,
  type Baseline,
  type Fingerprint,
  type RomManifest,
} from '../../../src/facts/rom-manifest.js';
import { crcOf } from '../../../src/text/crc.js';

const print = (size: number, crc: string | null = null, mtime = 0): Fingerprint => ({
  size,
  mtime,
  crc,
});
const fingerprint = fc.record({
  size: fc.nat(),
  mtime: fc.integer(),
  crc: fc.option(fc.nat().map((value) => value.toString(16).padStart(8, '0'))),
});
const path = fc
  .array(
    fc.string({ minLength: 1, maxLength: 8 }).filter((name) => !name.includes('/')),
    { minLength: 1, maxLength: 4 },
  )
  .map((parts) => parts.join('/'));
const manifests: fc.Arbitrary<RomManifest> = fc.record({
  identity: fc.string(),
  complete: fc.boolean(),
  files: fc.array(fc.tuple(path, fingerprint)).map((files) => new Map(files)),
});
const baselines: fc.Arbitrary<Baseline> = fc
  .array(
    fc.tuple(
      path,
      fc.record({
        size: fc.nat(),
        mtime: fc.bigInt({ min: -(10n ** 18n), max: 10n ** 19n }).map(String),
        rom: fingerprint,
        sure: fc.boolean(),
      }),
    ),
  )
  .map((each) => new Map(each));

t.test('records are read back as they were written, with any names', async (t) => {
  fc.assert(
    fc.property(manifests, (manifest) =>
      t.same(decodeManifest(encodeManifest(manifest)), manifest),
    ),
  );
  fc.assert(
    fc.property(baselines, (baseline) =>
      t.same(new Map(decodeBaseline(encodeBaseline(baseline)) as Baseline), baseline),
    ),
  );
  fc.assert(
    fc.property(manifests, ({ identity, complete, files }) =>
      t.same(headOf(encodeManifest({ identity, complete, files })), { identity, complete }),
    ),
  );
});

t.test('damage anywhere in a record is detected', async (t) => {
  const text = encodeBaseline(
    new Map([
      [
        'etc/config/x',
        { size: 3, mtime: '1700000000000000000', rom: print(2, '0000abcd'), sure: true },
      ],
    ]),
  );
  const manifest = encodeManifest({
    identity: 'one',
    complete: true,
    files: new Map([['etc/x', print(3, '0000abcd')]]),
  });
  const body = text.indexOf('\n') + 1;
  fc.assert(
    fc.property(fc.integer({ min: body, max: text.length - 1 }), (at) =>
      t.equal(decodeBaseline(`${text.slice(0, at)}~${text.slice(at + 1)}`), 'damaged'),
    ),
  );
  fc.assert(
    fc.property(fc.nat(text.length - 1), (length) =>
      t.equal(decodeBaseline(text.slice(0, length)), 'damaged'),
    ),
  );
  for (const other of [
    '',
    '{}',
    'null',
    '[]\n',
    '\n',
    '{"schema":"mountroot.rom-baseline/1"}\n',
    manifest,
  ])
    t.equal(decodeBaseline(other), 'damaged');
  fc.assert(fc.property(fc.string(), (any) => t.equal(decodeManifest(any), 'damaged')));
  t.equal(decodeManifest(`${manifest}["y",1,0]\n`), 'damaged');
  t.equal(headOf('{"schema":"other"}\n'), null);
});

t.test('checksums decide if both have one, else size and time', async (t) => {
  t.ok(isSame(print(1, 'aaaaaaaa', 5), print(1, 'aaaaaaaa', 6)), 'a later build of the same file');
  t.notOk(isSame(print(1, 'aaaaaaaa'), print(1, 'bbbbbbbb')), 'images of one time for all');
  t.notOk(isSame(print(1, null, 5), print(1, 'bbbbbbbb', 6)));
  t.ok(isSame(print(1, null, 5), print(1, 'bbbbbbbb', 5)));
  t.notOk(isSame(print(1), print(2)));
  t.equal(crcOf(Buffer.from('123456789')), 'cbf43926');
});

t.test('a manifest of a usual image takes some 30 bytes per file', async (t) => {
  const files = new Map(
    Array.from({ length: 2000 }, (_, index) => [
      `usr/lib/lua/luci/${index >> 5}/name-${index}.lua`,
      print(1000 + index, null, 1_700_000_000),
    ]),
  );
  t.ok(encodeManifest({ identity: 'x', complete: true, files }).length < 2000 * 31);
});

const manifest = (files: Record<string, Fingerprint>): RomManifest => ({
  identity: 'before',
  complete: true,
  files: new Map(Object.entries(files)),
});
const NANO = 1_000_000_000n;
const moment = { start: 1000, now: 5_000_000, uptime: 60 };
const state = { size: 7, mtime: String(4_000_000n * NANO) };

t.test('a setting is recorded with the image file at the time it was written', async (t) => {
  const [old, now] = [print(1, '00000001'), print(2, '00000002')];
  const noted = { ...state, rom: print(9), sure: true };
  const never = (): never => t.fail('the image is not read for what is known') as never;
  t.equal(
    notedFor({ path: 'x', ...state }, noted, { before: manifest({ x: old }), moment }, never),
    noted,
    'not written since it was noted',
  );
  t.same(
    notedFor({ path: 'x', ...state, size: 8 }, noted, { before: null, moment }, () => now).rom,
    now,
    'written since, in view of the same image',
  );
  t.same(
    notedFor(
      { path: 'x', ...state, size: 8 },
      noted,
      { before: manifest({ x: old }), moment },
      never,
    ),
    { ...state, size: 8, rom: old, sure: true },
    'written before the upgrade, and behind the last note',
  );
  t.same(
    notedFor({ path: 'x', ...state }, undefined, { before: manifest({ x: old }), moment }, never)
      .rom,
    old,
    'never noted',
  );
  t.same(
    notedFor({ path: 'x', ...state }, undefined, { before: manifest({}), moment }, () => now),
    { ...state, rom: now, sure: true },
    'what the image before had is not known',
  );
  t.notOk(
    notedFor(
      { path: 'x', ...state, mtime: String(4_999_990n * NANO) },
      undefined,
      { before: manifest({ x: old }), moment },
      never,
    ).sure,
    'perhaps written by the first boot itself',
  );
});

t.test('the current boot is recognised even if the clock was set during it', async (t) => {
  const at = (seconds: number): boolean => inThisBoot(String(BigInt(seconds) * NANO), moment);
  t.same([990, 1000, 1060, 1070, 4_000_000, 4_999_930, 4_999_950, 5_000_000, 5_000_100].map(at), [
    false,
    true,
    true,
    false,
    false,
    false,
    true,
    true,
    false,
  ]);
  t.notOk(inThisBoot(String(1000n * NANO), { ...moment, start: null }));
  t.notOk(inThisBoot('-5', moment), 'nor does a time before all others harm');
});
