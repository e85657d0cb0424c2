import type { System } from '../system/port.js';
import type { Condition } from './conditions.js';
import type { MountTable } from './mount-table.js';
import type { Action } from './step.js';

/**
 * The operations that fail on the root because its file system or the kernel lacks a flag of
 * renameat2(2), or mappings for shared writing. The words are stable, because state.json has them.
 */
export type Limit = 'no-rename-whiteout' | 'no-rename-exchange' | 'no-shared-mapping';

/** The result of a step. */
export interface Performed {
  /** False if the step's result existed already. Then the step is not undone either. */
  changed: boolean;
  /** The parts that a successful step left out, one sentence each. */
  warnings: string[];
  /** The operations that fail on the root, as the step found out. */
  limits?: Limit[];
}

/**
 * One command for busybox's sh whose status says whether it worked, or the operation that sh cannot
 * do.
 */
type ShellForm = string | { cannot: string };

/**
 * Everything about one kind of step. Each file beside this one describes one kind, and index.ts
 * lists them all. `Data` is the data that a plan has for a step of this kind.
 */
export interface StepKind<Data> {
  /** The action that undoes this one; null if undoing is unnecessary or impossible. */
  inverse: (action: Data) => Action | null;
  /**
   * The condition that must hold afterwards. The check asks the kernel and does not rely on a
   * return value.
   */
  condition: (action: Data) => Condition;
  /**
   * Performs the step, and returns whether it changed anything. A dry run calls this too, to learn
   * the system calls.
   * @throws {SystemError} from its system calls.
   */
  execute: (action: Data, system: System) => boolean | Performed;
  /**
   * The text that the console shows during a step that may take seconds or minutes; the watchdog is
   * fed meanwhile. Null for a quick step.
   */
  busy: ((action: Data) => string) | null;
  /** Its command in a script of `plan --format sh`. */
  shell: (action: Data) => ShellForm;
  /**
   * True if the system calls of a step depend on the files that it finds. `plan` then shows one
   * call with the step's name instead.
   */
  shownAs?: 'one call';
  /** A test for the shell that says whether the step can be left out; it is not undone then. */
  shellSkips?: (action: Data) => string;
  /** Its command in the script that runs before the agent, if it differs. */
  guardedShell?: (action: Data) => string;
  /** The command that undoes it in that script if `inverse` has none; null for nothing. */
  guardedUndo?: (action: Data) => string | null;
  /** Only for a step that moves mounts: the new path of a file after it. */
  relocate?: (action: Data, path: string) => string;
  /** Only for a step that mounts or unmounts: the table of mounts after it. */
  remakeTable?: (action: Data, table: MountTable) => MountTable;
  /** Only for a step that makes another root `/`: nothing is undone after it. */
  entersNewRoot?: true;
}
