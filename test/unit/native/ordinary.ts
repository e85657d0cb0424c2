/**
 * Archives that C and TypeScript read must make the same layer as when TypeScript reads every entry
 * by itself, or be refused with the same words. Prints the result as JSON.
 */
import * as fs from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { checkArchive, prepare, type Layering } from '../../../src/layer/archive/import-archive.js';
import { archiveDoor } from '../../../src/system/archive-ffi.js';
import type { OpenArchive } from '../../../src/system/archive-door.js';
import { system } from '../../../src/system/ffi.js';
import { HOSTILE } from '../layer/archive/hostile-archives.js';
import { at, listing, work } from '../layer/archive/round-trip-layers.js';
import { END, block, entry, rewrite, tar, type Member } from '../layer/archive/tars.js';

const RUNS = Number(process.argv[3] ?? 800);

/** How many entries were ordinary, so that a comparison of nothing is noticed. */
let ordinary = 0;

/** @param size bytes of the window, which an archive may exceed. */
const opening =
  (size: number): OpenArchive =>
  (top, modes) => {
    const door = archiveDoor()(top, modes)!;
    const read: typeof door.read = (from, to, left) => {
      const found = door.read(from, to, left);
      ordinary += found.members;
      return found;
    };
    return { ...door, read, window: door.window.subarray(0, size) };
  };

/** What an archive makes, or why it does not. */
async function outcome(job: Layering): Promise<unknown> {
  const next = at('next');
  let isChecked = false;
  try {
    const checked = await checkArchive(system, job);
    isChecked = true;
    const warnings = await prepare(system, job, checked, next);
    // A directory of the old layer has the time of the last entry in it.
    const lines = listing(next).map((line) =>
      job.merge ? line.replace(/^(.* directory \S+ \S+) \d+/, '$1') : line,
    );
    return { checked, warnings, lines };
  } catch (error) {
    const { name, message } = error as Error;
    if (name !== 'ArchiveError' && name !== 'SystemError' && !('code' in (error as object)))
      throw error;
    return { name, message, isChecked, isLeft: fs.existsSync(next) };
  } finally {
    system.removeTree(next);
  }
}

interface How extends Partial<Layering> {
  size?: number;
}

/** @throws unless both ways have the same outcome. */
async function compare(archive: Buffer, { size = 262_144, ...more }: How = {}): Promise<unknown> {
  fs.writeFileSync(at('archive'), archive);
  const job = {
    ...{ file: at('archive'), upper: at('upper'), merge: false, bytes: 1 << 20, privileged: true },
    ...{ ordinary: null, ...more },
  };
  const one = await outcome(job);
  const other = await outcome({ ...job, ordinary: opening(size) });
  if (!isDeepStrictEqual(one, other))
    throw new Error(`TypeScript: ${shown(one)}\nwith C: ${shown(other)}`);
  return one;
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Set ? [...each] : each), 1);

/** Mostly the first one, because one odd entry makes the rest of an archive worthless. */
const rarely = <Value>(usual: Value, ...others: Value[]): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );
const LONG = 't'.repeat(100);

const part = fc.constantFrom('a', 'b', 'c', '.c', 'd e', 'é', '.', '..', '', '.wh.a', '\t', 'x');
const usualPart = fc.constantFrom('a', 'b', 'c', '.c', 'd e');
const FOLDERS = ['a', 'a/a', 'a/b', 'b', '.c', 'd e'];
const path = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.tuple(
      fc.constantFrom(...FOLDERS),
      fc.nat(200).map((each) => `f${each}`),
    ),
  },
  { weight: 2, arbitrary: fc.array(usualPart, { minLength: 1, maxLength: 3 }) },
  { weight: 1, arbitrary: fc.array(part, { minLength: 1, maxLength: 4 }) },
);
const text = fc
  .tuple(rarely('', './', '/'), path, rarely('', '/'))
  .map(([before, parts, behind]) => before + parts.join('/') + behind);

