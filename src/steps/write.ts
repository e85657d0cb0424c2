import { ATTEMPTS } from '../facts/places.js';
import { quote } from '../text/shell.js';
import type { StepKind } from './step-kind.js';

/** Puts one of our small files in the place of the file before it, whole or not at all. */
interface Write {
  path: string;
  content: string;
}

const printed = ({ path, content }: Write): string => {
  const next = quote(`${path}.next`);
  return (
    `{ rm -f ${next} && printf %s ${quote(content)} >${next} && sync && ` +
    `mv -f ${next} ${quote(path)}; }`
  );
};

/**
 * The count of starts that were not confirmed. A script does not know it before it runs, and holds
 * it in the shell's variable `attempts`, which is empty where there is no such file.
 */
const isCount = ({ path }: Write): boolean => path.endsWith(`/${ATTEMPTS}`);

/** The same for a number. rm runs only where there is something, for each command is a process. */
const echoed = (path: string, text: string): string => {
  const next = quote(`${path}.next`);
  return (
    `{ [ ! -e ${next} ] || rm -f ${next}; } && echo "${text}" >${next} && sync && ` +
    `mv -f ${next} ${quote(path)}`
  );
};

export const write: StepKind<Write> = {
  // A note says what was true when it was written, and the next one replaces it.
  inverse: () => null,
  condition: ({ path, content }) => ({ kind: 'reads', path, content }),
  execute: ({ path, content }, system) => {
    system.replace(path, content, 0o644);
    return true;
  },
  busy: null,
  shell: printed,
  guardedShell: (action) =>
    isCount(action) ? echoed(action.path, '$((${attempts:-0} + 1))') : printed(action),
  // The agent, which comes after a script that failed, counts this start itself.
  guardedUndo: (action) =>
    isCount(action)
      ? `if [ -n "$attempts" ]; then ${echoed(action.path, '$attempts')}; ` +
        `else rm -f ${quote(action.path)}; fi`
      : null,
};
