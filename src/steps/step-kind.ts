import type { System } from '../system/port.js';
import type { Condition } from './conditions.js';
import type { MountTable } from './mount-table.js';
import type { Action } from './step.js';

/**
 * What the root cannot do although it is there, because its file system or the kernel lacks a flag
 * of renameat2(2). Stable words: state.json has them.
 */
export type Limit = 'no-rename-whiteout' | 'no-rename-exchange';

/** What a step came to. */
export interface Performed {
  /** False where what the step makes was there already, so that it is not undone either. */
  changed: boolean;
  /** What was left out on the way although the whole went well, one sentence each. */
  warnings: string[];
  /** What it found that the root cannot do. */
  limits?: Limit[];
}

/** One command for busybox's sh whose status says whether it worked, or what sh cannot do. */
type ShellForm = string | { cannot: string };

/**
 * All that is known about one kind of step. Each file beside this one describes one kind, and
 * index.ts names them all. `Data` is what a plan says about a step of this kind.
 */
export interface StepKind<Data> {
  /** The action that undoes this one; null where nothing has to be undone, or nothing can be. */
  inverse: (action: Data) => Action | null;
  /**
   * What must hold afterwards. It is looked up in the kernel, not concluded from a return value.
   */
  condition: (action: Data) => Condition;
  /**
   * Does it, and returns whether it changed anything. A dry run calls it too, to learn its calls.
   * @throws {SystemError} as the calls that it makes.
   */
  execute: (action: Data, system: System) => boolean | Performed;
  /**
   * What the console shows while it runs, for a step that may take seconds or minutes; the watchdog
   * is fed meanwhile. Null for a step that is over at once.
   */
  busy: ((action: Data) => string) | null;
  /** Its form in a script that `plan --format sh` writes. */
  shell: (action: Data) => ShellForm;
  /**
   * `plan` shows the system calls of a step, but for one whose calls depend on what it finds: that
   * is shown as one call, which bears the step's name.
   */
  shownAs?: 'one call';
  /** A test for the shell that says whether the step can be left out; it is not undone then. */
  shellSkips?: (action: Data) => string;
  /** Its form in the script that goes before the agent, where that differs. */
  guardedShell?: (action: Data) => string;
  /** Its undoing in that script, where `inverse` has none; null for nothing. */
  guardedUndo?: (action: Data) => string | null;
  /** Only for a step that moves mounts: where a path leads after it. */
  relocate?: (action: Data, path: string) => string;
  /** Only for a step that mounts or unmounts: the table of mounts after it. */
  remakeTable?: (action: Data, table: MountTable) => MountTable;
  /** Only for a step that makes another root `/`: nothing is undone after it. */
  entersNewRoot?: true;
}
