/**
 * Makes a new upper layer from an archive. It first checks the whole archive and changes nothing.
 * Then it makes the layer beside the old one, and reads and checks the archive a second time. The
 * layer is used only after all of it is on stable storage.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import type { ArchiveDoor, OpenArchive } from '../../system/archive-door.js';
import type { Reader, System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { copyTree } from '../../tree/copy-tree.js';
import { Descent, isNotEntered } from '../../tree/descent.js';
import type { Accepted, Counts } from './accepted.js';
import { ArchiveError } from './archive-error.js';
import { Checker } from './check-archive.js';
import { overlayMark } from './marks.js';
import { readArchive } from './read-archive.js';
import { LayerWriter } from './unpack-layer.js';

export interface Layering {
  file: string;
  /** The existing layer; null if there is none. */
  upper: string | null;
  /** True to merge the archive into the existing layer; false to replace it. */
  merge: boolean;
  /** The limit for all files of the archive together, in bytes. */
  bytes: number;
  privileged: boolean;
  /** Reads and makes ordinary entries; null to read each entry by itself. */
  ordinary: OpenArchive | null;
}

export interface CheckedArchive {
  counts: Counts;
  /** The parts that are left out, one sentence each. */
  warnings: string[];
  /** Opaque directories, which hide the image's directory of the same name. */
  hidden: ReadonlySet<string>;
  /** A digest of the unpacked archive, to detect a change before the second reading. */
  digest: string;
}

const checkerFor = (
  reader: Reader,
  { upper, merge, bytes, privileged }: Layering,
  door: ArchiveDoor | null,
): Checker =>
  new Checker(
    {
      bytes,
      privileged,
      existing: (path) => (merge && upper !== null ? reader.kind(`${upper}/${path}`) : 'missing'),
    },
    door,
  );

/** Checks all of an archive. @throws {ArchiveError} @throws {SystemError} */
export async function checkArchive(reader: Reader, job: Layering): Promise<CheckedArchive> {
  const door = job.ordinary?.(null, 0) ?? null;
  try {
    const checker = checkerFor(reader, job, door);
    const nothing = { make: () => {}, data: () => {}, complete: () => {}, flush: () => {} };
    const digest = await readArchive(job.file, checker, nothing);
    const { counts, losses, opaque: hidden } = checker;
    return { counts, warnings: losses.sentences, hidden, digest };
  } finally {
    door?.end();
  }
}

/** The bytes of all files in a tree. It goes by descriptor, to any depth. */
export function measure({ tree }: Pick<System, 'tree'>, top: string): number {
  let bytes = 0;
  const way = new Descent(tree, tree.open(top));
  const levels = [tree.entries(way.here, false)];
  try {
    for (let names; (names = levels.at(-1)) !== undefined;) {
      const next = names.next();
      if (next.done === true) {
        levels.pop();
        if (levels.length > 0) way.up();
        continue;
      }
      const { kind, name, size, device } = next.value;
      if (kind === 'file') bytes += size;
      else if (kind === 'directory' && device === way.here.device && isEntered(way, name))
        levels.push(tree.entries(way.here, false));
    }
  } finally {
    for (const names of levels) names.return();
    way.close();
  }
  return bytes;
}

/** false for a directory that is a mountpoint or vanished. @throws {SystemError} */
function isEntered(way: Descent, name: string): boolean {
  try {
    way.down(name);
    return true;
  } catch (error) {
    if (isNotEntered(error)) return false;
    throw error;
  }
}

/** The owner, mode, times and attributes of a layer's root if the archive does not have it. */
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
 * Makes the whole new layer at `next`, which must not exist, and returns when it is on stable
 * storage. After a failure nothing of it is left.
 * @returns the owners and attributes that could not be set, one sentence each.
 */
export async function prepare(
  system: System,
  job: Layering,
  checked: CheckedArchive,
  next: string,
): Promise<string[]> {
  system.mkdir(next, 0o700);
  try {
    if (job.merge && job.upper !== null) copyOld(system, job.upper, next);
    const writer = new LayerWriter(system, next, job.privileged, checked.hidden);
    try {
      await write(system, job, next, { writer, digest: checked.digest });
      writer.end(rootOf(system, job.upper));
    } finally {
      writer.release();
    }
    system.syncfs(next);
    return writer.losses.sentences;
  } catch (error) {
    discard(system, next);
    throw error;
  }
}

function copyOld(system: System, upper: string, next: string): void {
  const [refused] = copyTree(system, upper, next, { closed: true }).refused;
  if (refused !== undefined)
    throw new Error(
      `${refused.path} of the layer that is there could not be copied: ${refused.error}`,
    );
}

/** Reads the archive into the new layer. @param digest its digest at the check. */
async function write(
  system: System,
  job: Layering,
  next: string,
  { writer, digest }: { writer: LayerWriter; digest: string },
): Promise<void> {
  const door = job.ordinary === null ? null : writer.through(job.ordinary);
  const checker = checkerFor(system, { ...job, upper: job.upper === null ? null : next }, door);
  try {
    if ((await readArchive(job.file, checker, writer)) !== digest)
      throw new ArchiveError({ code: 'changed' }, { file: job.file });
  } finally {
    writer.close();
  }
}

/**
 * Removes a partial layer. Errors are ignored, because the caller reports why the layer is partial.
 * The layer is not used, and the next import removes it.
 */
function discard(system: System, path: string): void {
  try {
    system.removeTree(path);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
  }
}
