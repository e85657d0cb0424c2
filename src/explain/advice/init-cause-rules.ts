import { otherwise } from '../../plan/rule-table.js';
import type { DecisionRule } from '../decision-rule.js';
import type { CodedCause } from '../sentences/causes.js';
import { brokenInitrdCause } from './broken-initrd.js';
import type { ChosenComplaint } from './chosen-complaint.js';
import type { FailedBoot } from './failed-boot.js';

type InitRule = DecisionRule<FailedBoot, CodedCause>;

const ENOENT = -2;
const ENOEXEC = -8;
const EACCES = -13;

/** Errors of execve(2) that say by themselves why a program does not run. */
const EXEC_KNOWN = [ENOENT, ENOEXEC, EACCES];

/** The reasons why no program became process 1. */
export const NO_INIT_RULES: readonly InitRule[] = [
  {
    when: ({ brokenInitrd, earlyInit }) => earlyInit !== null && brokenInitrd !== null,
    then: ({ brokenInitrd, earlyInit }) =>
      brokenInitrdCause(brokenInitrd!.reason, { program: earlyInit! }),
  },
  {
    when: ({ complaint, failedInit }) =>
      complaint !== null && !EXEC_KNOWN.includes(failedInit?.error ?? 0),
    then: ({ complaint }) => complaint!.value.cause,
  },
  {
    when: ({ failedInit }) => failedInit === null,
    then: () => ({ code: 'no-init-on-root' }),
  },
  {
    when: otherwise,
    then: ({ failedInit }) => ({ code: 'init-does-not-run', ...failedInit! }),
  },
];

const SIGILL = 4;
const NOT_RUNNABLE = 126;
const NOT_FOUND = 127;
/** A shell's status for a command that a signal ended. */
const BY_SIGNAL = 128;
const LAST_SIGNAL = 31;
const signal = ({ exitCode }: FailedBoot): number => (exitCode ?? 0) & 0x7f;
const status = ({ exitCode }: FailedBoot): number => ((exitCode ?? 0) >> 8) & 0xff;

/** Statuses of a shell that could not run its command, or not read its script. */
const OF_SHELL = [2, NOT_RUNNABLE, NOT_FOUND];
/** Names of programs that are process 1, or that it becomes. */
const INIT_NAMES = /(?:^|\/)(?:init|linuxrc|systemd|busybox|procd|preinit|(?:ba|da)?sh)$/;

/** Whether words of a program are those of process 1, and not of another one that it started. */
function isOfProcess1({ value: { cause } }: ChosenComplaint, { ran }: FailedBoot): boolean {
  const { program = null, script = null } = cause as { program?: string | null; script?: string };
  const who = script ?? program;
  return who === null || who === ran || INIT_NAMES.test(who);
}

/** Whether a complaint can explain the end of process 1. */
function explainsEnd(complaint: ChosenComplaint, boot: FailedBoot): boolean {
  const { layer, cause } = complaint.value;
  if (layer !== 'program') return true;
  const { code } = cause;
  if (/^library-/.test(code)) return isOfProcess1(complaint, boot) || status(boot) === NOT_FOUND;
  if (signal(boot) !== 0) return code.startsWith('init-');
  if (code === 'script-fails' || code === 'program-does-not-run')
    return OF_SHELL.includes(status(boot)) || isOfProcess1(complaint, boot);
  return true;
}

/** The reasons why process 1 ended. The exit code is that of wait(2). */
export const INIT_ENDED_RULES: readonly InitRule[] = [
  {
    when: (boot) => boot.complaint !== null && explainsEnd(boot.complaint, boot),
    then: ({ complaint }) => complaint!.value.cause,
  },
  { when: ({ exitCode }) => exitCode === null, then: () => ({ code: 'init-ended' }) },
  {
    when: (boot) => signal(boot) === SIGILL,
    then: () => ({ code: 'init-illegal-instruction' }),
  },
  {
    when: (boot) => signal(boot) !== 0,
    then: (boot) => ({ code: 'init-signal', signal: signal(boot) }),
  },
  { when: (boot) => status(boot) === NOT_FOUND, then: () => ({ code: 'init-not-found' }) },
  { when: (boot) => status(boot) === NOT_RUNNABLE, then: () => ({ code: 'init-not-runnable' }) },
  {
    when: (boot) => status(boot) > BY_SIGNAL && status(boot) <= BY_SIGNAL + LAST_SIGNAL,
    then: (boot) => ({ code: 'init-child-signal', signal: status(boot) - BY_SIGNAL }),
  },
  { when: (boot) => status(boot) === 0, then: () => ({ code: 'init-finished' }) },
  { when: otherwise, then: (boot) => ({ code: 'init-status', status: status(boot) }) },
];

/** The reasons why process 1 does not go on. */
export const STOPS_RULES: readonly InitRule[] = [
  {
    when: ({ complaint }) => complaint !== null,
    then: ({ complaint }) => complaint!.value.cause,
  },
  { when: otherwise, then: () => ({ code: 'early-shell' }) },
];
