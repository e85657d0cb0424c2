/** Runs a program on a file system that is opened for writing in a mount namespace of its own. */
import { errnoName } from './errno.js';
import { openLibrary, pointers } from './native-library.js';
import { SystemError } from './system-error.js';
import { whyNotRoots } from './trust.js';
import { reader } from './files.js';

export interface MaintainTask {
  /** The mountpoint of the file system; it is the root of the program. */
  root: string;
  /** A file, on which only one process at a time has the lock. */
  lock: string;
  /** Whether the file system is made read-only at the end. */
  closes: boolean;
  /** What else the program sees, mounted within the root; the source `proc` is a new proc. */
  binds: readonly (readonly [source: string, target: string])[];
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
}

export interface Maintained {
  /** The program's exit status, or 128 and the signal that ended it. */
  status: number;
  /** The error with which the file system could not be made read-only; null if it could. */
  notClosed: string | null;
}

/** The stages of native/maintain.h, by number from 1 on, and what is attempted there. */
const STAGES: readonly [syscall: string, what: (task: MaintainTask) => string][] = [
  ['flock', ({ lock }) => `lock ${lock}`],
  ['fork', () => 'start a process'],
  ['unshare', () => 'make a mount namespace'],
  ['mount', ({ root }) => `open ${root} for writing`],
  ['mount', ({ root }) => `mount what programs need below ${root}`],
  ['execve', ({ argv }) => `run ${argv[0]}`],
];
const ERRNOS = 4096;

function failure(code: number, task: MaintainTask): SystemError {
  const [syscall, what] = STAGES[Math.floor(-code / ERRNOS) - 1]!;
  return new SystemError({
    what: what(task),
    syscall,
    errno: errnoName(-code % ERRNOS),
    path: task.root,
  });
}

/** @throws {SystemError} if words cannot be handed on, or somebody else made the lock's folder. */
function refuseWords(words: readonly string[], { lock, argv }: MaintainTask): void {
  const wrong = words.find((word) => word.includes('\0'));
  const folder = whyNotRoots(reader, lock.slice(0, lock.lastIndexOf('/')));
  if (wrong !== undefined || folder !== null)
    throw new SystemError({
      what: folder === null ? `run ${argv[0]}` : `lock ${lock}, because ${folder}`,
      syscall: folder === null ? 'execve' : 'flock',
      errno: folder === null ? 'EINVAL' : 'EPERM',
      path: lock,
    });
}

const openShim = () =>
  openLibrary('libmountroot.so', {
    mountroot_maintain: ['int32', ['pointer', 'pointer', 'pointer']],
    mountroot_open_below: ['int32', ['pointer']],
    mountroot_close_below: ['int32', []],
  });

const wordsOf = ({ root, lock, closes, binds }: MaintainTask): string[] => [
  root,
  lock,
  closes ? 'ro' : '',
  ...binds.flat(),
];

/** Whether a failure means that another process has the lock. */
const isLocked = ({ errno, syscall }: SystemError): boolean =>
  errno === 'EAGAIN' && syscall === 'flock';

/**
 * Opens a file system for writing, for this thread alone. The words stay in memory, because the
 * guard uses them.
 * @returns a function that makes it read-only again, and returns the error if it could not; null if
 * another process has the lock. @throws {SystemError}
 */
export function openBelow(
  place: Pick<MaintainTask, 'root' | 'lock' | 'closes'>,
): (() => string | null) | null {
  const task = { ...place, binds: [], argv: ['commit'], env: {} };
  const words = wordsOf(task);
  refuseWords(words, task);
  const shim = openShim();
  const handed = pointers(words);
  const code = shim.mountroot_open_below(handed as never);
  if (code < 0) {
    const error = failure(code, task);
    if (isLocked(error)) return null;
    throw error;
  }
  return () => {
    const closing = shim.mountroot_close_below();
    return handed.length > 0 && closing === 0 ? null : errnoName(closing);
  };
}

/**
 * @returns null if another process has the lock.
 * @throws {SystemError} if the program did not run; then nothing stays open.
 */
export function maintainRoot(task: MaintainTask): Maintained | null {
  const { argv, env } = task;
  const words = wordsOf(task);
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  refuseWords([...words, ...argv, ...variables], task);
  const code = openShim().mountroot_maintain(
    pointers(words) as never,
    pointers(argv),
    pointers(variables),
  );
  if (code >= 0) {
    const closing = Math.floor(code / 256);
    return { status: code % 256, notClosed: closing === 0 ? null : errnoName(closing) };
  }
  const error = failure(code, task);
  if (isLocked(error)) return null;
  throw error;
}
