/** gzip through Node's own zlib, so that a board without the other libraries has at least this. */
import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import {
  constants,
  crc32,
  createInflateRaw,
  deflateRaw,
  inflateRawSync,
  type InflateRaw,
  type ZlibOptions,
} from 'node:zlib';
import { atOnce } from './at-once.js';
import type { Codec, Warn } from './codec.js';
import { failing } from './codec-error.js';
import { ByteSource, CHUNK } from './source.js';

const HEADER = 10;
const DEFLATE = 8;
/** Flag of the header: the file's name follows. */
const NAME = 0x08;
/** The possible error of an error's offset: zlib does not say how much of its input it has used. */
const PIECE = 16 * 1024;

const fail: ReturnType<typeof failing> = failing('gzip');

/**
 * Consumes the header as the kernel does (lib/decompress_inflate.c). Several fields may follow ten
 * bytes. The kernel knows only the name among them.
 * @returns whether there are fields that the kernel takes for data.
 */
async function skipHeader(source: ByteSource): Promise<boolean> {
  const at = source.offset;
  const header = await source.peek(HEADER);
  if (header.length < HEADER || header[0] !== 0x1f || header[1] !== 0x8b || header[2] !== DEFLATE)
    fail(at, { code: 'gzip-header' }, 'Not a gzip file');
  await source.read(HEADER);
  const flags = header[3]!;
  for (let searching = (flags & NAME) !== 0; searching;) {
    const chunk = await source.chunk();
    if (chunk === null) return fail(source.offset, { code: 'gzip-name-endless' }, 'header error');
    const end = chunk.indexOf(0);
    if (end >= 0) source.unread(chunk.subarray(end + 1));
    searching = end < 0;
  }
  return (flags & ~(NAME | 1)) !== 0;
}

/**
 * Writes a piece and waits until zlib is done with it and its output has been fetched. It stops
 * waiting when the stream is destroyed, because Node then no longer calls back.
 */
function writer(stream: Transform): (piece: Buffer) => Promise<void> {
  let done = (): void => {};
  stream.once('close', () => done());
  return (piece) =>
    new Promise((resolve) => {
      done = resolve;
      if (stream.destroyed) resolve();
      else stream.write(piece, () => resolve());
    });
}

/**
 * A stream that ends in the next piece, at once; null if it is longer, or damaged. A ramdisk may
 * have thousands of small parts, and a stream of Node's for each of them takes long.
 */
async function small(source: ByteSource): Promise<Buffer | null> {
  const piece = await source.peek(PIECE);
  try {
    const options = { info: true, maxOutputLength: CHUNK } as const;
    const { buffer, engine } = inflateRawSync(piece, options) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    await source.read(engine.bytesWritten);
    return buffer;
  } catch {
    return null;
  }
}

async function* decompress(source: ByteSource, warn: Warn): AsyncGenerator<Buffer, void> {
  const start = source.offset;
  const fields = await skipHeader(source);
  const whole = await small(source);
  if (whole !== null) {
    if (whole.length > 0) yield whole;
    return checkTrailer(source, warn, { start, checksum: crc32(whole), length: whole.length });
  }
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  const write = writer(inflate);
  let fed = 0;
  // We may have to give these pieces back: the stream ends within one piece, and another may be
  // written before zlib reports the end.
  let recent: Buffer[] = [];
  const given = (): number => recent.reduce((sum, { length }) => sum + length, 0);
  let reading: Promise<void> | undefined;
  const feed = async (): Promise<void> => {
    while (!inflate.readableEnded && !inflate.destroyed) {
      const piece = await source.chunk(PIECE);
      if (piece === null) return void inflate.end();
      if (inflate.readableEnded || inflate.destroyed) return source.unread(piece);
      recent.push(piece);
      fed += piece.length;
      await write(piece);
      while (recent.length > 0 && given() - recent[0]!.length >= fed - inflate.bytesWritten)
        recent = recent.slice(1);
    }
  };
  let checksum = 0;
  let length = 0;
  try {
    reading = feed().catch((error: Error) => void inflate.destroy(error));
    for await (const output of inflate as AsyncIterable<Buffer>) {
      checksum = crc32(output, checksum);
      length += output.length;
      yield output;
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'Z_BUF_ERROR') fail(source.offset, { code: 'cut-short' }, 'read error');
    if (code?.startsWith('Z_'))
      fail(
        source.offset - given(),
        { code: 'gzip-damaged', kibibytes: PIECE / 1024, fields },
        'uncompression error',
      );
    throw error;
  } finally {
    inflate.destroy();
    await reading;
    source.unread(Buffer.concat(recent).subarray(given() - (fed - inflate.bytesWritten)));
  }
  await checkTrailer(source, warn, { start, checksum, length });
}

/** Compares the trailer with the data. The kernel skips it unread, even if it is missing. */
async function checkTrailer(
  source: ByteSource,
  warn: Warn,
  { start, checksum, length }: { start: number; checksum: number; length: number },
): Promise<void> {
  const bytes = await source.read(8);
  if (bytes.length < 8) fail(source.offset, { code: 'gzip-trailer-cut' }, null);
  const wrong = [
    ...(bytes.readUInt32LE(0) === checksum ? [] : ['checksum']),
    ...(bytes.readUInt32LE(4) === length % 2 ** 32 ? [] : ['length']),
  ];
  const to = source.offset;
  if (wrong.length > 0) warn({ code: 'gzip-trailer-differs', from: start, to, wrong });
}

/** What is compressed at once, and how much before it may be referred to. */
const BLOCK = 256 * 1024;
const WINDOW = 32 * 1024;

interface Piece {
  bytes: Buffer;
  /** The last bytes before it. */
  before: Buffer;
  last: boolean;
}

async function* piecesOf(source: AsyncIterable<Buffer>): AsyncGenerator<Piece, void> {
  const all = ByteSource.from(source);
  try {
    let before: Buffer = Buffer.alloc(0);
    let bytes = await all.read(BLOCK);
    for (let last = false; !last;) {
      const next = await all.read(BLOCK);
      last = next.length === 0;
      yield { bytes, before, last };
      [before, bytes] = [bytes.subarray(-WINDOW), next];
    }
  } finally {
    await all.close();
  }
}

const deflate = promisify(deflateRaw) as (bytes: Buffer, options: ZlibOptions) => Promise<Buffer>;

/** A piece of one stream of deflate: all but the last end at a whole byte, and go on. */
const packed = ({ bytes, before, last }: Piece): Promise<Buffer> =>
  deflate(bytes, {
    level: constants.Z_BEST_COMPRESSION,
    memLevel: 9,
    finishFlush: last ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(before.length > 0 && { dictionary: before }),
  });

/**
 * Writes a header without name, time or (unlike zlib's own) operating system. So the same data give
 * the same bytes with the same version of zlib on the same processor. Several pieces of one stream
 * are compressed at once, as pigz does it.
 */
async function* compress(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let checksum = 0;
  let length = 0;
  async function* counted(): AsyncGenerator<Piece, void> {
    for await (const piece of piecesOf(source)) {
      checksum = crc32(piece.bytes, checksum);
      length += piece.bytes.length;
      yield piece;
    }
  }
  // XFL 2: the slowest, for the best compression. OS 3: Unix.
  yield Buffer.from([0x1f, 0x8b, DEFLATE, 0, 0, 0, 0, 0, 2, 3]);
  yield* atOnce(counted(), packed);
  const end = Buffer.alloc(8);
  end.writeUInt32LE(checksum, 0);
  end.writeUInt32LE(length % 2 ** 32, 4);
  yield end;
}

export const gzip: Codec = { compress, decompress };
