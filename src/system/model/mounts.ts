import type { MountFlag } from '../flags.js';
import { Errno, base, parent, split, within, type Files, type ModelInode } from './model-tree.js';

/** The data of a mount that do not depend on its place. */
interface Mounted {
  files: Files;
  source: string;
  device: string;
  options: string[];
  superOptions: string[];
}

export interface ModelMount extends Mounted {
  id: number;
  parent: ModelMount | null;
  /** The path on its parent; `/` for a mount stacked on the root of another one. */
  on: string;
  /** The number of its peer group; 0 for a private mount. */
  shared: number;
  unbindable: boolean;
}

export interface MountPlace {
  mount: ModelMount;
  on: string;
}

const LINKS_AT_MOST = 40;

/** The path to the root before a switch. */
const LEFT = '/proc/self/fd/9/.';

/** The mount table, with the rules of fs/namespace.c. */
export class Mounts {
  root: ModelMount;
  private left: ModelMount | null = null;
  private all: ModelMount[] = [];
  private readonly ids = new Set<number>();

  constructor({
    access,
    ...root
  }: Pick<Mounted, 'files' | 'source' | 'device'> & { access: 'ro' | 'rw' }) {
    const options = [access, 'relatime'];
    this.root = this.attach(null, '/', { ...root, options, superOptions: [access] });
  }

  /** Gives the lowest free number, as the kernel's ida does. */
  private attach(above: ModelMount | null, on: string, mounted: Mounted): ModelMount {
    let id = 10;
    while (this.ids.has(id)) id++;
    this.ids.add(id);
    const mount = { ...mounted, id, parent: above, on, shared: 0, unbindable: false };
    this.all.push(mount);
    return mount;
  }

  /**
   * Resolves a path. It crosses every mount on the way, also stacked ones. It follows symlinks, the
   * last one only with `follow`.
   */
  resolve(path: string, follow = false, links = 0): MountPlace {
    if (links > LINKS_AT_MOST) throw new Errno('ELOOP');
    const old = this.left !== null && path.startsWith(LEFT);
    let at: MountPlace = { mount: old ? this.left! : this.root, on: '/' };
    const parts = split(old ? path.slice(LEFT.length) : path);
    for (const [index, name] of parts.entries()) {
      at = name === '..' ? up(at) : this.cross({ mount: at.mount, on: within(at.on, `/${name}`) });
      const found = at.mount.files.find(at.on);
      const last = index === parts.length - 1;
      if (found?.kind === 'symlink' && (!last || follow))
        return this.resolve(linked(parts, index, found.content), follow, links + 1);
      if (!last) mustBeDirectory(found);
    }
    return at;
  }

  private cross(at: MountPlace): MountPlace {
    for (
      let next;
      (next = this.all.find((mount) => mount.parent === at.mount && mount.on === at.on));
    )
      at = { mount: next, on: '/' };
    return at;
  }

  private pathOf({ parent: above, on }: ModelMount): string {
    return above === null ? '/' : within(this.pathOf(above), on);
  }
  private reaches = (mount: ModelMount): boolean =>
    mount === this.root || (mount.parent !== null && this.reaches(mount.parent));
  private isUnder = (mount: ModelMount, top: ModelMount): boolean =>
    mount === top || (mount.parent !== null && this.isUnder(mount.parent, top));

  private mountpoint(path: string): ModelMount {
    const { mount, on } = this.target(path);
    if (on !== '/') throw new Errno('EINVAL');
    return mount;
  }

  private target(path: string): MountPlace {
    const at = this.resolve(path, true);
    if (at.mount.files.find(at.on) === null) throw new Errno('ENOENT');
    return at;
  }

  mount(path: string, mounted: Mounted): void {
    const at = this.target(path);
    if (at.mount.files.find(at.on)?.kind !== 'directory') throw new Errno('ENOTDIR');
    this.attach(at.mount, at.on, mounted);
  }

  move(from: string, to: string): void {
    const at = this.target(to);
    const mount = this.mountpoint(from);
    if (mount.parent === null || mount.parent.shared > 0) throw new Errno('EINVAL');
    if (
      (mount.files.find('/')?.kind === 'directory') !==
      (at.mount.files.find(at.on)?.kind === 'directory')
    )
      throw new Errno('EINVAL');
    if (this.isUnder(at.mount, mount)) throw new Errno('ELOOP');
    Object.assign(mount, { parent: at.mount, on: at.on });
  }

  propagate(path: string, flags: readonly MountFlag[]): void {
    const top = this.mountpoint(path);
    const which = flags.includes('MS_REC')
      ? this.all.filter((mount) => this.isUnder(mount, top))
      : [top];
    for (const mount of which) {
      if (flags.includes('MS_SHARED')) mount.shared ||= this.freeGroup();
      else mount.shared = 0;
      mount.unbindable = flags.includes('MS_UNBINDABLE');
    }
  }

