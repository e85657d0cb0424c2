import type { MountFlag } from '../system/flags.js';

/** How a mount takes part in the events of its peers, as it was before a plan changed it. */
export interface Propagation {
  mountpoint: string;
  was: 'shared' | 'unbindable';
}

/**
 * What a step does. Adding a kind makes the executors, the inverses, the conditions and the shell
 * form refuse to compile until they know it.
 */
export type Action =
  /**
   * MS_REC|MS_PRIVATE on a tree; `before` lists what its undoing restores, peer groups in the order
   * of their numbers.
   */
  | { kind: 'make-private'; path: string; before: Propagation[] }
  | { kind: 'restore-propagation'; before: Propagation[] }
  /**
   * `accept`: what may already stand there; a symlink never counts as a directory. `stays`: it is
   * not taken back, for what is noted in it stays too.
   */
  | { kind: 'mkdir'; path: string; mode: number; accept: 'directory' | 'anything'; stays?: true }
  | { kind: 'rmdir'; path: string }
  /** `writable`: the plan is of no use if it comes up read-only. */
  | {
      kind: 'mount';
      source: string;
      target: string;
      fstype: string;
      flags: MountFlag[];
      data: string | null;
      writable: boolean;
    }
  /**
   * `lazy`: only hidden, until nobody uses it any more. `again`: the mount that undoing makes; null
   * where nothing is to be undone.
   */
  | { kind: 'umount'; path: string; fstype: string; lazy: boolean; again: ActionOf<'mount'> | null }
  /**
   * Makes the whole file system that is mounted at `path` read-only, or writable again; EBUSY while
   * a file on it is open for writing, for which `patience` seconds are waited.
   */
  | {
      kind: 'remount';
      path: string;
      readonly: boolean;
      flags: MountFlag[];
      inverse: boolean;
      patience: number;
    }
  | { kind: 'move'; from: string; to: string }
  | { kind: 'remove-tree'; path: string }
  | { kind: 'rename'; from: string; to: string }
  /** A small file or symlink of ours in the place of the one before it, whole or not at all. */
  | { kind: 'write'; path: string; content: string }
  | { kind: 'link'; path: string; target: string }
  | { kind: 'unlink'; path: string }
  /** Removes all below `path` but what `keep` names (absolute within it). */
  | { kind: 'clear'; path: string; keep: string[] }
  /**
   * Makes `to` what `from` is: `whole` once, then only what has changed since; behind the `last`
   * nothing may be missing.
   */
  | { kind: 'copy'; from: string; to: string; pass: 'whole' | 'changes' | 'last' }
  | { kind: 'sync'; path: string }
  /**
   * Notes below `at` what the files of the image are, and which of them those of the upper layer
   * were written over.
   */
  | { kind: 'record-rom'; at: string; upper: string; rom: string; fstype: string; device: string }
  /**
   * Erases a partition, last block first: the first holds the order to do it, which must outlast a
   * power cut.
   */
  | { kind: 'erase'; device: string; size: number; eraseBlock: number }
  /** Erases the first block and writes the order to erase all of it. */
  | { kind: 'mark-for-erase'; device: string; eraseBlock: number }
  | { kind: 'attach-ubi'; mtd: number }
  /** Waits until a volume of this name is there. */
  | { kind: 'wait-for'; volume: string; seconds: number }
  /**
   * Tries whether the file system can leave a whiteout where something is renamed away; overlay
   * needs it.
   */
  | { kind: 'probe-whiteout'; folder: string }
  /**
   * Looks that nothing was mounted on the root since the plan was made but at `known`: what is not
   * moved stays behind.
   */
  | { kind: 'probe-mounts'; newRoot: string; known: string[] }
  /** Keeps the journal of this boot, so far, on the data volume at `at`. */
  | { kind: 'keep-journal'; at: string; most: number }
  /** Creates a small file: what mount(2) returns does not tell whether flash takes writes. */
  | { kind: 'write-probe'; path: string }
  | { kind: 'pivot-root'; newRoot: string; putOld: string }
  /**
   * Where pivot_root(2) cannot: out of an initramfs. `init` is what this process becomes when the
   * plan is carried out.
   */
  | { kind: 'switch-root'; newRoot: string; init: string }
  /**
   * Removes what is left in the root that was switched away from, which is memory that nothing else
   * frees.
   */
  | { kind: 'free-memory' }
  | { kind: 'chdir'; path: string };

export type ActionKind = Action['kind'];
export type ActionOf<K extends ActionKind> = Extract<Action, { kind: K }>;

export interface Step {
  /** Short and unique within its plan: journal, milestones and tests name steps by it. */
  id: string;
  action: Action;
  /** One sentence for whoever reads the plan or the journal. */
  why: string;
  /** `fatal`: the plan cannot go on without it. `warn`: the root works without it. */
  severity: 'fatal' | 'warn';
}

/** What holds after a step: looked up in the kernel, not concluded from a return value. */
export type Condition =
  | { kind: 'directory'; path: string }
  | { kind: 'present'; path: string }
  | { kind: 'missing'; path: string }
  /**
   * The visible mount at `path` is of this type (null: any) and, where asked, its file system takes
   * writes.
   */
  | { kind: 'mounted'; path: string; fstype: string | null; writable: boolean }
  /** The visible mount at `path`, if there is one, is not of this type. */
  | { kind: 'not-mounted'; path: string; fstype: string | null }
  /** Neither the mount at `path` nor one below it is shared. */
  | { kind: 'not-shared'; path: string }
  /** Nothing is left below `path` but what `keep` names. */
  | { kind: 'cleared'; path: string; keep: string[] }
  /** The root has no mounts of its own but at these places. */
  | { kind: 'mounts-known'; newRoot: string; known: string[] }
  | { kind: 'reads'; path: string; content: string }
  | { kind: 'links'; path: string; target: string }
  | { kind: 'readonly'; path: string; readonly: boolean }
  | { kind: 'nothing' };
