import type { BootParameters } from '../boot-parameters.js';
import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { Panic } from '../messages/panic.js';
import { chooseComplaints, type ChosenComplaint } from './chosen-complaint.js';
import { rootSubject } from './root-subject.js';
import type { CodedDecision, DecisionId } from '../sentences/decisions.js';
import { because, type Ground } from '../sentences/grounds.js';
import { triedTypes } from '../story/predict-mount.js';
import { rootWord, spokenWords } from '../story/spoken-words.js';
import type { StoryEnd } from '../story/story.js';

/** The input for the causes of a failed boot: the story's decisions, seen or predicted. */
export interface FailedBoot {
  words: BootParameters;
  /** False if neither the command line nor the kernel names the root: `words` proves nothing. */
  rootKnown: boolean;
  /** False if the command line is not known. */
  spoken: boolean;
  /** `major:minor` in the kernel's messages about the root; null if they have none. */
  number: string | null;
  /** True if the kernel said that it cannot open the device. */
  cannotOpen: boolean;
  /** True if the types that the kernel tried show, in its words or by prediction. */
  tried: boolean;
  /** True if root= has no form that the kernel understands, by its own words. */
  rootInvalid: boolean;
  /** True if the kernel listed all its block devices, and the root is among them by name. */
  listed: boolean;
  /** The file system types that the kernel tried; null if unknown. */
  types: string[] | null;
  /** The mount that failed. `fstype` is the type at which the search ended; null if unknown. */
  failedMount: { id: 'mount' | 'mount-initrd'; fstype: string | null } | null;
  /** The negative errno of that mount; null if unknown. */
  error: number | null;
  /** The initrd did not unpack, and is no image that the kernel could load. */
  brokenInitrd: { reason: string | null } | null;
  /** The program of rootfs that the kernel tried as process 1; null if it tried none there. */
  earlyInit: string | null;
  /** Something shows whether the kernel found a program in rootfs. */
  earlyKnown: boolean;
  /** The kernel found the disk of the root, and its partitions, and the root is none of them. */
  partitionMissing: boolean;
  /** An initrd was unpacked, and nothing is known against it. */
  isCpio: boolean;
  /** The initrd is an image that is mounted before the real root. */
  linuxrc: boolean;
  /** The kernel would have run it, but is of a release that runs none. */
  linuxrcGone: boolean;
  /** The last program that failed to run as process 1; null if none is named. */
  failedInit: { program: string; error: number | null; known: Ground | null } | null;
  /** The wait(2) status of process 1; null if unknown. */
  exitCode: number | null;
  /** The option of the root's driver, which is not built in; null if nothing says so. */
  driver: string | null;
  /** The device that the kernel waits for; null if it does not. */
  waits: string | null;
  /** The last program that the kernel started as process 1; null if none shows. */
  ran: string | null;
  /** What a driver, a file system or a program said that explains the end; null if none did. */
  complaint: ChosenComplaint | null;
  /** What may have to do with it, if nothing better is known. */
  hint: ChosenComplaint | null;
}

type DecisionOf<Id extends DecisionId> = Extract<CodedDecision, { id: Id }>;

const isOf =
  <Id extends DecisionId>(...ids: Id[]) =>
  (decision: CodedDecision): decision is DecisionOf<Id> =>
    (ids as DecisionId[]).includes(decision.id);

const isKnown = ({ evidence }: CodedDecision): boolean => evidence.kind !== 'unknown';

/** The first mount that failed, and the errno in its decision. */
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
  if (kind?.verdict !== 'no') return null;
  return image?.verdict === 'yes' ? null : { reason: kind.reason };
}

function earlyInitOf(decisions: readonly CodedDecision[]): string | null {
  const early = decisions.find(isOf('early-init'))?.data;
  return early?.verdict === 'yes' ? early.path : null;
}

function lackingDriverOf(decisions: readonly CodedDecision[]): string | null {
  const reason = decisions.find(isOf('root-device'))?.because;
  return reason?.code === 'driver-not-built-in' ? reason.option : null;
}

