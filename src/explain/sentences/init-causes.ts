import { cause } from './cause-row.js';
import { groundSentence, type Ground } from './grounds.js';
import { COMPARE_IMAGE, COPY_FIRST, DO_NOT_ERASE, LOOK_BEFORE } from './repairs.js';
import { errorWords } from './words.js';

/**
 * The meaning of an errno of execve(2), and its cure. `todo` is null if it has no cure of its own.
 */
const EXEC_ERRORS: Record<number, { means: string; todo: readonly string[] | null }> = {
  [-2]: {
    means:
      'it does not exist, or what it needs to run does not: ' +
      'the interpreter behind its #!, or its dynamic linker',
    todo: [
      'check that it is there; if it is, `file` shows which interpreter it needs, ' +
        'and that must be on the same root',
      'correct init= (or rdinit=) if the name is wrong',
    ],
  },
  [-5]: { means: 'its file system cannot be read', todo: [LOOK_BEFORE, DO_NOT_ERASE] },
  [-8]: {
    means:
      'it is no program for this processor: built for another one, cut off, ' +
      'or a script without #!',
    todo: ['build it for this board, and look at its first bytes: `file` shows the processor'],
  },
  [-13]: {
    means: 'it is not executable, is no file, or lies on a mount without exec',
    todo: ['chmod +x it where the root is made'],
  },
  [-26]: {
    means: 'the archive ends in the middle of this file',
    todo: [
      'make the ramdisk anew, ' +
        'and check that the boot loader copies all of it and tells its whole size',
    ],
  },
  [-84]: {
    means: 'its format is damaged, or made for another kind of floating point',
    todo: null,
  },
  [-117]: {
    means: 'its file system is damaged',
    todo: [LOOK_BEFORE, COMPARE_IMAGE, COPY_FIRST],
  },
};

const LOOK_AT_ROOT = [
  'look at the root: `mountroot ramdisk list FILE`, or mount the image elsewhere',
  'name a program with init=',
];

interface InitFailure {
  program: string;
  /** A negative errno. */
  error: number | null;
  /** The facts about this program. */
  known: Ground | null;
}

function whyNot({ error, known }: InitFailure): string {
  if (known !== null) return groundSentence(known);
  if (error === null) return 'it is not there, or cannot be run';
  return EXEC_ERRORS[error]?.means ?? errorWords(error);
}

const MUST_NOT_END = 'process 1 must never end';
const LAST_WORDS = 'look at its last words before the panic';

/**
 * The reasons why no process 1 exists or why it ended, and the panics that are not about the root.
 */
export const INIT_CAUSES = {
  'no-init-on-root': cause(
    () =>
      'the root has none of the programs that the kernel tries: ' +
      'it may be empty, or not the file system that was meant',
    LOOK_AT_ROOT,
  ),
  'init-does-not-run': cause(
    (failure: InitFailure) => `${failure.program} does not run: ${whyNot(failure)}`,
    ({ error }) => (error === null ? null : EXEC_ERRORS[error]?.todo) ?? LOOK_AT_ROOT,
  ),
  'init-ended': cause(() => `process 1 ended, and ${MUST_NOT_END}`, [LAST_WORDS]),
  'init-illegal-instruction': cause(
    () => 'process 1 met an instruction that this processor does not have',
    ['build it for this processor: its version, its floating point unit (VFP, NEON)'],
  ),
  'init-signal': cause(
    ({ signal }: { signal: number }) => `process 1 was ended by ${signalWords(signal)}`,
    ({ signal }) => [
      LOOK_BEFORE,
      signal === SIGBUS
        ? 'SIGBUS also comes from a file whose storage cannot be read: check the device'
        : 'a C library for another processor or floating point, and bad memory, do this too',
    ],
  ),
  'init-not-found': cause(
    () => 'process 1 ended with 127: a library is missing, or a shell did not find its command',
    ['look at the lines before, and check with `ldd` what it needs'],
  ),
  'init-not-runnable': cause(
    () =>
      'process 1 ended with 126: a shell found its command, and could not execute it ' +
      '(another processor, no permission, a mount without exec)',
    [LOOK_BEFORE, 'check the command with `file` and `ls -l`'],
  ),
  'init-child-signal': cause(
    ({ signal }: { signal: number }) =>
      `process 1 ended with ${SHELL_SIGNALS + signal}: ` +
      `as a shell does whose last command was ended by ${signalWords(signal)}`,
    [LOOK_BEFORE, 'check that command: its C library, its processor'],
  ),
  'init-finished': cause(
    () =>
      'process 1 came to its end without an error, and it must never end: ' +
      'a script called with init= or rdinit= must go on with exec of the real init',
    ['end the script with `exec /sbin/init` (in an initramfs `exec switch_root`)'],
  ),
  'init-status': cause(
    ({ status }: { status: number }) =>
      `process 1 ended with status ${status}, and ${MUST_NOT_END}: ` +
      'a script called with init= must end with exec of the real init',
    [LAST_WORDS, 'end the script with `exec /sbin/init`'],
  ),
  'no-decompressor': cause(
    () =>
      'the kernel cannot unpack a ramdisk: it is built without its method of compression, ' +
      'or the image is damaged',
    ['build the kernel with it (CONFIG_RD_…=y), or compress with another method'],
  ),
  'built-in-broken': cause(
    () => 'the archive that is built into the kernel does not unpack',
    [
      'make it anew: look at what CONFIG_INITRAMFS_SOURCE names, and build the kernel again',
      'check that the boot loader copies all of the kernel, to a place that nothing overwrites',
    ],
  ),
  'no-memory': cause(
    () => 'memory ran out: a ramdisk needs twice its size while the kernel unpacks it',
    ['make the ramdisk smaller, or give the board more memory (mem=)'],
  ),
  'panic-not-shown': cause(
    () => 'the kernel panicked, and the log does not show its words',
    ['look at the lines before it, or take the whole log of the serial console'],
  ),
  'other-panic': cause(() => 'this panic is not about the root', ['read the lines before it']),
};

const SIGBUS = 7;
/** A shell's status for a command that a signal ended is this and the signal. */
const SHELL_SIGNALS = 128;

/** The signals that end a process, as most architectures number them. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP: its terminal went away',
  2: 'SIGINT',
  3: 'SIGQUIT',
  4: 'SIGILL: an instruction that this processor does not have',
  5: 'SIGTRAP',
  6: 'SIGABRT: it gave up by itself',
  7: 'SIGBUS: memory that is not there, or a page of a file that cannot be read',
  8: 'SIGFPE: an arithmetic error',
  9: 'SIGKILL',
  10: 'SIGUSR1, or SIGBUS on MIPS',
  11: 'SIGSEGV: it accessed memory that is not its own',
  12: 'SIGUSR2, or SIGSYS on MIPS',
  13: 'SIGPIPE',
  14: 'SIGALRM',
  15: 'SIGTERM',
  31: 'SIGSYS: a system call that this kernel does not have',
};

function signalWords(signal: number): string {
  const known = SIGNALS[signal];
  return known === undefined ? `signal ${signal}` : `signal ${signal} (${known})`;
}
