import { enter, type Doors } from '../boot/enter.js';
import { BEGUN_FD } from '../facts/installation.js';
import { exitNow } from '../system/ffi.js';
import type { System } from '../system/port.js';
import { dlopen, openOver, tellBegun, type FindAddon } from './late.js';
import { AGENT, isSameAgent, isSameNode } from './same-program.js';

export interface Resumption {
  begun?: number;
  find?: FindAddon;
  /** Wraps the system. */
  before?: (system: System) => System;
  doors?: Partial<Doors>;
}

/** Starts from a kept heap, in a process that has just begun. The warm-up passes options. */
export function resume({
  begun = BEGUN_FD,
  find = dlopen,
  before,
  doors = {},
}: Resumption = {}): Promise<void> {
  // The launcher then starts the agent's own file.
  if (!isSameNode() || !isSameAgent()) process.exit(1);
  tellBegun(begun);
  const open = (): System => {
    const system = openOver(find);
    return before === undefined ? system : before(system);
  };
  return enter({
    heap: true,
    openSystem: () => Promise.resolve(open()),
    exit: exitNow,
    reports: (words) => {
      open().execve(process.execPath, [AGENT, ...words], process.env);
      return Promise.resolve(1);
    },
    ...doors,
  });
}