/** Whether a disk that was scanned should have the root, and has not. */
function isPartitionMissing(root: string | null, { scanned }: KernelMessages): boolean {
  const of = scanned.findLast(({ value: { disk } }) => root?.startsWith(`/dev/${disk}`));
  const names = of === undefined ? [] : [of.value.disk, ...of.value.partitions];
  return names.length > 0 && !names.some((name) => root === `/dev/${name}`);
}

/** The kernel unpacked an initrd, and did not say that it failed. */
function unpackedInitrd(decisions: readonly CodedDecision[]): boolean {
  const handed = decisions.find(isOf('initrd'))?.data;
  const kind = decisions.find(isOf('initrd-kind'))?.data;
  return handed?.verdict === 'yes' && kind?.verdict !== 'no';
}

/** The facts about a program. */
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
  panic: Panic | null,
  given: KernelInputs,
  decisions: readonly CodedDecision[],
): FailedBoot['failedInit'] {
  const failure = decisions.filter(isOf('init-fails')).at(-1);
  const requested = panic?.kind === 'no-init' ? panic : null;
  const program = requested?.program ?? failure?.data.program ?? null;
  // An empty init= names no program.
  if (program === null || program === '') return null;
  const error = requested?.error ?? failure?.data.error ?? null;
  return { program, error, known: knownOf(program, given, failure) };
}

/** The end of a boot that failed. */
export type FailedEnd = Exclude<StoryEnd, { kind: 'runs' | 'open' }>;

/** Whether the kernel got as far as process 1. */
const reachedInit = (end: FailedEnd): boolean =>
  end.kind === 'stops' || (end.kind === 'panics' && end.panic.kind !== 'no-root');

/** Takes the input for the causes of the failure from the story. */
export function failedBoot(
  end: FailedEnd,
  given: KernelInputs,
  seen: KernelMessages,
  all: readonly CodedDecision[],
): FailedBoot {
  // No cause rests on what is not known. In a prediction the usual case is assumed.
  const decisions = given.onlySeen === true ? all.filter(isKnown) : all;
  const words = spokenWords(given, seen);
  const root = rootWord(given, seen);
  const { failedMount, error } = failedMountOf(decisions);
  const { cannotOpen, noneCould, devices, rootwaitOff, badPartuuid } = seen;
  const { strong, weak } = chooseComplaints(seen, rootSubject(root), reachedInit(end));
  const panic = end.kind === 'panics' ? end.panic : null;
  const linuxrc = decisions.filter(isOf('linuxrc'));
  return {
    words,
    rootKnown: root.known,
    spoken: given.spoken,
    number: root.number,
    cannotOpen: cannotOpen !== undefined,
    tried: noneCould !== undefined || given.onlySeen !== true,
    rootInvalid: rootwaitOff !== undefined || badPartuuid !== undefined,
    listed: devices.some(({ value: { name } }) => `/dev/${name}` === root.value),
    types: noneCould?.value ?? triedTypes({ words, given }),
    failedMount,
    error: cannotOpen?.value.error ?? error,
    brokenInitrd: brokenInitrdOf(decisions),
    earlyInit: earlyInitOf(decisions),
    earlyKnown: all.some((each) => each.id === 'early-init' && isKnown(each)),
    partitionMissing: isPartitionMissing(root.value, seen),
    isCpio: unpackedInitrd(decisions),
    linuxrc: linuxrc.some(({ data }) => data.verdict !== 'gone'),
    linuxrcGone: linuxrc.some(({ data }) => data.verdict === 'gone'),
    failedInit: failedInitOf(panic, given, decisions),
    exitCode: panic?.kind === 'init-ended' ? panic.exitCode : null,
    driver: lackingDriverOf(decisions),
    waits: end.kind === 'waits' ? end.forWhat : null,
    ran: seen.runs.at(-1)?.value ?? null,
    complaint: strong,
    hint: weak,
  };
}
