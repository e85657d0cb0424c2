import type { MountFlag } from '../flags.js';
import { Errno, base, parent, split, within, type Files } from './model-tree.js';

export interface ModelMount {
  id: number;
  parent: ModelMount | null;
  /** Where on its parent; `/` for a mount stacked on another one's root. */
  on: string;
  files: Files;
  source: string;
  device: string;
  options: string[];
  superOptions: string[];
  shared: number;
  unbindable: boolean;
}

export interface MountPlace {
  mount: ModelMount;
  on: string;
}

const LINKS_AT_MOST = 40;

/** The path to a root that was switched away from. */
const LEFT = '/proc/self/fd/9/.';

/** The mount table, with the rules of fs/namespace.c. */
export class Mounts {
  root: ModelMount;
  private left: ModelMount | null = null;
  private all: ModelMount[] = [];
  private readonly ids = new Set<number>();

  constructor(files: Files, source: string, device: string, access: 'ro' | 'rw' = 'ro') {
    this.root = this.attach(null, '/', files, source, device, [access, 'relatime'], [access]);
  }

  /** A number that is free is given again, the lowest first, as the kernel's ida does. */
  attach(
    above: ModelMount | null,
    on: string,
    files: Files,
    source: string,
    device: string,
    options: string[],
    superOptions: string[],
  ): ModelMount {
    let id = 10;
    while (this.ids.has(id)) id++;
    this.ids.add(id);
    const mount = {
      id,
      parent: above,
      on,
      files,
      source,
      device,
      options,
      superOptions,
      shared: 0,
      unbindable: false,
    };
    this.all.push(mount);
    return mount;
  }

  /**
   * Where a path leads: every mount on the way is crossed, also those stacked on one another;
   * symlinks are followed, the last one only if asked.
   */
  resolve(path: string, follow = false, links = 0): MountPlace {
    if (links > LINKS_AT_MOST) throw new Errno('ELOOP');
    const old = this.left !== null && path.startsWith(LEFT);
    let at: MountPlace = { mount: old ? this.left! : this.root, on: '/' };
    const parts = split(old ? path.slice(LEFT.length) : path);
    for (const [index, name] of parts.entries()) {
      if (name === '..')
        at =
          at.on === '/' && at.mount.parent
            ? { mount: at.mount.parent, on: parent(at.mount.on) }
            : { mount: at.mount, on: parent(at.on) };
      else at = this.cross({ mount: at.mount, on: within(at.on, `/${name}`) });
      const found = at.mount.files.find(at.on);
      const last = index === parts.length - 1;
      if (found?.kind === 'symlink' && (!last || follow)) {
        const target = found.content.startsWith('/')
          ? found.content
          : `/${parts.slice(0, index).join('/')}/${found.content}`;
        return this.resolve(`${target}/${parts.slice(index + 1).join('/')}`, follow, links + 1);
      }
      if (!last && found !== null && found.kind !== 'directory') throw new Errno('ENOTDIR');
      if (!last && found === null) throw new Errno('ENOENT');
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

  mount(
    path: string,
    files: Files,
    source: string,
    device: string,
    options: string[],
    superOptions: string[],
  ): void {
    const at = this.target(path);
    if (at.mount.files.find(at.on)?.kind !== 'directory') throw new Errno('ENOTDIR');
    this.attach(at.mount, at.on, files, source, device, options, superOptions);
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
   * As pivot, for a root that cannot be pivoted away: what was `/` can be reached no more but
   * through the path that is returned.
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

  /** What is mounted below a directory stays mounted below it, whatever it is called. */
  renamed(mount: ModelMount, from: string, to: string): void {
    for (const each of this.all)
      if (each.parent === mount && each.on.startsWith(`${from}/`))
        each.on = to + each.on.slice(from.length);
  }

  isMountpoint(path: string): boolean {
    const at = this.resolve(parent(path), true);
    return this.all.some(
      (mount) => mount.parent === at.mount && mount.on === within(at.on, `/${base(path)}`),
    );
  }

  /** As /proc/self/mountinfo shows it; what the root does not reach is not shown. */
  text(): string {
    const escape = (path: string): string =>
      path.replace(
        /[ \t\n\\]/g,
        (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
      );
    return this.all
      .filter(this.reaches)
      .sort((a, b) => a.id - b.id)
      .map((mount) => {
        const { id, device, options, shared, unbindable, files, source, superOptions } = mount;
        const optional = `${shared ? ` shared:${shared}` : ''}${unbindable ? ' unbindable' : ''}`;
        return `${id} ${mount.parent?.id ?? 1} ${device} / ${escape(this.pathOf(mount))} ${options.join(',')}${optional} - ${files.fstype} ${escape(source)} ${superOptions.join(',')}\n`;
      })
      .join('');
  }
}
