/** gzip through Node's own zlib, so that a board without the other libraries has at least this. */
import type { Transform } from 'node:stream';
import { constants, crc32, createDeflateRaw, createInflateRaw } from 'node:zlib';
import { CompressionError, type Warn } from './codec-error.js';
import { CHUNK, type ByteSource } from './source.js';

const HEADER = 10;
const DEFLATE = 8;
/** Flag of the header: the file's name follows. */
const NAME = 0x08;
/** What an error can be off by: zlib does not say how far it came in the input it was given. */
const PIECE = 16 * 1024;

/**
 * Consumes the header as the kernel does (lib/decompress_inflate.c): of what may follow the ten
 * bytes it knows only the name.
 */
async function skipHeader(source: ByteSource): Promise<string> {
  const at = source.offset;
  const header = await source.peek(HEADER);
  if (header.length < HEADER || header[0] !== 0x1f || header[1] !== 0x8b || header[2] !== DEFLATE)
    throw new CompressionError(
      'gzip',
      at,
      'this is no gzip header with method deflate',
      'Not a gzip file',
    );
  await source.read(HEADER);
  const flags = header[3]!;
  for (let searching = (flags & NAME) !== 0; searching;) {
    const chunk = await source.chunk();
    if (chunk === null)
      throw new CompressionError(
        'gzip',
        source.offset,
        'the file name in its header does not end',
        'header error',
      );
    const end = chunk.indexOf(0);
    if (end >= 0) source.unread(chunk.subarray(end + 1));
    searching = end < 0;
  }
  return (flags & ~(NAME | 1)) === 0
    ? ''
    : ', or its header has fields besides a file name, which the kernel takes for data: compress it with `gzip -n`';
}

/**
 * Writes a piece and waits until zlib has done with it and what came of it has been fetched, or
 * until nobody wants it any more: of a write that goes on then, Node tells nothing.
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

/** @throws {CompressionError} */
export async function* decompressGzip(
  source: ByteSource,
  warn: Warn,
): AsyncGenerator<Buffer, void> {
  const start = source.offset;
  const perhaps = await skipHeader(source);
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  const write = writer(inflate);
  let fed = 0;
  // What may have to be given back: the stream ends within one piece, and another may have been
  // written before its end is told.
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
    if (code === 'Z_BUF_ERROR')
      throw new CompressionError(
        'gzip',
        source.offset,
        'the data end before the stream does',
        'read error',
      );
    if (code?.startsWith('Z_'))
      throw new CompressionError(
        'gzip',
        source.offset - given(),
        `the data here, or in the next ${PIECE / 1024} KiB, are damaged${perhaps}`,
        'uncompression error',
      );
    throw error;
  } finally {
    inflate.destroy();
    await reading;
    source.unread(Buffer.concat(recent).subarray(given() - (fed - inflate.bytesWritten)));
  }
  await trailer(source, start, checksum, length, warn);
}

/** The kernel skips the trailer unread, even where there is none left to skip. */
async function trailer(
  source: ByteSource,
  start: number,
  checksum: number,
  length: number,
  warn: Warn,
): Promise<void> {
  const at = source.offset;
  const bytes = await source.read(8);
  if (bytes.length < 8)
    throw new CompressionError(
      'gzip',
      source.offset,
      'the data end within the eight bytes that close the stream; the kernel would not notice, and read on in the memory behind the archive',
      null,
    );
  const wrong = [
    ...(bytes.readUInt32LE(0) === checksum ? [] : ['checksum']),
    ...(bytes.readUInt32LE(4) === length % 2 ** 32 ? [] : ['length']),
  ];
  if (wrong.length > 0)
    warn(
      `the gzip stream from byte ${start} to ${at + 8} has another ${wrong.join(' and another ')} than its trailer says, so it is probably damaged; the kernel does not look at it`,
    );
}

/**
 * The header has neither a name nor a time nor, unlike zlib's own, a mark of the system: the same
 * data give the same bytes, as far as zlib's version and the processor are the same.
 */
export async function* compressGzip(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  const deflate = createDeflateRaw({
    level: constants.Z_BEST_COMPRESSION,
    memLevel: 9,
    chunkSize: CHUNK,
  });
  const write = writer(deflate);
  let checksum = 0;
  let length = 0;
  const feed = async (): Promise<void> => {
    for await (const chunk of source) {
      if (deflate.destroyed) return;
      checksum = crc32(chunk, checksum);
      length += chunk.length;
      await write(chunk);
    }
    deflate.end();
  };
  const writing = feed().catch((error: Error) => void deflate.destroy(error));
  try {
    // XFL 2: the slowest, for the best compression. OS 3: Unix.
    yield Buffer.from([0x1f, 0x8b, DEFLATE, 0, 0, 0, 0, 0, 2, 3]);
    yield* deflate as AsyncIterable<Buffer>;
    const end = Buffer.alloc(8);
    end.writeUInt32LE(checksum, 0);
    end.writeUInt32LE(length % 2 ** 32, 4);
    yield end;
  } finally {
    deflate.destroy();
    await writing;
  }
}
