import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Loads the module of a file system, and all modules that it needs. It stays loaded. */
interface LoadModule {
  /** modprobe, an absolute path. */
  program: string;
  module: string;
}

const argsOf = ({ module }: LoadModule): string[] => ['-q', '--', module];

export const loadModule: StepKind<LoadModule> = {
  inverse: () => null,
  condition: ({ module }) => ({ kind: 'file-system-known', fstype: module }),
  /** @throws {SystemError} ENODEV if the program says that it failed. */
  execute: (action, system) => {
    const status = system.run(action.program, argsOf(action));
    if (status !== 0)
      throw new SystemError({
        what: `load the module ${action.module}: ${action.program} ended with ${status}`,
        syscall: 'modprobe',
        errno: 'ENODEV',
        path: action.module,
      });
    return true;
  },
  busy: ({ module }) => `loading the module ${module}`,
  shell: (action) => [action.program, ...argsOf(action)].map(quote).join(' '),
};