const TIMES = [
  ...['-1', '-0.5', '12.', '.5', '', '1.1234567899', 'x', '1e3', '007', '1 ', '1\n', '1.5.5'],
  ...['9223372035.9', '9223372036', '9223372036.854775807', '9223372036.9', '9223372037'],
  ...['999999999999', '1000000000000', `1.${'5'.repeat(30)}`, `1.${'5'.repeat(31)}`],
];
const time = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('1.5', '0', '1', '1.000000001', '1700000000.12') },
  { weight: 2, arbitrary: fc.constantFrom(...TIMES) },
  fc.stringMatching(/^[0-9]{1,13}(\.[0-9]{0,32})?$/),
);
const record = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constant('mtime'), time) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom('atime', 'ctime'), time) },
  fc.tuple(fc.constantFrom('path', 'linkpath'), text),
  fc.tuple(fc.constantFrom('uid', 'gid', 'size'), fc.constantFrom('0', '7', '70000', 'x', '-1')),
  fc.tuple(fc.constantFrom('SCHILY.xattr.trusted.note', 'comment', 'mtimes'), fc.constant('x')),
);
const content = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc
    .tuple(
      fc.constantFrom(0, 511, 512, 513, 4095, 4096, 4097, 9000, 65_536, 65_537),
      fc.constantFrom('x', '\0'),
    )
    .map(([size, fill]) => fill.repeat(size)),
);
/** A field of a header, and what is in it. */
const field = fc.tuple(
  fc.constantFrom<[number, number]>([100, 8], [108, 8], [116, 8], [124, 12], [136, 12]),
  fc.oneof(
    fc.stringMatching(/^[ 0-8]{0,12}[ \0]{0,3}$/),
    fc.constantFrom('\x80\0\0\0\0\0\0\x07', '\xff\xff\xff\xff\xff\xff\xff\xfe', '77777777777 '),
  ),
);

const member = fc
  .record({
    name: text,
    prefix: rarely('', 'a', 'b/a', '/', 'a\tb'),
    magic: rarely('ustar\x0000', 'ustar  \0', 'ustar  \0', 'ustar\x0001'),
    type: fc.constantFrom(...'00000000005555555222217\x00346'.split('')),
    mode: fc.nat(0o7777),
    uid: fc.constantFrom(0, 0, 1, 1000, 0o7777777),
    link: fc.oneof({ weight: 6, arbitrary: text }, rarely('to', '', '/etc', 'é', '\t', LONG)),
    content,
    pax: fc.option(fc.array(record, { maxLength: 2 })),
    mtime: fc.constantFrom(0, 1, 1_700_000_000, 8_589_934_591),
    field: rarely(null, 1).chain((each) => (each === null ? fc.constant(null) : field)),
    gnu: rarely('', 'L', 'K', 'g'),
  })
  .map(({ prefix, magic, field: spoilt, pax, gnu, ...more }): Buffer => {
    const isFile = '017\0'.includes(more.type);
    const spoil = (bytes: Buffer): void =>
      rewrite(bytes, () => {
        bytes.write(magic, 257, 'latin1');
        bytes.write(prefix, 345, 'latin1');
        if (spoilt !== null) {
          const [[where, length], says] = spoilt;
          bytes.fill(0, where, where + length);
          bytes.write(says.slice(0, length), where, 'latin1');
        }
      });
    const before =
      gnu === '' ? Buffer.alloc(0) : entry({ name: 'long', type: gnu, content: 'a/long\0' });
    const records = pax === null ? {} : { pax: pax as [string, string][] };
    const whole: Member = { ...more, ...records, ...(isFile ? {} : { content: '' }), spoil };
    return Buffer.concat([before, entry(whole)]);
  });

const folders = FOLDERS.map((name) => entry({ name, type: '5', mode: 0o755 }));

const archives = fc
  .tuple(
    fc.oneof({ weight: 3, arbitrary: fc.constant(folders) }, fc.subarray(folders)),
    fc.array(member, { maxLength: 8 }),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 2 }),
    fc.nat(9),
  )
  .map(([before, members, changes, how]) => {
    const bytes = Buffer.concat([...before, ...members, ...(how === 0 ? [] : [END])]);
    // Most archives stay as they are.
    if (how < 8 || bytes.length === 0) return bytes;
    for (const [where, byte] of changes) bytes[where % bytes.length] = byte;
    for (let from = 0; how === 8 && from + 512 <= bytes.length; from += 512)
      if (bytes.toString('latin1', from + 257, from + 262) === 'ustar')
        rewrite(bytes.subarray(from, from + 512), () => {});
    return bytes;
  });

const hows = fc.record({
  size: fc.constantFrom(1024, 1536, 4096, 70_144, 262_144),
  merge: fc.boolean(),
  bytes: fc.constantFrom(600, 100_000, 1 << 20),
  privileged: fc.boolean(),
});

/** The layer that is there: files and directories that entries of an archive meet. */
function makeUpper(): void {
  const upper = at('upper');
  for (const folder of ['', 'a', 'a/b', 'c', 'x']) {
    system.mkdir(`${upper}/${folder}`, 0o755);
    system.setModified(`${upper}/${folder}`, 1_000_000_000n);
  }
  for (const file of ['b', 'a/c', 'a/b/x']) fs.writeFileSync(`${upper}/${file}`, 'old');
  system.symlink('a', `${upper}/.c`);
}

