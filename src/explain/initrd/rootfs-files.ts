import type { Runnable } from '../../facts/facts.js';
import { programStart, startsAs, type Start } from '../../facts/runnable.js';
import type { CpioHeader } from '../../ramdisk/cpio.js';
import type { Sink } from '../../ramdisk/cpio-machine.js';
import { kindOfMode } from '../../ramdisk/member.js';
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import { PRESENT, RootfsModel, type RootfsEntry } from '../../ramdisk/rootfs-model.js';

/** A file that an archive made in rootfs, with the data that decide whether it can run. */
interface BuiltEntry extends RootfsEntry {
  /**
   * The information in the first bytes. We drop the bytes, because an archive may have many files.
   */
  start: Start | null;
  /**
   * The archive ended in the middle of this file. The kernel leaves it open for writing, so it
   * cannot be run (ETXTBSY).
   */
  open: boolean;
}

const START = 4096;

/** The model's paths have one character per byte. */
const asBytes = (path: string): string => Buffer.from(path).toString('latin1');

/**
 * The files in rootfs after the kernel has unpacked a ramdisk over its built-in cpio, with the data
 * that decide whether they can run.
 */
export class RootfsFiles implements Sink {
  readonly #model = new RootfsModel<BuiltEntry>(PRESENT, () => ({
    kind: 'directory',
    mode: 0o755,
    target: '',
    start: null,
    open: false,
  }));
  #members = 0;
  #file: BuiltEntry | null = null;
  #first = Buffer.alloc(0);

  /** @param name of the ramdisk. */
  constructor(private readonly name: string) {}

  member(header: CpioHeader, name: Buffer, target: Buffer | null): boolean {
    if (this.#isFull())
      throw new Error(
        `cannot look into ${this.name}: it has more names, or longer ones, ` +
          'than any ramdisk that is not made to fill memory; ' +
          '`mountroot ramdisk list` shows them',
      );
    const kind = kindOfMode(header.mode);
    const path = kind === null ? null : this.#model.place(name.toString('latin1'));
    if (kind === null || path === null) return false;
    // An existing directory stays, with its entries.
    if (kind === 'directory' && this.#model.at(path)?.kind === 'directory') return true;
    const text = target?.toString('latin1') ?? '';
    const entry = { kind, mode: header.mode, target: text, start: null, open: false };
    const linked = target === null ? this.#linked(header, path, entry) : undefined;
    const made = linked ?? entry;
    this.#model.set(path, made);
    // A further name without data leaves the file unchanged.
    if (kind !== 'file' || (linked !== undefined && header.size === 0)) this.#file = null;
    else this.#file = Object.assign(made, { mode: header.mode, start: null, open: true });
    this.#first = Buffer.alloc(0);
    return true;
  }

  #isFull(): boolean {
    return this.#model.full || ++this.#members > RAMDISK_LIMITS.members;
  }

  /** The file that an earlier name of the same inode made; undefined if there is none. */
  #linked(header: CpioHeader, path: string, entry: BuiltEntry): BuiltEntry | undefined {
    if (entry.kind === 'directory') return undefined;
    const earlier = this.#model.earlier(header, path, entry);
    return earlier === null ? undefined : this.#model.at(earlier);
  }

  data(bytes: Buffer): void {
    if (this.#file !== null && this.#first.length < START)
      this.#first = Buffer.concat([this.#first, bytes.subarray(0, START - this.#first.length)]);
  }

  complete(): void {
    if (this.#file === null) return;
    const start = programStart(this.#first);
    // We make a copy, because a slice of a string keeps the whole string in memory.
    Object.assign(this.#file, {
      open: false,
      start: start && { ...start, needs: start.needs && Buffer.from(start.needs).toString() },
    });
  }

  trailer(): void {
    this.#model.trailer();
  }

  passedOver(): void {}

  /** The result of execve(2) for a program; null if it is missing. */
  program(path: string): Runnable | null {
    const made = this.#model.find(asBytes(path));
    if (made === undefined) return null;
    if (made.kind !== 'file') return { path, error: -13, why: `${path} is a ${made.kind}` };
    if ((made.mode & 0o111) === 0) return { path, error: -13, why: `${path} is not executable` };
    if (made.open) return { path, error: -26, why: `the archive ends in the middle of ${path}` };
    return startsAs(
      made.start,
      path,
      null,
      (needed) => this.#model.find(asBytes(needed))?.kind === 'file',
    );
  }
}
