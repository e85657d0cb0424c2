/**
 * Archives that cost more than they are worth: many headers, records or streams. Each is refused
 * before it has taken much memory or time. Sizes are counted, and no clock is read.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ArchiveError } from '../../../../src/layer/archive/archive-error.js';
import { Checker } from '../../../../src/layer/archive/check-archive.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../../../src/text/input-limits.js';
import { encodeRecords } from '../../../../src/layer/archive/pax.js';
import { readArchive } from '../../../../src/layer/archive/read-archive.js';
import { readTar, type TarHeader } from '../../../../src/layer/archive/tar-reader.js';
import { ByteSource } from '../../../../src/ramdisk/source.js';
import { END, block, directory, tar } from './tars.js';

const padded = (bytes: Buffer): Buffer =>
  Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
/** A header that precedes an entry. */
const before = (type: string, content: Buffer): Buffer =>
  Buffer.concat([block({ name: 'before', type, content }), padded(content)]);
const records = (from: number, count: number): Buffer =>
  encodeRecords(Array.from({ length: count }, (_, at): [string, string] => [`k${from + at}`, '']));
const ROOT = tar(directory('./'));

/** Reads pieces of a tar as they are made, and counts what was taken. */
async function reading(
  pieces: () => Iterable<Buffer>,
): Promise<{ code: string; taken: number; headers: TarHeader[] }> {
  let taken = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for (const piece of pieces()) {
      taken += piece.length;
      yield piece;
    }
  }
  const headers: TarHeader[] = [];
  try {
    await readTar(ByteSource.from(counted()), {
      member: (header) => void headers.push(header),
      data: () => {},
      complete: () => {},
    });
    return { code: 'none', taken, headers };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return { code: error.problem.code, taken, headers };
  }
}

function* endless(piece: (round: number) => Buffer): Generator<Buffer> {
  for (let round = 0; ; round++) yield piece(round);
}

t.test('headers before an entry are limited in bytes, in number and in records', async (t) => {
  const big = before('g', encodeRecords([['comment', 'x'.repeat(LIMITS.header - 100)]]));
  const twice = await reading(() => endless(() => big));
  t.match(twice, { code: 'header-too-long', taken: 2 * big.length });

  const small = before('x', records(0, 1));
  const many = await reading(() => endless(() => small));
  t.match(many, { code: 'too-many-headers', taken: (LIMITS.headers + 1) * small.length });

  const long = await reading(() => endless(() => before('L', Buffer.from('name\0'))));
  t.match(long, { code: 'too-many-headers' });

  const keys = await reading(() => endless((round) => before('x', records(round * 1000, 1000))));
  t.match(keys, { code: 'too-many-records' });
  t.ok(keys.taken < 100_000);
  t.match(await reading(() => [before('x', records(0, LIMITS.records)), ROOT]), { code: 'none' });
});

t.test('all headers of an archive together are limited', async (t) => {
  const header = before('g', encodeRecords([['comment', 'x'.repeat(LIMITS.header - 100)]]));
  const entry = block(directory('./'));
  const { code, taken } = await reading(() =>
    endless((round) => (round % 2 === 0 ? header : entry)),
  );
  t.equal(code, 'headers-too-long');
  t.ok(taken < LIMITS.allHeaders + 2 * LIMITS.header);
});

t.test('an attribute does not keep the header that it came in', async (t) => {
  const { headers } = await reading(() => [
    before(
      'x',
      encodeRecords([
        ['comment', 'x'.repeat(900_000)],
        ['SCHILY.xattr.user.a', 'value'],
      ]),
    ),
    ROOT,
  ]);
  const value = headers[0]!.attributes.get('user.a')!;
  t.equal(value.toString(), 'value');
  t.ok(value.buffer.byteLength < 100_000);
});

t.test('compressed streams with nothing in them are limited', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mountroot-budget-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'streams.tgz');
  const check = (): Promise<string> =>
    readArchive(
      file,
      new Checker({ bytes: 1 << 20, privileged: true, existing: () => 'missing' }),
      { make: () => {}, data: () => {}, complete: () => {}, flush: () => {} },
    );
  const empty = gzipSync(Buffer.alloc(0));
  const head = ROOT.subarray(0, ROOT.length - END.length);
  const archive = (count: number): Buffer =>
    Buffer.concat([gzipSync(head), ...Array<Buffer>(count).fill(empty), gzipSync(END)]);
  writeFileSync(file, archive(LIMITS.streams - 2));
  t.match(await check(), /^[0-9a-f]{32}$/);
  writeFileSync(file, archive(LIMITS.streams));
  await t.rejects(check(), { message: /more than 1000 compressed streams/ });
});
