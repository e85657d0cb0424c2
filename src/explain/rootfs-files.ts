import type { Runnable } from '../facts/facts.js';
import { programStart, startsAs, type Start } from '../facts/origin.js';
import type { CpioHeader } from '../ramdisk/cpio.js';
import type { Sink } from '../ramdisk/cpio-machine.js';
import { kindOf } from '../ramdisk/member.js';
import { RootfsModel, type RootfsEntry } from '../ramdisk/rootfs-model.js';

/** A file that an archive has put into rootfs, as far as running it goes. */
interface BuiltEntry extends RootfsEntry {
  /**
   * What the first bytes of a file say; they themselves are not kept, for an archive may have a
   * great many files.
   */
  start: Start | null;
  /**
   * The archive ended while it was being written: it stays open for writing, and so cannot be run
   * (ETXTBSY).
   */
  open: boolean;
}

const START = 4096;

/** The model's paths are text of one character a byte. */
const asBytes = (path: string): string => Buffer.from(path).toString('latin1');

/**
 * What rootfs holds when the kernel has unpacked a ramdisk over its built-in cpio, as far as it
 * matters for what can be run.
 */
export class RootfsFiles implements Sink {
  readonly #model = new RootfsModel<BuiltEntry>(['/dev', '/root'], () => ({
    kind: 'directory',
    mode: 0o755,
    target: '',
    start: null,
    open: false,
  }));
  #file: BuiltEntry | null = null;
  #first = Buffer.alloc(0);

  /** @param name of the ramdisk. */
  constructor(private readonly name: string) {}

  member(header: CpioHeader, name: Buffer, target: Buffer | null): boolean {
    if (this.#model.full)
      throw new Error(
        `cannot look into ${this.name}: it has more names, or longer ones, than any ramdisk that is not made to fill memory; \`mountroot ramdisk list\` shows them`,
      );
    const kind = kindOf(header.mode);
    const path = kind === null ? null : this.#model.place(name.toString('latin1'));
    if (kind === null || path === null) return false;
    // A directory that is there already stays what it is, with what is in it.
    if (kind === 'directory' && this.#model.at(path)?.kind === 'directory') return true;
    let made: BuiltEntry = {
      kind,
      mode: header.mode,
      target: target?.toString('latin1') ?? '',
      start: null,
      open: false,
    };
    const earlier =
      target === null && kind !== 'directory' ? this.#model.earlier(header, path, made) : null;
    const linked = earlier === null ? undefined : this.#model.at(earlier);
    if (linked !== undefined) made = linked;
    this.#model.set(path, made);
    // A further name of a file without bytes of its own leaves it as it is.
    if (kind !== 'file' || (linked !== undefined && header.size === 0)) this.#file = null;
    else this.#file = Object.assign(made, { mode: header.mode, start: null, open: true });
    this.#first = Buffer.alloc(0);
    return true;
  }

  data(bytes: Buffer): void {
    if (this.#file !== null && this.#first.length < START)
      this.#first = Buffer.concat([this.#first, bytes.subarray(0, START - this.#first.length)]);
  }

  complete(): void {
    if (this.#file === null) return;
    const start = programStart(this.#first);
    // Only its own characters: what a pattern finds holds on to all that it was found in.
    Object.assign(this.#file, {
      open: false,
      start: start && { ...start, needs: start.needs && Buffer.from(start.needs).toString() },
    });
  }

  trailer(): void {
    this.#model.trailer();
  }

  passedOver(): void {}

  /** What running a program would come to; null where there is none. */
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
