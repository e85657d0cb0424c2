import type { System } from '../system/port.js';
import { SystemError } from '../system/system-error.js';
import { quote } from '../text/shell.js';
import type { Performed, StepKind } from './step-kind.js';

/**
 * Makes a directory with the owner, mode and extended attributes of another, unless it is there. It
 * gets its name last, so that a power cut leaves no directory with another owner.
 */
interface MakeLike {
  path: string;
  like: string;
}

const nextOf = (path: string): string => `${path}.next`;

/** A file system without these attributes still holds the files. */
const UNSUPPORTED = ['EOPNOTSUPP', 'ENOTSUP', 'EINVAL'];

/** All but overlay's own notes, which are about another mount. */
function copyAttributes(system: System, like: string, next: string): string[] {
  const lost: string[] = [];
  for (const [name, value] of system.attributes(like)) {
    if (name.startsWith('trusted.overlay.')) continue;
    try {
      system.setAttribute(next, name, value);
    } catch (error) {
      if (!(error instanceof SystemError) || !UNSUPPORTED.includes(error.errno ?? '')) throw error;
      lost.push(name);
    }
  }
  return lost;
}

function make({ path, like }: MakeLike, system: System): Performed {
  const next = nextOf(path);
  const { mode, uid, gid } = system.details(like);
  system.removeTree(next);
  system.mkdir(next, 0o700);
  system.setOwner(next, uid, gid);
  system.setMode(next, mode);
  const lost = copyAttributes(system, like, next);
  system.syncfs(next);
  system.rename(next, path);
  return {
    changed: true,
    warnings:
      lost.length === 0 ? [] : [`${path} cannot have ${lost.join(', ')}, which ${like} has`],
  };
}

export const makeLike: StepKind<MakeLike> = {
  // What is in it later must stay.
  inverse: () => null,
  condition: ({ path }) => ({ kind: 'directory', path }),
  execute: (action, system) => {
    const kind = system.kind(action.path);
    if (kind === 'missing') return make(action, system);
    if (kind === 'directory') return false;
    throw new SystemError({
      what: `use ${action.path} as a directory, because it is a ${kind}`,
      syscall: 'mkdir',
      errno: 'ENOTDIR',
      path: action.path,
    });
  },
  busy: null,
  shownAs: 'one call',
  shell: ({ path, like }) => {
    const [next, model] = [quote(nextOf(path)), quote(like)];
    return (
      `{ rm -rf ${next} && mkdir -m 0700 ${next} && ` +
      `chown "$(stat -c %u:%g ${model})" ${next} && chmod "$(stat -c %a ${model})" ${next} && ` +
      `sync && mv ${next} ${quote(path)}; }`
    );
  },
  shellSkips: ({ path }) => `{ [ -d ${quote(path)} ] && [ ! -h ${quote(path)} ]; }`,
};
