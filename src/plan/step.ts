import type { MountFlag } from '../system/flags.js';

/** How a mount takes part in the events of its peers, as it was before a plan changed it. */
export interface Propagation {
  mountpoint: string;
  was: 'shared' | 'unbindable';
}

/** What a step does. Adding a kind makes the executors, the inverses, the conditions and the shell form refuse to compile until they know it. */
export type Action =
  /** MS_REC|MS_PRIVATE on a tree; `before` lists what its undoing restores, peer groups in the order of their numbers. */
  | { kind: 'make-private'; path: string; before: Propagation[] }
  | { kind: 'restore-propagation'; before: Propagation[] }
  /** `accept`: what may already stand there; a symlink never counts as a directory. */
  | { kind: 'mkdir'; path: string; mode: number; accept: 'directory' | 'anything' }
  | { kind: 'rmdir'; path: string }
  | { kind: 'mount'; source: string; target: string; fstype: string; flags: MountFlag[]; data: string | null }
  | { kind: 'umount'; path: string; fstype: string }
  | { kind: 'move'; from: string; to: string }
  | { kind: 'remove-tree'; path: string }
  /** Creates a small file: what mount(2) returns does not tell whether flash takes writes. */
  | { kind: 'write-probe'; path: string }
  | { kind: 'pivot-root'; newRoot: string; putOld: string }
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
  /** The visible mount at `path` is of this type (null: any) and, where asked, its file system takes writes. */
  | { kind: 'mounted'; path: string; fstype: string | null; writable: boolean }
  /** The visible mount at `path`, if there is one, is not of this type. */
  | { kind: 'not-mounted'; path: string; fstype: string | null }
  /** Neither the mount at `path` nor one below it is shared. */
  | { kind: 'not-shared'; path: string }
  | { kind: 'nothing' };
