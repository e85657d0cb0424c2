import { SystemError } from '../system/system-error.js';
import type { Folder, TreeDoor } from '../system/tree-door.js';

/** Whether a name is no directory of this file system, by the error of entering it. */
export const isNotEntered = (error: unknown): boolean =>
  error instanceof SystemError && ['ENOTDIR', 'ELOOP', 'EXDEV', 'ENOENT'].includes(error.errno);

/** The number of directories that stay open at the end of the way. The top stays open too. */
const KEPT_OPEN = 64;

interface Level {
  /** Its name in the directory above, or its path below that of a visit; '' for the top. */
  name: string;
  readonly folder: Folder;
  open: boolean;
  /** Whether somebody else opened it and keeps it open. */
  lent?: true;
}

/**
 * The way from the top of a tree down to one directory, of any depth. Directories far above are
 * closed meanwhile, and opened again on the way back by `..`, if that is still the same directory.
 */
export class Descent {
  private readonly levels: Level[];

  /** @param top an open directory, which this closes at the end. */
  constructor(
    private readonly tree: TreeDoor,
    top: Folder,
  ) {
    this.levels = [{ name: '', folder: top, open: true }];
  }

  get here(): Folder {
    return this.levels.at(-1)!.folder;
  }

  get depth(): number {
    return this.levels.length;
  }

  /** The path below the top; '' for the top itself. */
  get path(): string {
    return this.levels.map(({ name }) => name).join('/');
  }

  /** @throws {SystemError} as TreeDoor.enter. */
  down(name: string): void {
    const folder = this.tree.enter(this.here, name);
    this.levels.push({ name, folder, open: true });
    const [far, next] = [this.levels.at(-1 - KEPT_OPEN), this.levels.at(-KEPT_OPEN)];
    // A visit ends without a way back by `..`.
    if (far === undefined || far === this.levels[0] || !far.open) return;
    if (far.lent !== true && next?.lent !== true) this.shut(far);
  }

  /**
   * Goes to a directory at a path below, which somebody opened and keeps open until `endVisit`.
   */
  visit(path: string, folder: Folder): void {
    this.levels.push({ name: path, folder, open: true, lent: true });
  }

  endVisit(): void {
    this.levels.pop();
  }

  /**
   * Goes back to the directory above. @throws {SystemError} ESTALE if it is not above any more;
   * then use `back`.
   */
  up(): void {
    const [above, left] = this.levels.slice(-2) as [Level, Level];
    if (!above.open) {
      // The same object, because a listing of the directory may be under way.
      Object.assign(above.folder, this.tree.above(left.folder, above.folder));
      above.open = true;
    }
    this.shut(left);
    this.levels.pop();
  }

  /**
   * Goes back to the nearest directory above that is still at its path, after `up` failed. The top
   * always is.
   */
  back(): void {
    for (;;) {
      this.shut(this.levels.pop()!);
      const level = this.levels.at(-1)!;
      if (level.open || this.isReopened(level)) return;
    }
  }

  /**
   * Opens a directory by the names that lead to it from the top. The caller closes it.
   * @throws {SystemError} as TreeDoor.enter.
   */
  reach(names: readonly string[]): Folder {
    let at = this.tree.again(this.levels[0]!.folder);
    for (const name of names) {
      const above = at;
      try {
        at = this.tree.enter(above, name);
      } finally {
        this.tree.close(above);
      }
    }
    return at;
  }

  /** Opens a closed directory again, from the top down. */
  private isReopened(level: Level): boolean {
    const { device, inode } = level.folder;
    try {
      const folder = this.reach(this.levels.slice(1).flatMap(({ name }) => name.split('/')));
      if (folder.device === device && folder.inode === inode) {
        Object.assign(level.folder, folder);
        level.open = true;
        return true;
      }
      this.tree.close(folder);
      return false;
    } catch {
      return false;
    }
  }

  private shut(level: Level): void {
    if (level.open && level.lent !== true) this.tree.close(level.folder);
    level.open = false;
  }

  close(): void {
    for (const level of this.levels) this.shut(level);
  }
}
