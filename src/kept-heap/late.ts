/** What a process from a heap loads anew: the addons, and ffi-napi's packages over them. */
import { writeSync } from 'node:fs';
import { loadPackages } from 'late-packages';
import { openSystem } from '../system/ffi.js';
import type { System } from '../system/port.js';

/** The addon of a path, as `require` would give it. */
export type FindAddon = (path: string) => unknown;

/**
 * Loads ffi-napi, ref-napi and the shim over some addons. They import nothing else but Node's own.
 */
export function loadOver(find: FindAddon): void {
  loadPackages((name) => (name.endsWith('.node') ? find(name) : process.getBuiltinModule(name)));
}

export function openOver(find: FindAddon): System {
  loadOver(find);
  return openSystem();
}

export function dlopen(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}

/** Tells the launcher that the heap was usable. */
export function tellBegun(descriptor: number): void {
  try {
    writeSync(descriptor, '.');
  } catch {
    // A person called it by hand, without the pipe.
  }
}
