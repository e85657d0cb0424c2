import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Makes a directory, unless it is there. */
interface Mkdir {
  path: string;
  mode: number;
  /** The file types that may exist already. A symlink never counts as a directory. */
  accept: 'directory' | 'anything';
  /** True if a failed plan leaves the directory, because the notes in it stay too. */
  stays?: true;
}

export const mkdir: StepKind<Mkdir> = {
  inverse: ({ path, stays }) => (stays ? null : { kind: 'rmdir', path }),
  condition: ({ path, accept }) => ({
    kind: accept === 'directory' ? 'directory' : 'present',
    path,
  }),
  execute: ({ path, mode, accept }, system) => {
    const kind = system.kind(path);
    if (kind === 'missing') {
      system.mkdir(path, mode);
      return true;
    }
    if (accept === 'directory' && kind !== 'directory')
      throw new SystemError({
        what: `use ${path} as a directory, because it is a ${kind}`,
        syscall: 'mkdir',
        errno: 'ENOTDIR',
        path,
      });
    return false;
  },
  busy: null,
  shell: ({ path, mode }) => `mkdir -m ${mode.toString(8).padStart(4, '0')} ${quote(path)}`,
  shellSkips: ({ path, accept }) => {
    const word = quote(path);
    return accept === 'directory' ? `{ [ -d ${word} ] && [ ! -h ${word} ]; }` : `[ -e ${word} ]`;
  },
};
