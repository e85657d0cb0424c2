import type { System } from '../port.js';
import type { Machine } from './machine.js';
import { Errno } from './model-tree.js';

/** The calls that concern the process itself. */
export function processCalls(
  machine: Machine,
): Pick<System, 'execve' | 'chdir' | 'lock' | 'sleep' | 'during' | 'watchdog'> {
  const { calls, lines, paths } = machine;
  return {
    execve: (path) =>
      calls.change({ name: 'execve', path }, () => {
        if (paths.must(path, true).kind !== 'file') throw new Errno('EACCES');
        machine.init = path;
      }),
    chdir: (path) =>
      calls.change({ name: 'chdir', path }, () => {
        if (paths.must(path, true).kind !== 'directory') throw new Errno('ENOTDIR');
      }),
    lock: () => true,
    sleep: () => {},
    during: (text) => void (text !== null && lines.push(text)),
    watchdog: () => {},
  };
}
