import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Creates a small file, because mount(2) does not tell whether flash takes writes. */
interface WriteProbe {
  path: string;
}

export const writeProbe: StepKind<WriteProbe> = {
  inverse: ({ path }) => ({ kind: 'remove-tree', path }),
  condition: ({ path }) => ({ kind: 'present', path }),
  execute: ({ path }, system) => {
    // A start may have lost power before it removed the file.
    if (system.kind(path) === 'file') system.unlink(path);
    system.create(path, 'mountroot\n', 0o600);
    return true;
  },
  busy: null,
  // noclobber (set -C) is the shell's O_EXCL. It does not follow a symlink that somebody put there.
  shell: ({ path }) => `{ rm -f ${quote(path)} && (set -C && echo mountroot >${quote(path)}); }`,
  // This forks neither an rm, if the file is missing, nor a subshell.
  guardedShell: ({ path }) =>
    `{ [ ! -f ${quote(path)} ] || rm -f ${quote(path)}; } && ` +
    `set -C && echo mountroot >${quote(path)}; result=$?; set +C; [ $result -eq 0 ]`,
};
