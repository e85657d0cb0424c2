import { asideName } from '../system/aside.js';
import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import { foreignIn } from '../system/trust.js';
import { quote } from '../text/shell.js';
import type { Performed, StepKind } from './step-kind.js';

/** Makes a directory, unless it is there. */
interface Mkdir {
  path: string;
  mode: number;
  /** The file types that may exist already. A symlink never counts as a directory. */
  accept: 'directory' | 'anything';
  /** True if a failed plan leaves the directory, because the notes in it stay too. */
  stays?: true;
}

/** Anybody may have made something in /tmp before us, and could exchange what is his later. */
const isOpenToAll = (path: string): boolean => path.startsWith('/tmp/');

/** Moves aside what somebody else made, and makes our directory in its place. */
function replaced(path: string, mode: number, why: string, system: System): Performed {
  const aside = asideName(path, system);
  system.rename(path, aside);
  system.mkdir(path, mode);
  return { changed: true, warnings: [`${why}, so it is ${aside} now`] };
}

export const mkdir: StepKind<Mkdir> = {
  inverse: ({ path, stays }) => (stays ? null : { kind: 'rmdir', path }),
  condition: ({ path, accept }) => ({
    kind: accept === 'directory' ? 'directory' : 'present',
    path,
  }),
  execute: ({ path, mode, accept }, system) => {
    const kind = system.kind(path);
    const foreign = kind === 'missing' || !isOpenToAll(path) ? null : foreignIn(system, path);
    if (foreign?.at === path) return replaced(path, mode, foreign.why, system);
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
    if (accept !== 'directory') return `[ -e ${word} ]`;
    const own = isOpenToAll(path) ? ` && [ -O ${word} ]` : '';
    return `{ [ -d ${word} ] && [ ! -h ${word} ]${own}; }`;
  },
};
