import { statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadPackages } from 'late-packages';
import { enter, type Doors } from '../boot/enter.js';
import { AGENT_FILE, BEGUN_FD } from '../facts/installation.js';
import { openSystem } from '../system/ffi.js';
import type { System } from '../system/port.js';

/** Where the heap was written, beside the agent's own file. */
declare const __dirname: string;
const AGENT = join(__dirname, AGENT_FILE);

function agentMark(): string {
  const { size, mtime } = statSync(AGENT);
  return `${size} ${mtime.getTime()}`;
}

/** The agent as it was when the heap was written. */
const agentWhenWritten = agentMark();

/** The addon of a path, as `require` would give it. */
export type FindAddon = (path: string) => unknown;

/**
 * Makes ffi-napi and ref-napi, and the shim, over some addons. What else they ask for is Node's
 * own.
 */
export function openOver(find: FindAddon): System {
  loadPackages((name) => (name.endsWith('.node') ? find(name) : process.getBuiltinModule(name)));
  return openSystem();
}

export function dlopen(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

export interface Resumption {
  begun?: number;
  find?: FindAddon;
  /** What stands before the system. */
  before?: (system: System) => System;
  doors?: Partial<Doors>;
}

/**
 * Goes on with a kept heap, in a process that just began; all that is not as there is for warming
 * up.
 */
export function resume({
  begun = BEGUN_FD,
  find = dlopen,
  before,
  doors = {},
}: Resumption = {}): Promise<void> {
  // The heap is older than the agent: whoever called Node takes the agent's own file then.
  if (agentMark() !== agentWhenWritten) process.exit(1);
  try {
    writeSync(begun, '.');
  } catch {
    // Called by hand.
  }
  const open = async (): Promise<System> => {
    const system = openOver(find);
    return before === undefined ? system : before(system);
  };
  return enter({
    heap: true,
    openSystem: open,
    reports: async (words) => {
      (await open()).execve(process.execPath, [AGENT, ...words], process.env);
      return 1;
    },
    ...doors,
  });
}
