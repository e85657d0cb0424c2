import { bootParameters, type BootParameters } from '../boot-parameters.js';
import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { Panic } from '../messages/panic.js';
import type { CodedDecision, DecisionId } from '../sentences/decisions.js';
import { because, type Ground } from '../sentences/grounds.js';
import { triedTypes } from '../story/predict-mount.js';

/** What the causes of a failed boot are told from: the story's decisions, seen or foretold. */
export interface FailedBoot {
  words: BootParameters;
  /** The types of file systems that the kernel tried; null: not known. */
  types: string[] | null;
  /** The mount that failed; `fstype`: the type at which the search ended, null: not known. */
  failedMount: { id: 'mount' | 'mount-initrd'; fstype: string | null } | null;
  /** The negative errno of that mount; null: not known. */
  error: number | null;
  /** An initrd that is no cpio, and no image that the kernel could load. */
  brokenInitrd: { reason: string | null } | null;
  /** The initrd is a cpio. */
  isCpio: boolean;
  /** The initrd is an image that comes before the real root. */
  linuxrc: boolean;
  /** The last program that did not run as process 1; null where none is named. */
  failedInit: { program: string; error: number | null; known: Ground | null } | null;
  /** How process 1 ended, as wait(2) has it; null: not known. */
  exitCode: number | null;
}

type DecisionOf<Id extends DecisionId> = Extract<CodedDecision, { id: Id }>;

const isOf =
  <Id extends DecisionId>(...ids: Id[]) =>
  (decision: CodedDecision): decision is DecisionOf<Id> =>
    (ids as DecisionId[]).includes(decision.id);

/** The first mount that failed, and the errno that its decision tells. */
function failedMountOf(
  decisions: readonly CodedDecision[],
): Pick<FailedBoot, 'failedMount' | 'error'> {
  for (const { id, data } of decisions.filter(isOf('mount', 'mount-initrd'))) {
    if (data.verdict !== 'no') continue;
    if (data.how !== 'error') return { failedMount: { id, fstype: null }, error: null };
    return { failedMount: { id, fstype: data.fstype }, error: data.error };
  }
  return { failedMount: null, error: null };
}

function brokenInitrdOf(decisions: readonly CodedDecision[]): FailedBoot['brokenInitrd'] {
  const kind = decisions.find(isOf('initrd-kind'))?.data;
  const image = decisions.find(isOf('image'))?.data;
  return kind?.verdict === 'no' && image !== undefined && image.verdict !== 'yes'
    ? { reason: kind.reason }
    : null;
}

/** What the facts say of a program. */
function knownOf(
  program: string | null,
  { programs }: KernelInputs,
  failure: DecisionOf<'init-fails'> | undefined,
): Ground | null {
  const why = programs.found.find(({ path }) => path === program)?.why;
  if (why !== undefined) return why === '' ? null : because('program-fails', { why }).because;
  return failure?.evidence.from === 'facts' ? failure.because : null;
}

function failedInitOf(
  panic: Panic,
  given: KernelInputs,
  decisions: readonly CodedDecision[],
): FailedBoot['failedInit'] {
  const failure = decisions.filter(isOf('init-fails')).at(-1);
  const requested = panic.kind === 'no-init' ? panic : null;
  const program = requested?.program ?? failure?.data.program ?? null;
  // An empty init= names no program.
  if (program === null || program === '') return null;
  const error = requested?.error ?? failure?.data.error ?? null;
  return { program, error, known: knownOf(program, given, failure) };
}

/** Takes from the story what the causes of its panic are told from. */
export function failedBoot(
  panic: Panic,
  given: KernelInputs,
  seen: KernelMessages,
  decisions: readonly CodedDecision[],
): FailedBoot {
  const words = bootParameters(given.commandLine);
  const { failedMount, error } = failedMountOf(decisions);
  return {
    words,
    types: triedTypes({ words, given }),
    failedMount,
    error: seen.cannotOpen?.value.error ?? error,
    brokenInitrd: brokenInitrdOf(decisions),
    isCpio: decisions.find(isOf('initrd-kind'))?.data.verdict === 'yes',
    linuxrc: decisions.some(isOf('linuxrc')),
    failedInit: failedInitOf(panic, given, decisions),
    exitCode: panic.kind === 'init-ended' ? panic.exitCode : null,
  };
}
