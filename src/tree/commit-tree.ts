/**
 * Carries changes of an overlay's upper layer into the layer below, so that the overlay shows the
 * same without them. The upper layer says what has changed, the mounted overlay what it shows
 * there: so renamed directories and files of which only the metadata changed are what they show.
 * Each name changes at once, and the upper layer stays as it is: the overlay shows the same at
 * every moment, also after a power cut. It goes by descriptor, follows no symlink and enters no
 * mount.
 */
import { SystemError } from '../system/system-error.js';
import type { Folder, FolderEntry, TreeChange, TreeDoor } from '../system/tree-door.js';
import { copyOf, described } from './copied-entry.js';
import { isScratch, openScratch, type Scratch } from './scratch.js';

/** One change of the layer below. */
export interface CommitEntry {
  path: string;
  what: 'removed' | 'directory' | 'made' | 'replaced';
  /** Bytes of a file's content. */
  bytes: number;
}

/** The directories of one path in the three trees; null where there is none. */
interface Three {
  /** null where all that shows is to be below. */
  upper: Folder | null;
  shown: Folder;
  /** null while nothing was made yet: the changes are only listed. */
  below: Folder | null;
}

/** Each level has three open directories. */
const DEEPEST = 200;

const isAlone = ({ attributes }: FolderEntry): boolean =>
  attributes.get('trusted.overlay.opaque')?.toString() === 'y' ||
  attributes.has('trusted.overlay.redirect');

const failure = (path: string, errno: string): SystemError =>
  new SystemError({
    what:
      errno === 'EXDEV'
        ? `commit ${path}, which is a mount of its own and not of the root's overlay`
        : `commit ${path}`,
    syscall: 'commit',
    errno,
    path,
  });

export interface CommitLayers {
  upper: string;
  /** The mountpoint of the overlay. */
  shown: string;
  below: string;
}

export class Committer {
  readonly entries: CommitEntry[] = [];
  private scratch: Scratch | null = null;

  /** @param acts false to list the changes only. */
  constructor(
    private readonly tree: TreeDoor,
    private readonly acts: boolean,
  ) {}

  /** @throws {SystemError} at the first change that cannot be made. */
  run(layers: CommitLayers, paths: readonly string[]): void {
    const { tree } = this;
    const open: Folder[] = [];
    const opened = (path: string): Folder => {
      const folder = tree.open(path);
      open.push(folder);
      return folder;
    };
    try {
      const [upper, shown, below] = [layers.upper, layers.shown, layers.below].map(opened);
      if (this.acts) this.scratch = this.newScratch(below!, upper!);
      for (const path of paths)
        this.descend({ upper: upper!, shown: shown!, below: below! }, '', path.slice(1).split('/'));
    } finally {
      const errno = this.scratch?.remove() ?? null;
      for (const folder of open) tree.close(folder);
      // eslint-disable-next-line no-unsafe-finally -- a directory of ours must not stay unnoticed.
      if (errno !== null) throw failure(this.scratch!.name, errno);
    }
  }

  /** Only one commit is at work, so what others have left is of those that were killed. */
  private newScratch(below: Folder, upper: Folder): Scratch {
    for (const { name, kind } of [...this.tree.entries(below, false)])
      if (kind === 'directory' && isScratch(name))
        this.act(`/${name}`, { what: 'remove', in: below, name });
    return openScratch(this.tree, below, upper);
  }

  /** Goes down to a path. Directories on the way that are not below yet are made. */
  private descend(at: Three, path: string, [name, ...rest]: readonly string[]): void {
    if (name === undefined) return;
    if (rest.length === 0) return this.name(at, `${path}/${name}`, name);
    const upper = at.upper && this.tree.entry(at.upper, name, true);
    const shown = this.tree.entry(at.shown, name, true);
    // Nothing on the way was changed, so nothing below it was.
    if ((at.upper !== null && upper === null) || shown?.kind !== 'directory') return;
    this.within(at, { path: `${path}/${name}`, name, shown, upper, as: 'way' }, (inner) =>
      this.descend(inner, `${path}/${name}`, rest),
    );
  }