async function random(): Promise<string> {
  let made = 0;
  const result = await fc.check(
    fc.asyncProperty(archives, hows, async (archive, how) => {
      const got = await compare(archive, how);
      if ('lines' in (got as object)) made++;
    }),
    { numRuns: RUNS },
  );
  if (!result.failed) return made * 6 > RUNS ? 'same' : `only ${made} of ${RUNS} were made`;
  const [archive, how] = result.counterexample!;
  const packed = gzipSync(archive).toString('base64');
  return `${(result.errorInstance as Error).message} for ${JSON.stringify(how)} ${packed}`;
}

async function hostile(): Promise<string[]> {
  const failed: string[] = [];
  for (const [name, archive] of HOSTILE)
    for (const merge of [false, true])
      await compare(Buffer.isBuffer(archive) ? archive : tar(...archive), { merge }).catch(
        (error: Error) => failed.push(`${name}: ${error.message}`),
      );
  return failed;
}

/** What is just ordinary, and just not. */
async function borders(): Promise<string[]> {
  const inHeader = ['104560276403', '104560276404', '104560276405', '777777777777', '       17'];
  const archives = [
    ...TIMES.map((each) => tar({ name: 'f', pax: [['mtime', each]] })),
    ...['atime', 'ctime', 'mtimes', 'mtim'].map((key) => tar({ name: 'f', pax: [[key, 'x']] })),
    ...inHeader.map((each) => {
      const spoil = (bytes: Buffer): void =>
        rewrite(bytes, () => void bytes.fill(0, 136, 148).write(each, 136));
      return tar({ name: 'f', spoil });
    }),
    ...[65_535, 65_536, 65_537].map((size) => tar({ name: 'f', content: 'x'.repeat(size) })),
    ...['', 't', 't'.repeat(99), LONG].map((link) => tar({ name: 'l', type: '2', link })),
    ...[99, 100].map((length) => tar({ name: 'n'.repeat(length) })),
  ];
  const failed: string[] = [];
  for (const archive of archives)
    await compare(archive).catch((error: Error) => failed.push(error.message));
  return failed;
}

/** What may be read is not exceeded. */
function limits(): Record<string, number> {
  const archive = tar(
    { name: 'a', pax: [['mtime', '1.5']] },
    { name: 'bb', content: 'content' },
    { name: 'cc' },
  );
  const all = { bytes: 100, members: 100, names: 100, headers: 1000 };
  const read = (less: Partial<typeof all>): number => {
    const door = archiveDoor()(null, 0)!;
    archive.copy(door.window);
    try {
      return door.read(0, archive.length, { ...all, ...less }).members;
    } finally {
      door.end();
    }
  };
  return {
    all: read({}),
    members: read({ members: 2 }),
    bytes: read({ bytes: 6 }),
    names: read({ names: 4 }),
    headers: read({ headers: 512 }),
    exactly: read({ members: 3, bytes: 7, names: 5, headers: 512 + 13 }),
  };
}

/** An entry of the caller's own is met by no ordinary one, and may be a directory for others. */
function notes(): Record<string, unknown> {
  const door = archiveDoor()(null, 0)!;
  const second = archiveDoor()(null, 0);
  const archive = Buffer.concat([
    ...[block({ name: 'd/f', mtime: 7 }), block({ name: 'l', type: '2', link: 'to', mode: 0o777 })],
    ...[block({ name: 'd' }), block({ name: 'never' })],
  ]);
  archive.copy(door.window);
  const all = { bytes: 100, members: 100, names: 100, headers: 1000 };
  const before = door.read(0, archive.length, all).members;
  door.note('d', true);
  const read = door.read(0, archive.length, all);
  const found = ['d/f', 'l', 'd', 'never'].map((each) => {
    const { mtime, ...rest } = door.find(each) ?? { mtime: null };
    return { ...rest, mtime: String(mtime) };
  });
  door.end();
  return { isAlone: second === null, before, read, found };
}

async function main(): Promise<void> {
  process.umask(0o022);
  system.mount('tmpfs', work, 'tmpfs', [], 'size=200m');
  makeUpper();
  const got = { limits: limits(), notes: notes(), borders: await borders() };
  process.stdout.write(
    JSON.stringify({ ...got, hostile: await hostile(), random: await random(), ordinary }),
  );
}

void main();
