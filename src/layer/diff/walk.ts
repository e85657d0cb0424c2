/**
 * Walks through an upper layer and compares each name in it with the image below. It reads the
 * image only where the upper layer has a file, so its time depends on the number of changes. It
 * keeps in memory only the names of the directories above its place.
 *
 * It follows no symlink and enters no mount: each directory is opened without following links, and
 * its names are reached through the descriptor, even if its path changes meanwhile.
 */
import * as fs from 'node:fs';
import type { Attributes } from './attributes.js';
import { bootReason, mayHoldBootFiles } from './boot-reason.js';
import { compared } from './compare.js';
import {
  addedEntries,
  type DiffEntry,
  type DiffProblem,
  type Kind,
  type NameResult,
  type WalkResult,
} from './diff-entry.js';
import { isGone, openDirectory, whatOf } from './lower-files.js';
import { metadataOf, type Side } from './metadata.js';
import { NONE, isWhiteoutFile, overlayNotes, type Notes } from './notes.js';
import { fileStat, pairsOf, type LayerName, type LayerPair } from './pairs.js';
import {
  MARKED,
  pathIn,
  isFolder,
  isOpened,
  isOurs,
  lastOf,
  through,
  type Found,
  type Frame,
  type Shows,
} from './walk-place.js';
import { UNSEEN, unseenFor, unseen } from './walk-problem.js';
import type { FileStat, LoneFiles } from '../../system/tree-pairs.js';

export type NewerThan = (path: string, upper: Side, lower: Side) => DiffEntry['shadows'];

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

/** jffs2 and UBIFS compute the blocks from the length (include/uapi/linux/magic.h). */
const COUNT_NO_BLOCKS: readonly number[] = [0x72b6, 0x24051905];

/** The notes of a file without attributes. */
const NOTHING: Notes = { ...NONE, names: [] };
const NO_PAIRS: Iterator<LayerName[]> = [].values();

export const walk = (options: WalkOptions): Generator<WalkResult, void> =>
  new Walker(options).run();

class Walker {
  private readonly frames: Frame[] = [];
  private readonly device: number;
  private readonly lowerDevice: number;
  private readonly blocksSayNothing: boolean;
  private readonly wanted: readonly string[];
  /** Inodes of files with several names whose size is already counted. */
  private readonly counted = new Set<number>();

  constructor(private readonly options: WalkOptions) {
    this.wanted = options.wanted ?? [];
    this.device = fs.statSync(Buffer.from(options.upper, 'latin1')).dev;
    this.blocksSayNothing = COUNT_NO_BLOCKS.includes(
      fs.statfsSync(Buffer.from(options.upper, 'latin1')).type >>> 0,
    );
    this.lowerDevice = fs.statSync(Buffer.from(options.lower, 'latin1')).dev;
  }

  *run(): Generator<WalkResult, void> {
    const { upper, lower } = this.options;
    const [stat, below] = [fileStat(`${upper}/.`)!, fileStat(`${lower}/.`)];
    const more = { marked: MARKED, content: null } as const;
    try {
      yield* this.directory({ path: '', at: upper, stat, lower, below, ...more }, true);
      for (let frame; (frame = this.frames.at(-1));) {
        const pair = frame.some[frame.next++] ?? this.nextOf(frame);
        if (pair === null) this.leave(this.frames.pop()!);
        else if ('problem' in pair) yield pair;
        else if ('names' in pair) yield* this.lone(frame, pair);
        else if (isOurs(frame, pair)) continue;
        else {
          const path = pathIn(frame.path, pair.name);
          const standing = this.standing(path);
          if (standing === 'beside') yield null;
          else if (pair.entered) yield this.passed(this.found(frame, path, pair));
          else if (isOpened(pair)) yield* this.folder(frame, path, pair);
          else yield this.name(frame, path, pair, standing);
        }
      }
    } finally {
      for (const frame of this.frames.splice(0)) this.leave(frame);
    }
  }

  private leave({ fd, pairs }: Frame): void {
    pairs.return?.();
    fs.closeSync(fd);
  }

  /** null at the end. After a directory that cannot be read further comes its end. */
  private nextOf(frame: Frame): LayerName | { problem: DiffProblem } | null {
    try {
      for (;;) {
        const next = frame.pairs.next();
        if (next.done === true) return null;
        const [first] = next.value;
        [frame.some, frame.next] = [next.value, 1];
        if (first !== undefined) return first;
      }
    } catch (error) {
      [frame.pairs, frame.some, frame.next] = [NO_PAIRS, [], 0];
      return isGone(error) ? null : unseen(frame.path, error);
    }
  }

