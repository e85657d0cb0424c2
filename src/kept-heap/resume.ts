import { statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { loadPackages } from 'late-packages';
import { enter, type Doors } from '../boot/enter.js';
import { AGENT_FILE, BEGUN_FD } from '../facts/installation.js';
import { exitNow, openSystem } from '../system/ffi.js';
import type { System } from '../system/port.js';

/** The folder of the heap, which is also the agent's. */
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
 * Loads ffi-napi, ref-napi and the shim over some addons. They import nothing else but Node's own.
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
  // The heap is older than the agent: the launcher then starts the agent's own file.
  if (agentMark() !== agentWhenWritten) process.exit(1);
  try {
    writeSync(begun, '.');
  } catch {
    // A person called it by hand, without the pipe.
  }
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
