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
  /** Files on / that some process has open for writing. */
  writers?: string[];
}

/** What the groups of calls share: one board under power. */
export interface Machine {
  readonly board: Board;
  readonly faults: Required<Faults>;
  readonly mounts: Mounts;
  readonly devices: Devices;
  readonly paths: Paths;
  readonly calls: Calls;
  /** What a mount of devtmpfs shows. */
  readonly dev: Tree;
  /** What process 1 became; null as long as it is the agent. */
  init: string | null;
  /** What a thread would have said on the kernel log while a call was busy. */
  readonly lines: string[];
}
