import { SystemError } from '../system/system-error.js';
import type { Limit, StepKind } from './step-kind.js';

/**
 * Tests whether a file system supports the two flags of renameat2(2) that overlay needs, and
 * whether programs can map its files for shared writing.
 */
interface ProbeWhiteout {
  /** The path of a file that is made for the test and removed afterwards. */
  folder: string;
}

/** Other errors do not show whether the file system and the kernel support the flag. */
const REFUSED_AS_UNKNOWN: readonly string[] = ['EINVAL', 'ENOSYS'];

/** jffs2 says the first (generic_file_readonly_mmap), and a file system without mmap the other. */
const NOT_MAPPED: readonly string[] = ['EINVAL', 'ENODEV'];

export const probeWhiteout: StepKind<ProbeWhiteout> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ folder }, system) => {
    const warnings: string[] = [];
    const limits: Limit[] = [];
    const attempt = (limit: Limit, call: () => void): void => {
      try {
        call();
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        warnings.push(error.message);
        if (REFUSED_AS_UNKNOWN.includes(error.errno)) limits.push(limit);
      }
    };
    /** Most programs do without, so it is no warning. */
    const map = (path: string): void => {
      try {
        system.mapShared(path);
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        if (NOT_MAPPED.includes(error.errno)) limits.push('no-shared-mapping');
      }
    };
    system.removeTree(folder);
    system.mkdir(folder, 0o700);
    const at = (name: string): string => `${folder}/${name}`;
    try {
      for (const name of ['from', 'one', 'other']) system.create(at(name), '', 0o600);
      map(at('one'));
      attempt('no-rename-whiteout', () => system.renameLeavingWhiteout(at('from'), at('to')));
      attempt('no-rename-exchange', () => system.exchange(at('one'), at('other')));
    } finally {
      system.removeTree(folder);
    }
    return { changed: true, warnings, limits };
  },
  busy: null,
  shell: () => ':',
};