  /** Commits one name and all below it. */
  private name(at: Three, path: string, name: string): void {
    const { tree } = this;
    const upper = at.upper && tree.entry(at.upper, name, true);
    if (at.upper !== null && upper === null) return;
    const shown = tree.entry(at.shown, name, true);
    const below = at.below && tree.entry(at.below, name, false);
    if (shown === null) return below === null ? undefined : this.remove(at, path, name);
    if (shown.errno !== null) throw failure(path, shown.errno);
    if (shown.kind !== 'directory') return this.put(at, path, { shown, below });
    const as = at.upper === null || upper === null || isAlone(upper) ? 'whole' : 'changes';
    this.within(at, { path, name, shown, upper, as }, (inner) => {
      for (const each of this.namesIn(inner)) this.name(inner, `${path}/${each}`, each);
    });
  }

  /** The names that may differ: those of the upper layer, or all if it hides what is below. */
  private namesIn({ upper, shown, below }: Three): string[] {
    const names = (folder: Folder | null): string[] =>
      folder === null ? [] : [...this.tree.entries(folder, false)].map(({ name }) => name);
    return upper !== null ? names(upper) : [...new Set([...names(shown), ...names(below)])].sort();
  }

  /** Calls `inside` with a directory, which is made below if it is not there. */
  private within(
    at: Three,
    of: {
      path: string;
      name: string;
      shown: FolderEntry;
      upper: FolderEntry | null;
      /** Whether the directory is on the way to a path, or how much of it is committed. */
      as: 'way' | 'whole' | 'changes';
    },
    inside: (inner: Three) => void,
  ): void {
    const { path, name, shown } = of;
    if (path.split('/').length > DEEPEST) throw failure(path, 'ENAMETOOLONG');
    const open: Folder[] = [];
    const enter = (folder: Folder): Folder => {
      const entered = this.entered(folder, path, name);
      open.push(entered);
      return entered;
    };
    try {
      const there = at.below !== null && this.tree.entry(at.below, name, true);
      const isThere = there !== false && there !== null && there.kind === 'directory';
      // A file in its place hides nothing of a directory that is not there.
      const upper = of.as === 'whole' || !isThere || at.upper === null ? null : enter(at.upper);
      const inner = { upper, shown: enter(at.shown), below: this.folder(at, of, isThere, enter) };
      inside(inner);
      // A directory on the way stays as it is, but for its time.
      if (inner.below !== null && !(of.as === 'way' && isThere))
        this.act(path, { what: 'describe', in: inner.below, ...described(shown) });
    } finally {
      for (const folder of open) this.tree.close(folder);
    }
  }

  private folder(
    at: Three,
    { path, name }: { path: string; name: string },
    isThere: boolean,
    enter: (folder: Folder) => Folder,
  ): Folder | null {
    if (isThere) return enter(at.below!);
    this.entries.push({ path, what: 'directory', bytes: 0 });
    if (!this.acts || at.below === null) return null;
    this.act(path, { what: 'remove', in: at.below, name });
    this.act(path, { what: 'folder', in: at.below, name, scratch: this.scratch!.folder });
    return enter(at.below);
  }

  private entered(folder: Folder, path: string, name: string): Folder {
    try {
      return this.tree.enter(folder, name);
    } catch (error) {
      throw error instanceof SystemError ? failure(path, error.errno) : error;
    }
  }

  private remove(at: Three, path: string, name: string): void {
    this.entries.push({ path, what: 'removed', bytes: 0 });
    if (at.below !== null) this.act(path, { what: 'remove', in: at.below, name });
  }

  private put(
    at: Three,
    path: string,
    { shown, below }: { shown: FolderEntry; below: FolderEntry | null },
  ): void {
    const bytes = shown.kind === 'file' ? shown.size : 0;
    this.entries.push({ path, what: below === null ? 'made' : 'replaced', bytes });
    if (!this.acts || at.below === null) return;
    if (below?.kind === 'directory')
      this.act(path, { what: 'remove', in: at.below, name: shown.name });
    const scratch = this.scratch!.folder;
    const change = copyOf(shown, { from: at.shown, to: at.below, scratch, sync: true });
    if (change === null) throw failure(path, 'EINVAL');
    this.act(path, change);
  }

  private act(path: string, change: TreeChange): void {
    if (!this.acts) return;
    const [{ errno } = { errno: null }] = this.tree.apply([change]);
    if (errno !== null) throw failure(path, errno);
  }
}