  /** Files that only the upper layer has. All paths in their directory were asked for. */
  private *lone(frame: Frame, files: LoneFiles): Generator<WalkResult, void> {
    const added = { ...files, folder: pathIn(frame.path, files.folder) };
    if (!mayHoldBootFiles(added.folder)) return void (yield { added });
    for (const entry of addedEntries(added)) {
      const reason = bootReason(entry);
      yield reason === null ? entry : { ...entry, reason };
    }
  }

  /** Whether a path was asked for, or leads to one that was. */
  private standing(path: string): 'within' | 'above' | 'beside' {
    const { wanted } = this;
    if (
      wanted.length === 0 ||
      wanted.some((each) => each === '' || path === each || path.startsWith(`${each}/`))
    )
      return 'within';
    return path === '' || wanted.some((each) => each.startsWith(`${path}/`)) ? 'above' : 'beside';
  }

  private found(frame: Frame, path: string, pair: LayerPair): Found {
    const { name, upper, lower: below, marked, content, folder } = pair;
    // The walk waits in the directory of a name for whose path somebody asks.
    const isAsked = folder !== null && !pair.entered && (marked.upper || isOpened(pair));
    const within = isAsked ? through(folder(), frame.at) : frame.at;
    return {
      path,
      at: `${within}/${isAsked ? lastOf(name) : name}`,
      marked,
      content,
      lower: frame.lower === null ? null : `${frame.lower}/${name}`,
      stat: upper as FileStat,
      below: below as FileStat | null,
    };
  }

  /** A directory in which the walk goes on by itself. */
  private passed(found: Found): DiffEntry | null {
    return this.directoryEntry(found, this.shows(NOTHING, found, true), NOTHING);
  }

  private *folder(frame: Frame, path: string, pair: LayerPair): Generator<WalkResult, void> {
    try {
      yield* this.directory(this.found(frame, path, pair), frame.merged);
    } catch (error) {
      yield isGone(error) ? null : unseen(path, error);
    }
  }

  private name(
    frame: Frame,
    path: string,
    pair: LayerPair,
    standing: 'within' | 'above',
  ): NameResult {
    const { upper, lower } = pair;
    if (typeof upper === 'string') return unseenFor(path, upper);
    if (typeof lower === 'string') return unseenFor(path, lower);
    if (upper === null) return lower === null ? null : this.entry('deleted', path, null, lower);
    try {
      // The walk goes by itself only into directories where whiteouts have no mark.
      const mayBeMarked = frame.marked && !pair.name.includes('/');
      const told = this.file(this.found(frame, path, pair), mayBeMarked);
      // A file or a whiteout above a requested path means that the path does not exist.
      const counts = told !== null && !('problem' in told) && told.kind !== 'same';
      return standing === 'within' || counts ? told : null;
    } catch (error) {
      return isGone(error) ? null : unseen(path, error);
    }
  }

  /** @param stat in the upper layer. @param below in the image. */
  private entry(
    kind: Kind,
    path: string,
    stat: FileStat | null,
    below: FileStat | null,
  ): DiffEntry {
    const gone = kind === 'deleted' && below !== null;
    const shown = gone ? below : (stat ?? below)!;
    const of = whatOf(shown);
    const entry: DiffEntry = {
      kind,
      path,
      of,
      size: kind === 'stale' ? 0 : shown.size,
      takes: stat === null ? 0 : this.takes(stat, whatOf(stat) === 'file'),
      rom: below === null ? null : { of: whatOf(below), size: below.size },
    };
    const reason = bootReason(entry);
    if (reason !== null) entry.reason = reason;
    return entry;
  }

  private of(kind: Kind, { path, stat, below }: Found, more: Partial<DiffEntry> = {}): DiffEntry {
    return Object.assign(this.entry(kind, path, stat, below), more);
  }

  private takes({ links, inode, blocks }: FileStat, isFile: boolean): number {
    if (links > 1 && isFile) {
      if (this.counted.has(inode)) return 0;
      this.counted.add(inode);
    }
    return blocks * 512;
  }

  /**
   * Compares a directory and enters it. @param merged whether the image shows through its parent
   * directory.
   */
  private *directory(found: Found, merged: boolean): Generator<WalkResult, void> {
    const { path, stat } = found;
    if (stat.device !== this.device)
      return void (yield { problem: { path, error: UNSEEN.mounted } });
    const notes = this.notes(found);
    const shows = this.shows(notes, found, merged);
    const told = this.directoryEntry(found, shows, notes);
    yield this.standing(path) === 'within' ? told : null;
    try {
      this.enter(found, shows, notes.opaque === 'x');
    } catch (error) {
      yield isGone(error) ? null : unseen(path, error);
    }
  }

  private notes({ at, marked }: Found): Notes {
    const { attributes } = this.options;
    return attributes !== null && !marked.upper ? NOTHING : overlayNotes(attributes, at);
  }

