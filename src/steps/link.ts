import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Replaces the file at a path by one of our symlinks, atomically. */
interface Link {
  path: string;
  target: string;
}

export const link: StepKind<Link> = {
  // Nothing undoes a note: it was true when it was written, and the next one replaces it.
  inverse: () => null,
  condition: ({ path, target }) => ({ kind: 'links', path, target }),
  execute: ({ path, target }, system) => {
    if (system.kind(path) === 'symlink' && system.readLink(path) === target) return false;
    system.replaceLink(target, path);
    return true;
  },
  busy: null,
  shell: ({ path, target }) => {
    const next = quote(`${path}.next`);
    return `{ rm -f ${next} && ln -s ${quote(target)} ${next} && mv -f ${next} ${quote(path)}; }`;
  },
};
