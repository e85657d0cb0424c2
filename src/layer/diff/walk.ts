/**
 * Walks through an upper layer and tells what each name in it is to the image below. What is in the
 * image is looked at only where the upper layer has something, so the walk is as long as what was
 * changed. It holds no more than the names of the directories that it is in.
 *
 * No symlink is followed and no mount walked into: each directory is opened as what it is and its
 * names are reached through the descriptor, whatever becomes of its path.
 */
import * as fs from 'node:fs';
import { META, STATE_LINK } from '../../facts/places.js';
import type { Attributes } from './attributes.js';
import type { DiffEntry, Kind, DiffProblem, WalkResult } from './diff-entry.js';
import {
  codeOf,
  isGone,
  statOrNull,
  namesIn,
  openDirectory,
  readLink,
  sameContent,
  whatOf,
} from './lower-files.js';
import { metadataOf, type Side } from './metadata.js';
import { NONE, isWhiteoutFile, overlayNotes, type Notes } from './notes.js';

export interface WalkOptions {
  /** The directories of the two layers, one character a byte. */
  upper: string;
  lower: string;
  /** null: they cannot be read here. */
  attributes: Attributes | null;
  /** Paths within that it is about, without a leading slash; all where there is none. */
  wanted?: readonly string[];
  /** Whether the image's file is a newer one than that which this was made from. */
  newer?: (path: string, upper: string, lower: string, stat: fs.Stats) => DiffEntry['shadows'];
}

/** A directory that the walk is in. */
interface Frame {
  path: string;
  fd: number;
  /** By which its names are reached. */
  at: string;
  /** The image's directory that it is compared with; null where it has none. */
  lower: string | null;
  /** The image's shows through. */
  merged: boolean;
  /** Whiteouts may be files with an attribute here (since 6.7). */
  marked: boolean;
  names: string[];
  /** Of these those that only the image has, in a directory through which it does not show. */
  hidden: Set<string>;
  next: number;
}

/** jffs2 and UBIFS reckon the blocks from the length (include/uapi/linux/magic.h). */
const COUNT_NO_BLOCKS: readonly number[] = [0x72b6, 0x24051905];

const inside = (folder: string, name: string): string =>
  folder === '' ? name : `${folder}/${name}`;

