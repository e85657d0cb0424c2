/**
 * Walks through an upper layer and compares each name in it with the image below. It reads the
 * image only where the upper layer has a file, so its time depends on the number of changes. It
 * keeps in memory only the names of the directories above its place.
 *
 * It follows no symlink and enters no mount: each directory is opened without following links, and
 * its names are reached through the descriptor, even if its path changes meanwhile.
 */
import * as fs from 'node:fs';
import { META, STATE_LINK } from '../../facts/places.js';
import type { Attributes } from './attributes.js';
import { compared } from './compare.js';
import type { DiffEntry, DiffProblem, Kind, WalkResult } from './diff-entry.js';
import { codeOf, isGone, statOrNull, namesIn, openDirectory, whatOf } from './lower-files.js';
import { metadataOf } from './metadata.js';
import { NONE, isWhiteoutFile, overlayNotes, type Notes } from './notes.js';
import { keyed } from '../../text/keyed.js';

/** @param stat of the image's file. */
export type NewerThan = (
  path: string,
  upper: string,
  lower: string,
  stat: fs.Stats,
) => DiffEntry['shadows'];

export interface WalkOptions {
  /** The directories of the two layers; paths have one character for each byte. */
  upper: string;
  lower: string;
  /** null if extended attributes cannot be read. */
  attributes: Attributes | null;
  /** The paths to compare, without a leading slash; all paths if the list is empty. */
  wanted?: readonly string[];
  /** Whether the image's file is newer than the one from which the upper file was made. */
  newer?: NewerThan;
}

/** The directory of the image to compare with one of the upper layer. */
interface Shows {
  /** Its path; null if there is none. */
  lower: string | null;
  /** Whether its names show through. */
  merged: boolean;
  redirected: boolean;
}

/** A directory on the walk's current path. */
interface Frame extends Omit<Shows, 'redirected'> {
  path: string;
  fd: number;
  /** The path that leads to its names. */
  at: string;
  /** Whether whiteouts may be files with an attribute here (since 6.7). */
  marked: boolean;
  names: string[];
  /** Names that only the image has, in a directory that hides them. */
  hidden: Set<string>;
  next: number;
}

/** The current name of the walk, in both layers. */
interface Found {
  /** Within the layers. */
  path: string;
  /** Its path in the upper layer. */
  at: string;
  stat: fs.Stats;
  /** Its path in the image, even if nothing is there; null if the image cannot have it. */
  lower: string | null;
  /** The file of the image at that path. */
  below: fs.Stats | null;
}

/** jffs2 and UBIFS compute the blocks from the length (include/uapi/linux/magic.h). */
const COUNT_NO_BLOCKS: readonly number[] = [0x72b6, 0x24051905];

const inside = (folder: string, name: string): string =>
  folder === '' ? name : `${folder}/${name}`;

/** Without /proc, on a workstation that is not Linux, names are reached by path. */
const DESCRIPTORS = fs.existsSync('/proc/self/fd');
const through = (fd: number, path: string): string => (DESCRIPTORS ? `/proc/self/fd/${fd}` : path);

export function* walk(options: WalkOptions): Generator<WalkResult, void> {
  const walker = new Walker(options);
  try {
    yield* walker.run();
  } finally {
    walker.close();
  }
}

class Walker {
  private readonly frames: Frame[] = [];
  private readonly device: number;
  private readonly lowerDevice: number;
  private readonly blocksSayNothing: boolean;
  /** Inodes of files with several names whose size is already counted. */
  private readonly counted = new Set<number>();

  constructor(private readonly options: WalkOptions) {
    this.device = fs.statSync(Buffer.from(options.upper, 'latin1')).dev;
    this.blocksSayNothing = COUNT_NO_BLOCKS.includes(
      fs.statfsSync(Buffer.from(options.upper, 'latin1')).type >>> 0,
    );
    this.lowerDevice = fs.statSync(Buffer.from(options.lower, 'latin1')).dev;
  }

  close(): void {
    for (const { fd } of this.frames.splice(0)) fs.closeSync(fd);
  }

  *run(): Generator<WalkResult, void> {
    const { upper, lower } = this.options;
    const [stat, below] = [statOrNull(`${upper}/.`)!, statOrNull(`${lower}/.`)];
    yield* this.directory({ path: '', at: upper, stat, lower, below }, true);
    for (let frame; (frame = this.frames.at(-1));) {
      const name = frame.names[frame.next++];
      if (name === undefined) {
        fs.closeSync(frame.fd);
        this.frames.pop();
        continue;
      }
      const path = inside(frame.path, name);
      const standing = this.standing(path);
      if (standing === 'beside') yield null;
      else yield* this.name(frame, name, standing);
    }
  }

