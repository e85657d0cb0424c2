import type { LoneFiles } from '../../system/tree-pairs.js';
import type { BootReason } from './boot-reason.js';

export const DIFF_SCHEMA = 'mountroot.diff/1';

/**
 * How a name in the upper layer differs from the image. `metadata`: only mode, owner, time or
 * attributes differ. `replaced`: the kind differs from the image's. `opaque`: a directory that
 * hides the image's. `redirected`: a directory that shows another one of the image. `metacopy`:
 * only the metadata of a file are in the upper layer. `same`: copied up, and not changed. `stale`:
 * a whiteout of a name that the image does not have. `unread`: of the same size, but the content
 * cannot be read.
 */
export const KINDS = [
  'added',
  'changed',
  'metadata',
  'deleted',
  'replaced',
  'opaque',
  'redirected',
  'metacopy',
  'unread',
  'same',
  'stale',
] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds that make / differ from the image. */
const DIFFERENT: readonly Kind[] = KINDS.filter((kind) => kind !== 'same' && kind !== 'stale');

export type What =
  'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket' | 'other';

/** The identity of a file of the image; see facts/rom-manifest.ts. */
export interface KnownFile {
  size: number;
  mtime: number;
  crc: string | null;
}

export interface DiffEntry {
  kind: Kind;
  /** Below the root, without a leading slash; one character for each byte. '' is the root. */
  path: string;
  /** The type of the file in the upper layer; of a deleted one, that in the image. */
  of: What;
  /** Length of the content. */
  size: number;
  /** The bytes that it takes on its volume, if known. The second name of a file takes none. */
  takes: number;
  /** The same path in the image; null if it does not exist. */
  rom: { of: What; size: number } | null;
  /** The metadata that differ, as text. */
  differs?: { what: 'mode' | 'owner' | 'time' | 'attributes'; rom: string; upper: string }[];
  /** The path of the image that a redirect names. */
  from?: string;
  /** Why the change does nothing here: the boot comes before the overlay. */
  reason?: BootReason;
  /** The image's file is newer than the one from which this file was made. */
  shadows?: { was: KnownFile; now: KnownFile; sure: boolean };
}

export interface DiffProblem {
  /** As in an entry. */
  path: string;
  error: string;
}

/** Files of one directory that only the upper layer has, as their entries. */
export const addedEntries = ({ folder, names, numbers }: LoneFiles): DiffEntry[] =>
  names.split('/').map((name, index) => ({
    kind: 'added',
    path: folder + name,
    of: 'file',
    size: numbers[2 * index]!,
    takes: numbers[2 * index + 1]!,
    rom: null,
  }));

/** The result for a name; null if there is nothing to report. */
export type NameResult = DiffEntry | { problem: DiffProblem } | null;

/**
 * A result of a walk. Files that are added one after another come together, because there may be
 * many thousands.
 */
export type WalkResult = NameResult | { added: LoneFiles };

/** The same, name by name. */
export const eachOf = (result: WalkResult): NameResult[] =>
  result !== null && 'added' in result ? addedEntries(result.added) : [result];

export interface Sum {
  count: number;
  size: number;
  takes: number;
}

/** Sums over all results of a walk. */
export class Totals {
  readonly kinds = Object.fromEntries(
    KINDS.map((kind) => [kind, { count: 0, size: 0, takes: 0 }]),
  ) as Record<Kind, Sum>;
  looked = 0;
  shadows = 0;
  problems = 0;
  /** Changes that the boot does not see. */
  beforeBoot = 0;

  add(told: WalkResult): void {
    this.looked++;
    if (told === null) return;
    if ('problem' in told) return void this.problems++;
    if ('added' in told) return this.addFiles(told.added);
    const sum = this.kinds[told.kind];
    sum.count++;
    // Counts only content in the upper layer.
    if (told.of === 'file' && told.kind !== 'deleted' && told.kind !== 'metacopy')
      sum.size += told.size;
    sum.takes += told.takes;
    if (told.shadows) this.shadows++;
    if (told.reason) this.beforeBoot++;
  }

  private addFiles({ numbers, size, takes }: LoneFiles): void {
    const sum = this.kinds.added;
    const count = numbers.length / 2;
    this.looked += count - 1;
    sum.count += count;
    sum.size += size;
    sum.takes += takes;
  }

  get all(): Sum {
    return KINDS.map((kind) => this.kinds[kind]).reduce((sum, each) => ({
      count: sum.count + each.count,
      size: sum.size + each.size,
      takes: sum.takes + each.takes,
    }));
  }

  get different(): boolean {
    return DIFFERENT.some((kind) => this.kinds[kind].count > 0);
  }
}

/** The entries that take most space. They are few, so a sorted list is as fast as a heap. */
export class Biggest {
  readonly entries: DiffEntry[] = [];
  constructor(private readonly most: number) {}

  add(told: WalkResult): void {
    for (const each of eachOf(told)) if (each !== null && !('problem' in each)) this.take(each);
  }

  private take(entry: DiffEntry): void {
    const { entries, most } = this;
    const bigger = (one: DiffEntry, other: DiffEntry): boolean =>
      one.takes > other.takes || (one.takes === other.takes && one.size > other.size);
    const least = entries.at(-1);
    if (entries.length >= most && (least === undefined || !bigger(entry, least))) return;
    let at = entries.length;
    while (at > 0 && bigger(entry, entries[at - 1]!)) at--;
    entries.splice(at, 0, entry);
    if (entries.length > most) entries.pop();
  }
}