  private freeGroup(): number {
    let group = 1;
    while (this.all.some(({ shared }) => shared === group)) group++;
    return group;
  }

  remount(path: string, readonly: boolean): void {
    const mount = this.mountpoint(path);
    mount.files.readonly = readonly;
    for (const each of this.all)
      if (each.files === mount.files)
        each.superOptions = [readonly ? 'ro' : 'rw', ...each.superOptions.slice(1)];
    mount.options = [readonly ? 'ro' : 'rw', ...mount.options.slice(1)];
  }

  umount(path: string, lazy: boolean): void {
    const mount = this.mountpoint(path);
    if (mount.parent === null) throw new Errno('EINVAL');
    const gone = lazy ? this.all.filter((each) => this.isUnder(each, mount)) : [mount];
    if (!lazy && this.all.some((each) => each.parent === mount)) throw new Errno('EBUSY');
    this.all = this.all.filter((each) => !gone.includes(each));
    for (const { id } of gone) this.ids.delete(id);
  }

  pivot(newRoot: string, putOld: string): void {
    const folder = (path: string): MountPlace => {
      const at = this.target(path);
      if (at.mount.files.find(at.on)?.kind !== 'directory') throw new Errno('ENOTDIR');
      return at;
    };
    const next = folder(newRoot);
    const old = folder(putOld);
    if (this.root.files.fstype === 'rootfs' || this.root.files.fstype === 'ramfs')
      throw new Errno('EINVAL');
    if (next.mount === this.root || old.mount === this.root) throw new Errno('EBUSY');
    if (old.mount.shared > 0 || (next.mount.parent?.shared ?? 0) > 0 || this.root.shared > 0)
      throw new Errno('EINVAL');
    if (next.on !== '/' || next.mount.parent === null) throw new Errno('EINVAL');
    if (!this.isUnder(old.mount, next.mount)) throw new Errno('EINVAL');
    const before = this.root;
    Object.assign(next.mount, { parent: null, on: '/' });
    Object.assign(before, { parent: old.mount, on: old.on });
    this.root = next.mount;
  }

  /**
   * For a root that pivot_root(2) cannot replace. The old root can then be reached only through the
   * path that is returned.
   */
  switch(newRoot: string): string {
    const next = this.mountpoint(newRoot);
    if (next === this.root || next.parent === null || next.parent.shared > 0)
      throw new Errno('EINVAL');
    this.left = this.root;
    Object.assign(next, { parent: null, on: '/' });
    this.root = next;
    return LEFT;
  }

  /** Renames a directory. Mounts below it stay below it. */
  renamed(mount: ModelMount, from: string, to: string): void {
    for (const each of this.all)
      if (each.parent === mount && each.on.startsWith(`${from}/`))
        each.on = to + each.on.slice(from.length);
  }

  isMountpoint(path: string): boolean {
    const at = this.resolve(parent(path), true);
    return this.isMountedOn(at.mount, within(at.on, `/${base(path)}`));
  }

  isMountedOn(mount: ModelMount, on: string): boolean {
    return this.all.some((each) => each.parent === mount && each.on === on);
  }

  /** The mount that shows at a place; null if nothing is mounted there. */
  mountedOn(mount: ModelMount, on: string): ModelMount | null {
    const { mount: top } = this.cross({ mount, on });
    return top === mount ? null : top;
  }

  /**
   * The table in the form of /proc/self/mountinfo, which leaves out mounts that the root does not
   * reach.
   */
  text(): string {
    return this.all
      .filter(this.reaches)
      .sort((a, b) => a.id - b.id)
      .map((mount) => this.line(mount))
      .join('');
  }

  private line(mount: ModelMount): string {
    const { id, device, options, shared, unbindable, files, source, superOptions } = mount;
    const optional = `${shared ? ` shared:${shared}` : ''}${unbindable ? ' unbindable' : ''}`;
    const place = `${mount.parent?.id ?? 1} ${device} / ${escape(this.pathOf(mount))}`;
    const what = `${files.fstype} ${escape(source)} ${superOptions.join(',')}`;
    return `${id} ${place} ${options.join(',')}${optional} - ${what}\n`;
  }
}

function mustBeDirectory(found: ModelInode | null): void {
  if (found === null) throw new Errno('ENOENT');
  if (found.kind !== 'directory') throw new Errno('ENOTDIR');
}

/** The directory above, across the root of a mount. */
const up = ({ mount, on }: MountPlace): MountPlace =>
  on === '/' && mount.parent
    ? { mount: mount.parent, on: parent(mount.on) }
    : { mount, on: parent(on) };

/** The path after the expansion of a symlink inside it. */
function linked(parts: readonly string[], index: number, target: string): string {
  const from = target.startsWith('/') ? '' : `/${parts.slice(0, index).join('/')}/`;
  return `${from}${target}/${parts.slice(index + 1).join('/')}`;
}

const escape = (path: string): string =>
  path.replace(
    /[ \t\n\\]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
