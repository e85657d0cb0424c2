import type { Mounts } from './mounts.js';
import {
  Errno,
  clone,
  inode,
  isWhiteout,
  parent,
  split,
  within,
  type Files,
  type ModelInode,
} from './model-tree.js';

export interface Layer {
  files: Files;
  at: string;
}

const OPAQUE = 'trusted.overlay.opaque';

/**
 * An overlay as Documentation/filesystems/overlayfs.rst describes it: merged directories,
 * whiteouts, opaque directories, copying up.
 */
export class Overlay implements Files {
  readonly = false;

  constructor(
    readonly fstype: string,
    private readonly upper: Layer,
    private readonly lower: readonly Layer[],
  ) {
    this.readonly = upper.files.readonly;
  }

  /** The layers that show something at a path, topmost first, down to one that hides the rest. */
  private shown(path: string): { layer: Layer; inode: ModelInode }[] {
    const shown: { layer: Layer; inode: ModelInode }[] = [];
    for (const layer of [this.upper, ...this.lower]) {
      if (this.hidden(layer, path)) return shown;
      const found = layer.files.find(within(layer.at, path));
      if (found === null) continue;
      if (isWhiteout(found)) return shown;
      if (shown.length > 0 && found.kind !== 'directory') return shown;
      shown.push({ layer, inode: found });
      if (found.kind !== 'directory' || found.attributes.get(OPAQUE) === 'y') return shown;
      if (this.opaqueAbove(layer, path)) return shown;
    }
    return shown;
  }

  /** Whether a layer has a whiteout or a file on the way to a path. */
  private hidden({ files, at }: Layer, path: string): boolean {
    const parts = split(path);
    return parts.slice(0, -1).some((_, index) => {
      const found = files.find(within(at, `/${parts.slice(0, index + 1).join('/')}`));
      return found !== null && found.kind !== 'directory';
    });
  }

  private opaqueAbove({ files, at }: Layer, path: string): boolean {
    const parts = split(path);
    return parts.some(
      (_, index) =>
        files
          .find(within(at, `/${parts.slice(0, index + 1).join('/')}`))
          ?.attributes.get(OPAQUE) === 'y',
    );
  }

  private belowUpper(path: string): boolean {
    // If an opaque directory or a whiteout of the upper layer hides a path, the lower layers show
    // nothing there.
    return this.lower.some((layer) => {
      const found = layer.files.find(within(layer.at, path));
      return (
        found !== null &&
        !isWhiteout(found) &&
        !this.opaqueAbove(this.upper, parent(path)) &&
        !this.hidden(this.upper, path)
      );
    });
  }

  find(path: string): ModelInode | null {
    return this.shown(path)[0]?.inode ?? null;
  }

  list(path: string): string[] {
    const shown = this.shown(path);
    if (shown.length === 0) throw new Errno('ENOENT');
    if (shown[0]!.inode.kind !== 'directory') throw new Errno('ENOTDIR');
    const names = new Set(shown.flatMap(({ inode }) => [...inode.entries.keys()]));
    return [...names].filter((name) => this.find(within(path, `/${name}`)) !== null);
  }

  private copyUp(path: string): void {
    if (this.readonly) throw new Errno('EROFS');
    if (path !== '/') this.copyUp(parent(path));
    const place = within(this.upper.at, path);
    if (this.upper.files.find(place) !== null) return;
    const found = this.find(path);
    if (found === null) throw new Errno('ENOENT');
    this.upper.files.add(
      place,
      found.kind === 'directory' ? { ...clone(found), entries: new Map() } : clone(found),
    );
  }

  add(path: string, added: ModelInode): void {
    if (this.readonly) throw new Errno('EROFS');
    if (this.find(path) !== null) throw new Errno('EEXIST');
    if (this.find(parent(path))?.kind !== 'directory')
      throw new Errno(this.find(parent(path)) === null ? 'ENOENT' : 'ENOTDIR');
    this.copyUp(parent(path));
    const place = within(this.upper.at, path);
    const there = this.upper.files.find(place);
    if (there !== null && isWhiteout(there)) {
      this.upper.files.remove(place);
      if (added.kind === 'directory') added.attributes.set(OPAQUE, 'y');
    }
    this.upper.files.add(place, added);
  }

  change(path: string): ModelInode {
    this.copyUp(path);
    return this.upper.files.change(within(this.upper.at, path));
  }

  remove(path: string): void {
    if (this.readonly) throw new Errno('EROFS');
    const found = this.find(path);
    if (found === null) throw new Errno('ENOENT');
    if (found.kind === 'directory' && this.list(path).length > 0) throw new Errno('ENOTEMPTY');
    this.copyUp(parent(path));
    const place = within(this.upper.at, path);
    const covers = this.belowUpper(path);
    if (this.upper.files.find(place) !== null) {
      // An empty merged directory may hold whiteouts in the upper layer.
      if (found.kind === 'directory')
        for (const name of this.upper.files.list(place))
          this.upper.files.remove(within(place, `/${name}`));
      this.upper.files.remove(place);
    }
    if (covers) this.upper.files.add(place, inode('character', { node: '0:0' }));
  }

  rename(from: string, to: string): void {
    const found = this.find(from);
    if (found === null) throw new Errno('ENOENT');
    if (found.kind === 'directory') throw new Errno('EXDEV');
    this.copyUp(from);
    const copy = clone(this.find(from)!);
    this.remove(from);
    if (this.find(to) !== null) this.remove(to);
    this.add(to, copy);
  }
}

/**
 * The overlay that mount(2) makes from its options. @param failing whether the upper layer is on
 * flash that takes no writes.
 */
export function mountOverlay(
  mounts: Mounts,
  fstype: string,
  data: string,
  failing: (upper: Files) => boolean,
): Overlay {
  const option = (name: string): string | undefined =>
    new RegExp(`(?:^|,)${name}=([^,]*)`).exec(data)?.[1];
  const layer = (path: string): Layer => {
    const { mount, on } = mounts.resolve(path, true);
    if (mount.files.find(on) === null) throw new Errno('ENOENT');
    return { files: mount.files, at: on };
  };
  const upper = layer(option('upperdir') ?? '');
  const lower = (option('lowerdir') ?? '').split(':').map(layer);
  const workdir = option('workdir');
  const work = workdir === undefined ? null : layer(workdir);
  const layers = [upper, ...lower, ...(work ? [work] : [])];
  if (layers.some(({ files, at }) => files.find(at)?.kind !== 'directory'))
    throw new Errno('EINVAL');
  if (upper.files instanceof Overlay || upper.files.readonly) throw new Errno('EINVAL');
  const made = new Overlay(fstype, upper, lower);
  if (work !== null) {
    if (!isBeside(work, upper)) throw new Errno('EINVAL');
    made.readonly ||= !prepareWork(work) || failing(upper.files);
  }
  return made;
}

/** workdir must be on the same mount as upperdir, and must be neither upperdir nor below it. */
const isBeside = (work: Layer, upper: Layer): boolean =>
  work.files === upper.files && work.at !== upper.at && !work.at.startsWith(`${upper.at}/`);

/**
 * Makes the directory in workdir, which every mount makes anew (since 4.8 it cleans a dirty one).
 * @returns false if that fails; the overlay is then read-only although mount(2) returns 0.
 */
function prepareWork({ files, at }: Layer): boolean {
  const inner = within(at, '/work');
  try {
    if (files.find(inner) === null) files.add(inner, inode('directory'));
    return true;
  } catch (error) {
    if ((error as Errno).code === 'ENOSPC') throw error;
    return false;
  }
}
