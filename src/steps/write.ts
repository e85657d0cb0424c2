import { ATTEMPTS } from '../facts/places.js';
import type { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import { FULL } from '../system/errno.js';
import type { StepKind } from './step-kind.js';

/** Replaces one of our small files atomically. */
interface Write {
  path: string;
  content: string;
  /** A missing file means the same. If there is no room for the file, the old one is removed. */
  orNone?: true;
}

const printed = ({ path, content, orNone }: Write): string => {
  const next = quote(`${path}.next`);
  return (
    `{ rm -f ${next} && printf %s ${quote(content)} >${next} && sync && ` +
    `mv -f ${next} ${quote(path)}${orNone ? ` || rm -f ${next} ${quote(path)}` : ''}; }`
  );
};

/**
 * The count of unconfirmed starts. A script learns it only when it runs, and holds it in the
 * shell's variable `attempts`, which is empty if the file is missing.
 */
const isCount = ({ path }: Write): boolean => path.endsWith(`/${ATTEMPTS}`);

/** The same for a number. rm runs only if the file exists, because each command costs a process. */
const echoed = (path: string, text: string): string => {
  const next = quote(`${path}.next`);
  return (
    `{ [ ! -e ${next} ] || rm -f ${next}; } && echo "${text}" >${next} && sync && ` +
    `mv -f ${next} ${quote(path)}`
  );
};

export const write: StepKind<Write> = {
  // Nothing undoes a note: it was true when it was written, and the next one replaces it.
  inverse: () => null,
  condition: ({ path, content, orNone }) => ({
    ...{ kind: 'reads', path, content },
    ...(orNone && { orMissing: orNone }),
  }),
  execute: ({ path, content, orNone }, system) => {
    try {
      system.replace(path, content, 0o644);
    } catch (error) {
      if (!orNone || !FULL.includes((error as SystemError).errno)) throw error;
      if (system.kind(path) !== 'missing') system.unlink(path);
    }
    return true;
  },
  busy: null,
  shell: printed,
  guardedShell: (action) =>
    isCount(action) ? echoed(action.path, '$((${attempts:-0} + 1))') : printed(action),
  // After a failed script the agent runs, and it counts this start itself.
  guardedUndo: (action) =>
    isCount(action)
      ? `if [ -n "$attempts" ]; then ${echoed(action.path, '$attempts')}; ` +
        `else rm -f ${quote(action.path)}; fi`
      : null,
};
