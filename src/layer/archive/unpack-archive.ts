/**
 * Makes a new upper layer of an archive's entries, below a directory of ours that nobody else looks
 * into. Every entry was accepted by the check.
 */
import * as fs from 'node:fs';
import type { System } from '../../system/port.js';
import { SystemError } from '../../system/system-error.js';
import { ArchiveError } from './archive-error.js';
import type { Accepted } from './check-archive.js';
import { OPAQUE } from './marks.js';
import { printable } from '../../text/printable.js';

/** What is zero as a whole becomes a hole. */
const HOLE = 4096;
const ZEROS = Buffer.alloc(HOLE);
const isZero = (block: Buffer): boolean => block.equals(ZEROS);

/**
 * Without these a program has less than it should, which is told; all else is what makes the layer
 * what it is.
 */
const MAY_BE_LACKING = ['EOPNOTSUPP', 'EPERM', 'EACCES', 'EINVAL'];

type Making = Pick<
  System,
  | 'makeNode'
  | 'setModified'
  | 'attributes'
  | 'setAttribute'
  | 'setOwner'
  | 'setMode'
  | 'removeTree'
  | 'kind'
  | 'details'
  | 'list'
  | 'mkdir'
  | 'symlink'
  | 'link'
>;

export class LayerWriter {
  readonly warnings: string[] = [];
  /** Set when their content is there, the innermost first. */
  private readonly directories: Accepted[] = [];
  private readonly opaque = new Set<string>();
  private open: { fd: number; entry: Accepted; at: number; pending: Buffer } | null = null;
  private root: Accepted | null = null;

  /**
   * @param top an empty directory, or a copy of the layer that the archive is laid over.
   * @param hidden the directories that the archive says hide what is below them.
   */
  constructor(
    private readonly system: Making,
    private readonly top: string,
    private readonly privileged: boolean,
    hidden: ReadonlySet<string>,
  ) {
    for (const path of hidden) {
      this.opaque.add(path);
      // Also what the layer beneath has in it, which is nothing where one of its symlinks leads
      // there.
      if (this.isWithin(path))
        for (const name of system.list(this.at(path)))
          system.removeTree(`${this.at(path)}/${name}`);
    }
  }

  private at = (path: string): string => (path === '' ? this.top : `${this.top}/${path}`);

  /** Whether a path is a directory here, and no symlink is on the way to it. */
  private isWithin(path: string): boolean {
    for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1))
      if (this.system.kind(this.at(path.slice(0, end))) !== 'directory') return false;
    return this.system.kind(this.at(path)) === 'directory';
  }

  make(entry: Accepted): void {
    const { kind, path } = entry;
    const { system } = this;
    if (path === '') {
      this.root = entry;
      return;
    }
    const place = this.at(path);
    const folder = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    // The check has seen to it; root writes here, so it is looked at once more.
    if (!this.isWithin(folder))
      throw new ArchiveError(
        `has an entry below ${printable(folder)}, which is no directory of the new layer`,
      );
    const there = system.kind(place);
    if (kind === 'directory') {
      if (there !== 'missing' && there !== 'directory') {
        // It hid whatever the image has there, and so must what comes in its place.
        this.opaque.add(path);
        system.removeTree(place);
      }
      if (there !== 'directory') system.mkdir(place, 0o700);
      this.directories.push(entry);
      return;
    }
    if (there !== 'missing') system.removeTree(place);
    switch (kind) {
      case 'file': {
        const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = fs.constants;
        this.open = {
          fd: fs.openSync(place, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600),
          entry,
          at: 0,
          pending: Buffer.alloc(0),
        };
        return;
      }
      case 'link':
        return system.link(this.at(entry.target), place);
      case 'symlink':
        system.symlink(entry.target, place);
        break;
      case 'whiteout':
        return system.makeNode(place, 'character', 0, '0:0');
      default:
        system.makeNode(place, kind, 0o600, entry.node);
    }
    this.describe(entry);
  }

  data(bytes: Buffer): void {
    const file = this.open!;
    const all = file.pending.length > 0 ? Buffer.concat([file.pending, bytes]) : bytes;
    const whole = all.length - (all.length % HOLE);
    // Blocks that hold something are written as many at once as there are.
    for (let from = 0, to = 0; from < whole; from = to) {
      const hole = isZero(all.subarray(from, from + HOLE));
      for (to = from + HOLE; to < whole && isZero(all.subarray(to, to + HOLE)) === hole;)
        to += HOLE;
      this.write(all.subarray(from, to), hole);
    }
    file.pending = Buffer.from(all.subarray(whole));
  }

  private write(block: Buffer, hole: boolean): void {
    const file = this.open!;
    for (let done = 0; !hole && done < block.length;)
      done += fs.writeSync(file.fd, block, done, block.length - done, file.at + done);
    file.at += block.length;
  }

  /** The entry that was made last has all its content. */
  complete(): void {
    const file = this.open;
    if (file === null) return;
    this.write(file.pending, false);
    fs.ftruncateSync(file.fd, file.entry.size);
    this.close();
    this.describe(file.entry);
  }

  close(): void {
    if (this.open !== null) fs.closeSync(this.open.fd);
    this.open = null;
  }

  /** @param root what the root is like where the archive does not say. */
  end(root: Pick<Accepted, 'mode' | 'uid' | 'gid' | 'mtime' | 'attributes'>): void {
    for (const path of this.opaque) {
      if (!this.isWithin(path))
        throw new ArchiveError(
          `hides what is below ${printable(path)}, which is no directory in it`,
        );
      this.system.setAttribute(this.at(path), OPAQUE, Buffer.from('y'));
    }
    for (const entry of this.directories.toReversed()) this.describe(entry);
    this.describe(
      this.root ?? { ...root, kind: 'directory', path: '', size: 0, target: '', node: '' },
    );
  }

  /** Owner before mode and capabilities, because a new owner takes them away; time last. */
  private describe(entry: Accepted): void {
    const { kind, path, mode, uid, gid, mtime } = entry;
    const { system } = this;
    const place = this.at(path);
    this.perhaps(path, 'its owner', () => system.setOwner(place, uid, gid), this.privileged);
    if (kind !== 'symlink') system.setMode(place, this.privileged ? mode : mode & 0o1777);
    for (const [name, value] of entry.attributes)
      this.perhaps(
        path,
        `its attribute ${printable(name)}`,
        () => system.setAttribute(place, name, value),
        true,
      );
    system.setModified(place, mtime);
  }

  private perhaps(path: string, what: string, call: () => void, tell: boolean): void {
    try {
      call();
    } catch (error) {
      if (!(error instanceof SystemError) || !MAY_BE_LACKING.includes(error.errno)) throw error;
      if (tell && this.warnings.length < 100)
        this.warnings.push(
          `${printable(path === '' ? '.' : path)}: ${what} could not be set: ${error.message}`,
        );
    }
  }
}