  /** Whether a path was asked for, or leads to one that was. */
  private standing(path: string): 'within' | 'above' | 'beside' {
    const { wanted = [] } = this.options;
    if (
      wanted.length === 0 ||
      wanted.some((each) => each === '' || path === each || path.startsWith(`${each}/`))
    )
      return 'within';
    return path === '' || wanted.some((each) => each.startsWith(`${path}/`)) ? 'above' : 'beside';
  }

  private *name(
    frame: Frame,
    name: string,
    standing: 'within' | 'above',
  ): Generator<WalkResult, void> {
    const path = inside(frame.path, name);
    try {
      const lower = frame.lower === null ? null : `${frame.lower}/${name}`;
      const below = lower === null ? null : statOrNull(lower);
      // A hidden name needs no lstat(2) in the upper layer.
      if (frame.hidden.has(name))
        return void (yield below === null ? null : this.entry('deleted', path, null, below));
      const at = `${frame.at}/${name}`;
      const stat = statOrNull(at);
      if (stat === null) return void (yield null);
      const found = { path, at, stat, lower, below };
      if (stat.isDirectory()) return yield* this.directory(found, frame.merged);
      const told = this.file(found, frame.marked);
      // A file or a whiteout above a requested path means that the path does not exist.
      const counts = told !== null && !('problem' in told) && told.kind !== 'same';
      yield standing === 'within' || counts ? told : null;
    } catch (error) {
      yield isGone(error) ? null : problem(path, error);
    }
  }

  /** @param stat in the upper layer. @param below in the image. */
  private entry(
    kind: Kind,
    path: string,
    stat: fs.Stats | null,
    below: fs.Stats | null,
  ): DiffEntry {
    const gone = kind === 'deleted' && below !== null;
    const shown = gone ? below : (stat ?? below)!;
    return {
      kind,
      path,
      of: whatOf(shown),
      size: kind === 'stale' ? 0 : shown.size,
      takes: stat === null ? 0 : this.takes(stat),
      rom: below === null ? null : { of: whatOf(below), size: below.size },
    };
  }

  private of(kind: Kind, { path, stat, below }: Found, more: Partial<DiffEntry> = {}): DiffEntry {
    return { ...this.entry(kind, path, stat, below), ...more };
  }

  private takes({ nlink, ino, blocks, rdev, mode }: fs.Stats): number {
    const several =
      nlink > 1 && (mode & fs.constants.S_IFMT) === fs.constants.S_IFREG && rdev === 0;
    if (several && this.counted.has(ino)) return 0;
    if (several) this.counted.add(ino);
    return blocks * 512;
  }

  /**
   * Compares a directory and enters it. @param merged whether the image shows through its parent
   * directory.
   */
  private *directory(found: Found, merged: boolean): Generator<WalkResult, void> {
    const { path, at, stat } = found;
    if (stat.dev !== this.device)
      return void (yield { problem: { path, error: PROBLEMS.mounted } });
    const notes = overlayNotes(this.options.attributes, at);
    const shows = this.shows(notes, found, merged);
    const told = this.directoryEntry(found, shows, notes);
    yield this.standing(path) === 'within' ? told : null;
    try {
      this.enter(found, shows, notes.opaque === 'x');
    } catch (error) {
      yield isGone(error) ? null : problem(path, error);
    }
  }

  /** @throws as open(2) and readdir(3); the frame of a directory that is open is closed with it. */
  private enter({ path, at }: Found, { lower, merged }: Shows, marked: boolean): void {
    const fd = openDirectory(at);
    const frame: Frame = {
      ...{ path, fd, at: through(fd, at), lower, merged, marked },
      ...{ names: [], hidden: new Set(), next: 0 },
    };
    this.frames.push(frame);
    if (fs.fstatSync(fd).dev !== this.device) return;
    frame.names = namesIn(frame.at);
    // The upper layer of the out-of-tree overlayfs is the root of the data volume, which has our
    // own records too.
    if (path === '' && frame.names.includes(META))
      frame.names = frame.names.filter((name) => name !== META && name !== STATE_LINK);
    if (lower !== null && !merged) this.addHidden(frame, lower);
  }

  private addHidden(frame: Frame, lower: string): void {
    const there = new Set(frame.names);
    for (const name of namesIn(lower)) if (!there.has(name)) frame.hidden.add(name);
    frame.names = [...frame.names, ...frame.hidden].sort();
  }

  private shows(notes: Notes, { lower, below }: Found, merged: boolean): Shows {
    if (notes.redirect !== null) {
      const to = this.resolve(notes.redirect, lower);
      if (to !== null && statOrNull(to)?.isDirectory())
        return { lower: to, merged: true, redirected: true };
    }
    if (below === null || !below.isDirectory() || below.dev !== this.lowerDevice)
      return { lower: null, merged: false, redirected: false };
    return { lower, merged: merged && notes.opaque !== 'y', redirected: false };
  }

