import { SystemError } from '../system/system-error.js';
import type { StepKind } from './step-kind.js';

/** Tries whether a file system has the two kinds of renameat2(2) that overlay needs of it. */
interface ProbeWhiteout {
  /** Made for the trial and removed after it. */
  folder: string;
}

export const probeWhiteout: StepKind<ProbeWhiteout> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: ({ folder }, system) => {
    const lacks: string[] = [];
    const attempt = (call: () => void): void => {
      try {
        call();
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        lacks.push(error.message);
      }
    };
    system.removeTree(folder);
    system.mkdir(folder, 0o700);
    try {
      for (const name of ['from', 'one', 'other']) system.create(`${folder}/${name}`, '', 0o600);
      attempt(() => system.renameLeavingWhiteout(`${folder}/from`, `${folder}/to`));
      attempt(() => system.exchange(`${folder}/one`, `${folder}/other`));
    } finally {
      system.removeTree(folder);
    }
    return { changed: true, warnings: lacks };
  },
  busy: null,
  shell: () => ':',
};