  /** @throws as open(2) and readdir(3); the frame of a directory that is open is closed with it. */
  private enter({ path, at }: Found, { lower, merged }: Shows, marked: boolean): void {
    const fd = openDirectory(at);
    const frame: Frame = {
      ...{ path, fd, at: through(fd, at), lower, merged, marked },
      ...{ pairs: NO_PAIRS, some: [], next: 0 },
    };
    this.frames.push(frame);
    if (fs.fstatSync(fd).dev !== this.device) return;
    const wants =
      this.standing(path) === 'within'
        ? null
        : (name: string): boolean => this.standing(pathIn(path, name)) !== 'beside';
    const pairs = pairsOf(
      { ...frame, simple: merged || lower === null },
      {
        readers: this.options.attributes?.pairs ?? null,
        countsBlocks: !this.blocksSayNothing,
        wants,
      },
    );
    frame.pairs = pairs[Symbol.iterator]();
  }

  private shows(notes: Notes, { lower, below }: Found, merged: boolean): Shows {
    if (notes.redirect !== null) {
      const to = this.resolve(notes.redirect, lower);
      if (to !== null && isFolder(fileStat(to)))
        return { lower: to, merged: true, redirected: true };
    }
    if (below === null || !isFolder(below) || below.device !== this.lowerDevice)
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
      if (!isFolder(fileStat((at += `/${parts[index]}`)))) return null;
    return `${top}/${parts.join('/')}`;
  }

  /** A path of the image within it. */
  private within = (lower: string): string =>
    lower.slice(this.options.lower.length).replace(/^\/+/, '');

  private directoryEntry(found: Found, shows: Shows, { opaque, names }: Notes): DiffEntry | null {
    const { at, stat, lower, below, marked } = found;
    if (shows.redirected) return this.of('redirected', found, { from: this.within(shows.lower!) });
    if (below === null) return this.of('added', found);
    if (!isFolder(below)) return this.of('replaced', found);
    const { attributes } = this.options;
    const sides = [
      { path: at, stat, marked: marked.upper },
      { path: lower!, stat: below, marked: marked.lower },
    ] as const;
    const differs = metadataOf(attributes, ...sides, names);
    const more = differs.length > 0 ? { differs } : {};
    if (opaque === 'y') return this.of('opaque', found, more);
    return differs.length > 0 ? this.of('metadata', found, more) : null;
  }

  /** @param marked whether a whiteout may be a file with an attribute. */
  private file(found: Found, mayBeMarked: boolean): NameResult {
    const { path, at, stat, below, lower, marked, content } = found;
    const { attributes } = this.options;
    const side = { path: at, stat, marked: marked.upper };
    if (isWhiteoutFile(attributes, side, mayBeMarked))
      return this.of(below === null ? 'stale' : 'deleted', found);
    const what = whatOf(stat);
    const notes = what === 'file' && this.mayBeEmpty(stat) ? this.notes(found) : NONE;
    if (notes.metacopy) return this.metacopy(found, notes);
    if (below === null) return this.of('added', found);
    if (whatOf(below) !== what) return this.of('replaced', found);
    const { newer } = this.options;
    const under = { path: lower!, stat: below, marked: marked.lower };
    const told = compared({ upper: side, lower: under, content }, attributes, notes.names);
    if (told === null) return null;
    const entry = this.of(told.kind, found);
    if (told.differs.length > 0) entry.differs = told.differs;
    const shadows =
      told.kind === 'changed' && what === 'file' ? newer?.(path, side, under) : undefined;
    if (shadows) entry.shadows = shadows;
    return entry;
  }

  /** A file with only its metadata in the upper layer. */
  private metacopy(found: Found, { redirect, names }: Notes): DiffEntry {
    const { at, stat, lower } = found;
    const to = redirect === null ? lower : this.resolve(redirect, lower);
    const data = to === null ? null : fileStat(to);
    const [upper, marked] = [{ path: at, stat, marked: found.marked.upper }, true];
    const differs =
      data === null
        ? []
        : metadataOf(this.options.attributes, upper, { path: to!, stat: data, marked }, names);
    return this.of('metacopy', found, {
      ...(differs.length > 0 && { differs }),
      ...(redirect !== null && to !== null && { from: this.within(to) }),
    });
  }

  /**
   * A metacopy has the length of its file, and no content. Reading attributes costs more than all
   * other work on a file, so we read them only if blocks are missing or not counted.
   */
  private mayBeEmpty({ size, blocks }: FileStat): boolean {
    return size > 0 && (this.blocksSayNothing || blocks * 512 < size);
  }
}

/** The directory of a name without a path. */
const beside = (lower: string | null, parts: readonly string[]): string | null =>
  lower === null || parts.length > 1 ? null : lower.slice(0, lower.lastIndexOf('/'));