  /**
   * The path of the image that a redirect names: from the image's top, or in the same directory. As
   * overlay requires, the path leads only through directories. null for any other redirect.
   */
  private resolve(redirect: string, lower: string | null): string | null {
    const parts = redirect.split('/').filter((part) => part !== '');
    if (parts.length === 0 || parts.some((part) => part === '.' || part === '..')) return null;
    const top = redirect.startsWith('/') ? this.options.lower : beside(lower, parts);
    if (top === null) return null;
    for (let at = top, index = 0; index < parts.length - 1; index++)
      if (!statOrNull((at += `/${parts[index]}`))?.isDirectory()) return null;
    return `${top}/${parts.join('/')}`;
  }

  /** A path of the image within it. */
  private within = (lower: string): string =>
    lower.slice(this.options.lower.length).replace(/^\/+/, '');

  private directoryEntry(found: Found, shows: Shows, { opaque, names }: Notes): DiffEntry | null {
    const { at, stat, lower, below } = found;
    if (shows.redirected) return this.of('redirected', found, { from: this.within(shows.lower!) });
    if (below === null) return this.of('added', found);
    if (!below.isDirectory()) return this.of('replaced', found);
    const { attributes } = this.options;
    const sides = [
      { path: at, stat },
      { path: lower!, stat: below },
    ] as const;
    const differs = metadataOf(attributes, ...sides, names);
    const more = differs.length > 0 ? { differs } : {};
    if (opaque === 'y') return this.of('opaque', found, more);
    return differs.length > 0 ? this.of('metadata', found, more) : null;
  }

  /** @param marked whether a whiteout may be a file with an attribute. */
  private file(found: Found, marked: boolean): WalkResult {
    const { path, at, stat, below, lower } = found;
    const { attributes } = this.options;
    if (isWhiteoutFile(attributes, at, stat, marked))
      return this.of(below === null ? 'stale' : 'deleted', found);
    const what = whatOf(stat);
    const notes = what === 'file' && this.mayBeEmpty(stat) ? overlayNotes(attributes, at) : NONE;
    if (notes.metacopy) return this.metacopy(found, notes);
    if (below === null) return this.of('added', found);
    if (whatOf(below) !== what) return this.of('replaced', found);
    const { newer } = this.options;
    const sides = { upper: { path: at, stat }, lower: { path: lower!, stat: below } };
    const told = compared(sides, attributes, notes.names);
    if (told === null) return null;
    const shadows =
      told.kind === 'changed' && stat.isFile() ? newer?.(path, at, lower!, below) : undefined;
    return this.of(told.kind, found, {
      ...(told.differs.length > 0 && { differs: told.differs }),
      ...(shadows && { shadows }),
    });
  }

  /** A file with only its metadata in the upper layer. */
  private metacopy(found: Found, { redirect, names }: Notes): DiffEntry {
    const { at, stat, lower } = found;
    const to = redirect === null ? lower : this.resolve(redirect, lower);
    const data = to === null ? null : statOrNull(to);
    const differs =
      data === null
        ? []
        : metadataOf(this.options.attributes, { path: at, stat }, { path: to!, stat: data }, names);
    return this.of('metacopy', found, {
      ...(differs.length > 0 && { differs }),
      ...(redirect !== null && to !== null && { from: this.within(to) }),
    });
  }

  /**
   * A metacopy has the length of its file, and no content. Reading attributes costs more than all
   * other work on a file, so we read them only if blocks are missing or not counted.
   */
  private mayBeEmpty({ size, blocks }: fs.Stats): boolean {
    return size > 0 && (this.blocksSayNothing || blocks * 512 < size);
  }
}

/** The directory of a name without a path. */
const beside = (lower: string | null, parts: readonly string[]): string | null =>
  lower === null || parts.length > 1 ? null : lower.slice(0, lower.lastIndexOf('/'));

const PROBLEMS = {
  mounted: 'something is mounted there, and it is not looked into',
  denied: 'it cannot be read without being root',
  symlink: 'it became a symlink meanwhile',
} as const;

/** Errors of reading a name that have their own sentence. */
const BY_ERRNO: Record<string, string> = keyed({
  EACCES: PROBLEMS.denied,
  EPERM: PROBLEMS.denied,
  ELOOP: PROBLEMS.symlink,
});

const problem = (path: string, error: unknown): { problem: DiffProblem } => ({
  problem: {
    path,
    error: BY_ERRNO[codeOf(error)] ?? `it cannot be looked at: ${(error as Error).message}`,
  },
});
