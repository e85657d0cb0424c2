export const DIFF_SCHEMA = 'mountroot.diff/1';

/**
 * What a name in the upper layer is to the image. `metadata`: content alike, but not mode, owner,
 * time or attributes. `replaced`: of another kind than the image's. `opaque`: a directory through
 * which nothing of the image's shows. `redirected`: a directory that shows another one of the
 * image's. `metacopy`: a file of which only the metadata is in the upper layer. `same`: copied up,
 * and no different. `stale`: a deletion of what the image does not have. `unread`: of the same
 * size, and its content cannot be read.
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

/** Those by which / is not what the image is. */
const DIFFERENT: readonly Kind[] = KINDS.filter((kind) => kind !== 'same' && kind !== 'stale');

export type What =
  'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket' | 'other';

/** What the image's file is known by; see facts/rom-manifest.ts. */
export interface KnownFile {
  size: number;
  mtime: number;
  crc: string | null;
}

export interface DiffEntry {
  kind: Kind;
  /** Below the root, without a leading slash; one character a byte. The root itself is ''. */
  path: string;
  /** What it is in the upper layer; of what is deleted what it was. */
  of: What;
  /** Length of the content. */
  size: number;
  /** Bytes that it takes on its volume, where that says; the second name of a file takes none. */
  takes: number;
  /** What is at this path in the image. */
  rom: { of: What; size: number } | null;
  /** What of the metadata differs, as text: of the image's, and of this one. */
  differs?: { what: 'mode' | 'owner' | 'time' | 'attributes'; rom: string; upper: string }[];
  /** The image's path that a redirect names. */
  from?: string;
  /** The image has a newer file than the one this was made from. */
  shadows?: { was: KnownFile; now: KnownFile; sure: boolean };
}

export interface DiffProblem {
  /** As in an entry. */
  path: string;
  error: string;
}

/**
 * What a walk tells, in the order in which it comes to it; null: a name of which there is nothing
 * to tell.
 */
export type WalkResult = DiffEntry | { problem: DiffProblem } | null;

export interface Sum {
  count: number;
  size: number;
  takes: number;
}

/** Sums over all that was told, and nothing that grows with it. */
export class Totals {
  readonly kinds = Object.fromEntries(
    KINDS.map((kind) => [kind, { count: 0, size: 0, takes: 0 }]),
  ) as Record<Kind, Sum>;
  looked = 0;
  shadows = 0;
  problems = 0;

  add(told: WalkResult): void {
    this.looked++;
    if (told === null) return;
    if ('problem' in told) return void this.problems++;
    const sum = this.kinds[told.kind];
    sum.count++;
    // What the upper layer holds none of is not counted: what is deleted, and content that is the
    // image's.
    if (told.of === 'file' && told.kind !== 'deleted' && told.kind !== 'metacopy')
      sum.size += told.size;
    sum.takes += told.takes;
    if (told.shadows) this.shadows++;
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

/**
 * The entries that take most, as many as are asked for: a heap would be no faster for the few that
 * a person reads.
 */
export class Biggest {
  readonly entries: DiffEntry[] = [];
  constructor(private readonly most: number) {}

  add(entry: DiffEntry): void {
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
