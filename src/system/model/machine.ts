import type { Board } from './board.js';
import type { Calls, FaultAt } from './calls.js';
import type { Devices } from './model-devices.js';
import type { Paths } from './model-paths.js';
import type { Tree } from './model-tree.js';
import type { Mounts } from './mounts.js';

export interface Faults {
  at?: FaultAt;
  /** File system types that come up read-only although mount(2) returns 0. */
  readonly?: readonly string[];
  /** Files on / that a process has open for writing. */
  writers?: string[];
  /** Runs before each call, as another process would: it may change the board's files. */
  between?: (board: Board) => void;
  /** Files and directories of the kernel that are missing, empty, or refuse with this errno. */
  sources?: Readonly<Record<string, string>>;
}

/** The shared state of the groups of calls: one running board. */
export interface Machine {
  readonly board: Board;
  readonly faults: Required<Faults>;
  readonly mounts: Mounts;
  readonly devices: Devices;
  readonly paths: Paths;
  readonly calls: Calls;
  /** The content of devtmpfs. */
  readonly dev: Tree;
  /** The program that process 1 became; null while it is the agent. */
  init: string | null;
  /** The messages that a thread would have written to the kernel log during a slow call. */
  readonly lines: string[];
}
