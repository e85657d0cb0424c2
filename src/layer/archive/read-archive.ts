import { createHash } from 'node:crypto';
import type { CodecProblem } from '../../ramdisk/codec-problem.js';
import { CompressionError, decompress } from '../../ramdisk/compression.js';
import { methodOf } from '../../ramdisk/method.js';
import { ByteSource } from '../../ramdisk/source.js';
import type { Accepted } from './accepted.js';
import { ArchiveError, refuseArchive } from './archive-error.js';
import type { Checker } from './check-archive.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { readTar } from './tar-reader.js';

/** Receives the entries that were accepted. */
export interface EntrySink {
  make(entry: Accepted): void;
  /** Content of the last entry, in pieces. */
  data(bytes: Buffer): void;
  /** The last entry has all its content. */
  complete(): void;
}

/** A block of a tar: a header, or zeros in an archive without entries. */
const isTar = (block: Buffer): boolean =>
  block.toString('latin1', 257, 262) === 'ustar' ||
  (block.length === 512 && block.every((byte) => byte === 0));

async function* chunksOf(source: ByteSource): AsyncGenerator<Buffer, void> {
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}

/** The bytes of the tar itself, after decompression. */
async function* unpacked(source: ByteSource): AsyncGenerator<Buffer, void> {
  const first = await source.peek(512);
  if (first.length === 0) refuseArchive({ code: 'empty' });
  if (isTar(first)) return yield* chunksOf(source);
  const method = methodOf(first);
  if (method === null) return refuseArchive({ code: 'unknown-format' });
  const damaged = (codec: CodecProblem): never => refuseArchive({ code: 'stream-damaged', codec });
  // Several streams in a row count as one (RFC 1952). Parallel compressors write them.
  let [streams, bytes] = [0, 0];
  for (let next = first; next.length > 0; next = await source.peek(2)) {
    if (methodOf(next) !== method) refuseArchive({ code: 'behind-end' });
    if (++streams > LIMITS.streams && bytes < streams * LIMITS.streamBytes)
      refuseArchive({ code: 'too-many-streams' });
    try {
      for await (const chunk of decompress(method, source, damaged)) {
        bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof CompressionError)) throw error;
      const { offset, problem: codec } = error;
      refuseArchive({ code: 'stream-refused', method, offset, codec });
    }
  }
}

/**
 * Reads a whole archive, and checks each entry before the sink gets it.
 * @returns a digest of the unpacked archive. @throws {ArchiveError}
 */
export async function readArchive(
  file: string,
  checker: Checker,
  sink: EntrySink,
): Promise<string> {
  const raw = ByteSource.fromFile(file);
  const hash = createHash('sha256');
  async function* hashed(): AsyncGenerator<Buffer, void> {
    for await (const chunk of unpacked(raw)) {
      hash.update(chunk);
      yield chunk;
    }
  }
  const source = ByteSource.from(hashed());
  let wanted = false;
  try {
    await readTar(source, {
      member(header) {
        const entry = checker.accept(header);
        wanted = entry !== null;
        if (entry !== null) sink.make(entry);
      },
      data: (bytes) => wanted && sink.data(bytes),
      complete: () => wanted && sink.complete(),
    });
    checker.end();
    return hash.digest('hex');
  } catch (error) {
    throw error instanceof ArchiveError ? error.at({ file }) : error;
  } finally {
    await source.close();
    await raw.close();
  }
}
