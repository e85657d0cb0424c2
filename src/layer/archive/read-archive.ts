import { setImmediate as idle } from 'node:timers/promises';
import type { CodecProblem } from '../../ramdisk/codec-problem.js';
import { CompressionError, decompress } from '../../ramdisk/compression.js';
import { methodOf } from '../../ramdisk/method.js';
import { ByteSource, CHUNK } from '../../ramdisk/source.js';
import type { Accepted } from './accepted.js';
import { ArchiveError, refuseArchive } from './archive-error.js';
import type { Checker } from './check-archive.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { readingDigest } from './reading-digest.js';
import { readTar, type TarSink } from './tar-reader.js';
import { TarWindow } from './tar-window.js';

/** Receives the entries that were accepted, except those that the checker's door makes. */
export interface EntrySink {
  make(entry: Accepted): void;
  /** Content of the last entry, in pieces, which are valid until this returns. */
  data(bytes: Buffer): void;
  /** The last entry has all its content. */
  complete(): void;
  /** Makes all that was accepted, because what others make may be in it. */
  flush(): void;
}

/** A block of a tar: a header, or zeros in an archive without entries. */
const isTar = (block: Buffer): boolean =>
  block.toString('latin1', 257, 262) === 'ustar' ||
  (block.length === 512 && block.every((byte) => byte === 0));

/** The bytes of the tar itself, after decompression. */
async function unpacked(source: ByteSource): Promise<ByteSource> {
  const first = await source.peek(512);
  if (first.length === 0) refuseArchive({ code: 'empty' });
  return isTar(first) ? source : ByteSource.from(decompressed(source, first));
}

async function* decompressed(source: ByteSource, first: Buffer): AsyncGenerator<Buffer, void> {
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

/** So many entries are read one by one before others may be ordinary again. */
const LONGEST_PAUSE = 255;

/** How often the window is filled before others get their turn. */
const FILLS_AT_ONCE = 16;

/**
 * Reads a whole archive, and checks each entry before the sink gets it.
 * @returns a digest of the unpacked archive, for this process. @throws {ArchiveError}
 */
export async function readArchive(
  file: string,
  checker: Checker,
  sink: EntrySink,
): Promise<string> {
  const raw = ByteSource.fromFile(file);
  const read = readingDigest();
  let [tar, fills] = [raw, 0];
  try {
    tar = await unpacked(raw);
    const room = checker.door?.window ?? Buffer.allocUnsafeSlow(CHUNK);
    const window = new TarWindow(room, async (part) => {
      const bytes = await tar.readInto(part);
      read.update(part.subarray(0, bytes));
      // Others get their turn.
      if (++fills % FILLS_AT_ONCE === 0) await idle();
      return bytes;
    });
    await readTar(window, tarSink(window, checker, sink));
    checker.end();
    return read.digest();
  } catch (error) {
    throw error instanceof ArchiveError ? error.at({ file }) : error;
  } finally {
    await tar.close();
    await raw.close();
  }
}

/** Checks what comes. Ordinary entries are checked, and made, by the checker's door. */
function tarSink(window: TarWindow, checker: Checker, sink: EntrySink): TarSink {
  let wanted = false;
  const each: TarSink = {
    member(header) {
      const entry = checker.accept(header);
      wanted = entry !== null;
      if (entry !== null) sink.make(entry);
    },
    data: (bytes) => void (wanted && sink.data(bytes)),
    complete: () => void (wanted && sink.complete()),
  };
  const { door } = checker;
  if (door === null) return each;
  // Entries of other kinds come in rows, and to make each before the next one takes long.
  let [pause, paused] = [0, 0];
  const ordinary = async (headers: number): Promise<number> => {
    if (paused++ < pause) return 0;
    let [taken, members, needsMore] = [0, 0, true];
    sink.flush();
    while (needsMore) {
      const read = door.read(window.begin, window.end, checker.left(headers - taken));
      window.skip(read.taken);
      checker.pass(read);
      taken += read.headers;
      members += read.members;
      needsMore = read.needsMore && (await window.more());
    }
    paused = 0;
    pause = members > 0 ? 0 : Math.min(2 * pause + 1, LONGEST_PAUSE);
    return taken;
  };
  return { ...each, ordinary };
}