/** By path, where there is no /proc: on a workstation that is no Linux. */
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
  /** Files of several names that were counted; whiteouts are not among them. */
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
    yield* this.directory(
      '',
      upper,
      statOrNull(`${upper}/.`)!,
      statOrNull(`${lower}/.`),
      lower,
      true,
    );
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
      else yield* this.name(frame, name, path, standing);
    }
  }

  /** What a path is to those that were asked for. */
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
    path: string,
    standing: 'within' | 'above',
  ): Generator<WalkResult, void> {
    try {
      const lower = frame.lower === null ? null : `${frame.lower}/${name}`;
      const below = lower === null ? null : statOrNull(lower);
      // Without a stat of its own in the upper layer.
      if (frame.hidden.has(name))
        return void (yield below === null ? null : this.entry('deleted', path, null, below));
      const stat = statOrNull(`${frame.at}/${name}`);
      if (stat === null) return void (yield null);
      if (stat.isDirectory())
        return yield* this.directory(path, `${frame.at}/${name}`, stat, below, lower, frame.merged);
      const told = this.file(frame, path, name, stat, below, lower);
      // Above what was asked for it means that nothing is there.
      yield standing === 'within' || (told !== null && !('problem' in told) && told.kind !== 'same')
        ? told
        : null;
    } catch (error) {
      yield isGone(error) ? null : this.problem(path, error);
    }
  }

  private problem(path: string, error: unknown): { problem: DiffProblem } {
    return {
      problem: {
        path,
        error:
          codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM'
            ? 'it cannot be read without being root'
            : codeOf(error) === 'ELOOP'
              ? 'it became a symlink meanwhile'
              : `it cannot be looked at: ${(error as Error).message}`,
      },
    };
  }

  private entry(
    kind: Kind,
    path: string,
    stat: fs.Stats | null,
    below: fs.Stats | null,
    more: Partial<DiffEntry> = {},
  ): DiffEntry {
    const gone = kind === 'deleted' && below !== null;
    const shown = gone ? below : (stat ?? below)!;
    const rom = below === null ? null : { of: whatOf(below), size: below.size };
    return {
      kind,
      path,
      of: whatOf(shown),
      size: kind === 'stale' ? 0 : shown.size,
      takes: stat === null ? 0 : this.takes(stat),
      rom,
      ...more,
    };
  }

  private takes({ nlink, ino, blocks, rdev, mode }: fs.Stats): number {
    const several =
      nlink > 1 && (mode & fs.constants.S_IFMT) === fs.constants.S_IFREG && rdev === 0;
    if (several && this.counted.has(ino)) return 0;
    if (several) this.counted.add(ino);
    return blocks * 512;
  }

  /** Tells of a directory and goes into it. `lower` is its place in the image by its name. */
  private *directory(
    path: string,
    at: string,
    stat: fs.Stats,
    below: fs.Stats | null,
    lower: string | null,
    merged: boolean,
  ): Generator<WalkResult, void> {
    if (stat.dev !== this.device)
      return void (yield {
        problem: { path, error: 'something is mounted there, and it is not looked into' },
      });
    const notes = overlayNotes(this.options.attributes, at);
    const shows = this.source(notes, lower, below, merged);
    const told = this.directoryEntry(path, at, stat, below, lower, shows, notes);
    yield this.standing(path) === 'within' ? told : null;
    let fd: number;
    try {
      fd = openDirectory(at);
    } catch (error) {
      return void (yield isGone(error) ? null : this.problem(path, error));
    }
    // Closed with its frame, whatever happens from here on.
    const frame: Frame = {
      path,
      fd,
      at: through(fd, at),
      lower: shows.lower,
      merged: shows.merged,
      marked: notes.opaque === 'x',
      names: [],
      hidden: new Set(),
      next: 0,
    };
    this.frames.push(frame);
    if (fs.fstatSync(fd).dev !== this.device) return;
    try {
      frame.names = namesIn(frame.at);
    } catch (error) {
      return void (yield isGone(error) ? null : this.problem(path, error));
    }
    // The out-of-tree overlayfs has the data volume's root itself for its upper layer, and our
    // notes in it.
    if (path === '' && frame.names.includes(META))
      frame.names = frame.names.filter((name) => name !== META && name !== STATE_LINK);
    if (shows.lower !== null && !shows.merged) this.addHidden(frame, shows.lower);
  }

  private addHidden(frame: Frame, lower: string): void {
    const there = new Set(frame.names);
    for (const name of namesIn(lower)) if (!there.has(name)) frame.hidden.add(name);
    frame.names = [...frame.names, ...frame.hidden].sort();
  }

  /** Which directory of the image this one is compared with, and whether that shows through. */
  private source(
    notes: Notes,
    lower: string | null,
    below: fs.Stats | null,
    merged: boolean,
  ): { lower: string | null; merged: boolean; redirected: boolean } {
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
   * Where a redirect leads to: from the image's top, or beside. On the way there are directories
   * only, as overlay finds it.
   */
  private resolve(redirect: string, lower: string | null): string | null {
    const parts = redirect.split('/').filter((part) => part !== '');
    if (parts.length === 0 || parts.some((part) => part === '.' || part === '..')) return null;
    const top = redirect.startsWith('/')
      ? this.options.lower
      : lower === null || parts.length > 1
        ? null
        : lower.slice(0, lower.lastIndexOf('/'));
    if (top === null) return null;
    for (let at = top, index = 0; index < parts.length - 1; index++)
      if (!statOrNull((at += `/${parts[index]}`))?.isDirectory()) return null;
    return `${top}/${parts.join('/')}`;
  }

  private directoryEntry(
    path: string,
    at: string,
    stat: fs.Stats,
    below: fs.Stats | null,
    lower: string | null,
    shows: { lower: string | null; redirected: boolean },
    { opaque, names }: Notes,
  ): DiffEntry | null {
    if (shows.redirected)
      return this.entry('redirected', path, stat, below, {
        from: shows.lower!.slice(this.options.lower.length).replace(/^\/+/, ''),
      });
    if (below === null) return this.entry('added', path, stat, null);
    if (!below.isDirectory()) return this.entry('replaced', path, stat, below);
    const differs = metadataOf(
      this.options.attributes,
      { path: at, stat },
      { path: lower!, stat: below },
      names,
    );
    const more = differs.length > 0 ? { differs } : {};
    if (opaque === 'y') return this.entry('opaque', path, stat, below, more);
    return differs.length > 0 ? this.entry('metadata', path, stat, below, more) : null;
  }

  private file(
    frame: Frame,
    path: string,
    name: string,
    stat: fs.Stats,
    below: fs.Stats | null,
    lower: string | null,
  ): WalkResult {
    const at = `${frame.at}/${name}`;
    const { attributes } = this.options;
    if (isWhiteoutFile(attributes, at, stat, frame.marked))
      return this.entry(below === null ? 'stale' : 'deleted', path, stat, below);
    const what = whatOf(stat);
    const notes = what === 'file' && this.mayBeEmpty(stat) ? overlayNotes(attributes, at) : NONE;
    if (notes.metacopy) {
      const to = notes.redirect === null ? lower : this.resolve(notes.redirect, lower);
      const data = to === null ? null : statOrNull(to);
      const differs =
        data === null
          ? []
          : metadataOf(attributes, { path: at, stat }, { path: to!, stat: data }, notes.names);
      return this.entry('metacopy', path, stat, below, {
        ...(differs.length > 0 && { differs }),
        ...(notes.redirect !== null &&
          to !== null && { from: to.slice(this.options.lower.length).replace(/^\/+/, '') }),
      });
    }
    if (below === null) return this.entry('added', path, stat, null);
    if (whatOf(below) !== what) return this.entry('replaced', path, stat, below);
    return this.compared(path, { path: at, stat }, { path: lower!, stat: below }, notes.names);
  }

  /**
   * A metacopy has its file's length, and nothing in it. To ask for attributes costs more than all
   * else that is done with a file, so it is asked where blocks are lacking, or not counted.
   */
  private mayBeEmpty({ size, blocks }: fs.Stats): boolean {
    return size > 0 && (this.blocksSayNothing || blocks * 512 < size);
  }

  private compared(
    path: string,
    upper: Side,
    lower: Side,
    names: readonly string[] | null,
  ): WalkResult {
    const { stat } = upper;
    let kind: Kind;
    try {
      kind = this.isAlike(upper, lower) ? 'same' : 'changed';
    } catch (error) {
      if (isGone(error) && statOrNull(upper.path) === null) return null;
      kind = 'unread';
    }
    // Of a file that is changed anyway they are looked at only where it has some.
    const looked =
      kind === 'same' || (names !== null && names.length > 0) ? this.options.attributes : null;
    const differs = metadataOf(looked, upper, lower, names);
    if (kind === 'same' && differs.length > 0) kind = 'metadata';
    const shadows =
      stat.isFile() && kind === 'changed'
        ? this.options.newer?.(path, upper.path, lower.path, lower.stat)
        : undefined;
    return this.entry(kind, path, stat, lower.stat, {
      ...(differs.length > 0 && { differs }),
      ...(shadows && { shadows }),
    });
  }

  private isAlike(upper: Side, lower: Side): boolean {
    const what = whatOf(upper.stat);
    if (what === 'file')
      return upper.stat.size === lower.stat.size && sameContent(upper.path, lower.path);
    if (what === 'symlink') return readLink(upper.path) === readLink(lower.path);
    return what === 'character' || what === 'block' ? upper.stat.rdev === lower.stat.rdev : true;
  }
}
