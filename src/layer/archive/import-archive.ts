/**
 * From an archive to a new upper layer: all of it is checked first, and nothing is touched; then it
 * is made beside the old one, read and checked a second time on the way; and only when all of it is
 * on stable storage does it count.
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync } from 'node:fs';
import { copyTree } from '../../tree/copy-tree.js';
import { codecSentence, type CodecProblem } from '../../ramdisk/codec-problem.js';
import { CompressionError, decompress } from '../../ramdisk/compression.js';
import { methodOf } from '../../ramdisk/method.js';
import { ByteSource } from '../../ramdisk/source.js';
import type { Reader, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { ArchiveError } from './archive-error.js';
import { Checker, type Accepted, type Counts } from './check-archive.js';
import { overlayMark } from './marks.js';
import { readTar, type TarHeader } from './tar-reader.js';
import { LayerWriter } from './unpack-archive.js';
import { printable, utf8 } from '../../text/printable.js';

export interface Layering {
  file: string;
  /** The layer that is there; null where there is none. */
  upper: string | null;
  /** Over what it holds, and not in its place. */
  merge: boolean;
  /** Bytes that the archive's files may have together. */
  bytes: number;
  privileged: boolean;
}

export interface CheckedArchive {
  counts: Counts;
  warnings: string[];
  hidden: ReadonlySet<string>;
  /** Of the archive as it was unpacked: whether it is the same when it is read again. */
  digest: string;
}

const isTar = (block: Buffer): boolean =>
  block.toString('latin1', 257, 262) === 'ustar' ||
  (block.length === 512 && block.every((byte) => byte === 0));

async function* chunksOf(source: ByteSource): AsyncGenerator<Buffer, void> {
  for (let chunk; (chunk = await source.chunk()) !== null;) yield chunk;
}

/** A tar's own bytes; how it is compressed shows by its magic. */
async function* unpacked(source: ByteSource): AsyncGenerator<Buffer, void> {
  const first = await source.peek(512);
  if (first.length === 0) throw new ArchiveError('is empty');
  if (isTar(first)) return yield* chunksOf(source);
  const method = methodOf(first);
  if (method === null)
    throw new ArchiveError('is no tar, nor one that is compressed in a way that is known');
  const complain = (problem: CodecProblem): never => {
    throw new ArchiveError(`is damaged: ${codecSentence(problem)}`);
  };
  // Several streams behind each other are one (RFC 1952), as parallel compressors write them.
  for (let next = first; next.length > 0; next = await source.peek(2)) {
    if (methodOf(next) !== method) throw new ArchiveError('has something behind its end');
    try {
      yield* decompress(method, source, complain);
    } catch (error) {
      throw error instanceof CompressionError
        ? new ArchiveError(
            `cannot be decompressed (${method}): at byte ${error.offset}, ` +
              codecSentence(error.problem),
          )
        : error;
    }
  }
}

/**
 * Reads an archive through. @returns the digest of its bytes. @throws {ArchiveError} whose message
 * begins with the archive's name.
 */
async function read(
  file: string,
  checker: Checker,
  each: { make: (entry: Accepted) => void; data: (bytes: Buffer) => void; complete: () => void },
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
      member(header: TarHeader) {
        const entry = checker.accept(header);
        wanted = entry !== null;
        if (entry !== null) each.make(entry);
      },
      data: (bytes) => wanted && each.data(bytes),
      complete: () => wanted && each.complete(),
    });
    checker.end();
    return hash.digest('hex');
  } catch (error) {
    throw error instanceof ArchiveError
      ? new ArchiveError(`${printable(file)} ${error.message}`)
      : error;
  } finally {
    await source.close();
    await raw.close();
  }
}

const checkerFor = (reader: Reader, { upper, merge, bytes, privileged }: Layering): Checker =>
  new Checker({
    bytes,
    privileged,
    existing: (path) => (merge && upper !== null ? reader.kind(`${upper}/${path}`) : 'missing'),
  });

/** All of an archive, before anything is touched. @throws {ArchiveError} @throws {SystemError} */
export async function checkArchive(reader: Reader, job: Layering): Promise<CheckedArchive> {
  const checker = checkerFor(reader, job);
  const digest = await read(job.file, checker, {
    make: () => {},
    data: () => {},
    complete: () => {},
  });
  return { counts: checker.counts, warnings: checker.warnings, hidden: checker.opaque, digest };
}

/** A name in a tree that could not be copied, and what the files in it need. */
export function measure(reader: Reader, top: string): { odd: string | null; bytes: number } {
  let [odd, bytes]: [string | null, number] = [null, 0];
  const { device } = reader.details(top);
  const below = (place: string): void => {
    for (const name of readdirSync(place, { encoding: 'buffer' })) {
      const text = utf8(name);
      if (text === null) {
        odd ??= `${place}/${printable(name)}`;
        continue;
      }
      const details = reader.details(`${place}/${text}`);
      if (details.kind === 'file') bytes += details.size;
      else if (details.kind === 'directory' && details.device === device) below(`${place}/${text}`);
    }
  };
  below(top);
  return { odd, bytes };
}

/** What a layer's root is like where an archive does not say. */
function rootOf(
  system: System,
  upper: string | null,
): Pick<Accepted, 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'> {
  if (upper === null)
    return {
      mode: 0o755,
      uid: process.getuid?.() ?? 0,
      gid: process.getgid?.() ?? 0,
      mtime: BigInt(Date.now()) * 1_000_000n,
      attributes: new Map(),
    };
  const { mode, uid, gid, mtime } = system.details(upper);
  return {
    mode,
    uid,
    gid,
    mtime,
    attributes: new Map(
      [...system.attributes(upper)].filter(([name]) => overlayMark(name) === null),
    ),
  };
}

export function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Makes the whole new layer at `next`, which must not be there, and returns when it is on stable
 * storage; what fails leaves nothing of it.
 * @returns what of it could not be had, a sentence each.
 */
export async function prepare(
  system: System,
  job: Layering,
  checked: CheckedArchive,
  next: string,
): Promise<string[]> {
  system.mkdir(next, 0o700);
  try {
    if (job.merge && job.upper !== null) {
      const [refused] = copyTree(system, job.upper, next).refused;
      if (refused !== undefined)
        throw new Error(
          `${refused.path} of the layer that is there could not be copied: ${refused.error}`,
        );
      // Only for us until it is complete.
      system.setMode(next, 0o700);
    }
    const writer = new LayerWriter(system, next, job.privileged, checked.hidden);
    try {
      const digest = await read(
        job.file,
        checkerFor(system, { ...job, upper: job.upper === null ? null : next }),
        writer,
      );
      if (digest !== checked.digest)
        throw new ArchiveError(
          `${printable(job.file)} changed between being checked and being read`,
        );
    } finally {
      writer.close();
    }
    writer.end(rootOf(system, job.upper));
    system.syncfs(next);
    return writer.warnings;
  } catch (error) {
    discard(system, next);
    throw error;
  }
}

/**
 * That it cannot be removed is no news beside why it is half made; it counts for nothing, and the
 * next import removes it.
 */
function discard(system: System, path: string): void {
  try {
    system.removeTree(path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}
