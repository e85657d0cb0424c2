import { diagnose, type BootDiagnosis, type FoundDevice } from './advice/advice.js';
import { collectInputs } from './collect-inputs.js';
import type { KernelLog } from '../facts/kernel-log.js';
import type { KernelInputs } from './kernel-inputs.js';
import { readKernelMessages } from './messages/kernel-messages.js';
import type { KernelMessages } from './messages/message-row.js';
import { tellCause, type CauseCode } from './sentences/causes.js';
import { contradictionSentence, type Contradiction } from './sentences/contradictions.js';
import { tellDecision, type CodedDecision, type KernelDecision } from './sentences/decisions.js';
import { because, groundSentence } from './sentences/grounds.js';
import type { CommandLineHolder } from './sentences/ramdisk-decisions.js';
import { unknownSentence } from './sentences/unknowns.js';
import { placeName } from './sentences/words.js';
import type { ExplanationSources, OwnPart } from './sources.js';
import { tellStory, type Story, type StoryEnd } from './story/story.js';
import { oneLine } from '../text/columns.js';
import { notUnderstood } from './not-understood.js';
import { shownBoot, type ShownBoot } from './shown-boots.js';
import { unknownsOf } from './unknown-rows.js';

export type { ExplanationSources };

/** The result of the story. */
export type KernelEnd =
  /** `program` is null if a program runs that the log does not name. */
  | { kind: 'runs'; program: string | null; root: string }
  | { kind: 'panics'; message: string; ran: string | null }
  | { kind: 'waits'; forWhat: string }
  /** Process 1 waits in a shell for a person, or froze. */
  | { kind: 'stops'; program: string | null; root: string | null; said: string }
  | { kind: 'unknown'; because: string }
  /** No message of the kernel was recognised. */
  | { kind: 'not-understood'; because: string };

/** The probable cause of a failed boot, and its cure. */
export interface Advice {
  code: CauseCode;
  cause: string;
  /** The message that shows it; null if it is concluded from several. */
  said: string | null;
  todo: string[];
  devices: FoundDevice[];
}

/** The explanation of a root, real or predicted, as `explain --json` prints it. */
export interface Explanation {
  schema: 'mountroot.explain/1';
  of: 'this boot' | 'a console log' | 'a command line';
  kernel: string | null;
  model: string | null;
  commandLine: string;
  /** False if no source shows the command line: an empty text then says nothing about it. */
  commandLineKnown: boolean;
  /** The boots of the recording, if it shows several. */
  boots?: ShownBoot[];
  decisions: KernelDecision[];
  end: KernelEnd;
  contradictions: string[];
  /** The facts that the sources do not show, one sentence each. */
  unknown: string[];
  /** The advice after a panic or an endless wait. */
  advice: Advice | null;
  ours: OwnPart | null;
}

function subjectOf({ log, commandLine, facts }: ExplanationSources): Explanation['of'] {
  if (log !== null) return 'a console log';
  return commandLine !== null || facts === null ? 'a command line' : 'this boot';
}

/** Which of two command lines is used. */
function commandLineDecision(
  holder: CommandLineHolder | null,
  { config }: KernelInputs,
): CodedDecision[] {
  if (holder === null || config === null) return [];
  const own = config['CMDLINE'] ?? '';
  const data = { verdict: holder };
  return [{ id: 'command-line', data, ...because('own-command-line', { own }) }];
}

/** The present state of the machine, after the end of the kernel's story. */
function decisionsOfToday({ facts, ours }: ExplanationSources): CodedDecision[] {
  const out: CodedDecision[] = [];
  const init = facts?.origin?.init;
  if (init)
    out.push({ id: 'process-1-now', data: { verdict: 'runs', ...init }, ...because('proc-1') });
  if (ours)
    out.push({
      id: 'root-now',
      data: { verdict: 'mounted', summary: ours.summary },
      ...because('mountinfo'),
    });
  return out;
}

/** The console shows a command line that differs from the given one. */
function otherCommandLine(
  { log, commandLine }: ExplanationSources,
  seen: KernelMessages,
): Contradiction[] {
  const shown = seen.commandLine?.value;
  return log !== null && commandLine !== null && shown !== undefined && shown !== commandLine.trim()
    ? [{ code: 'command-line', console: shown }]
    : [];
}

/** Why the end is not known: the last of the kernel's words. */
function openEnd({ started, last }: KernelMessages): string {
  const reached =
    started === undefined
      ? 'the log ends before the kernel is done'
      : 'the kernel looked for process 1, and the log shows no program that ran; it ends';
  return `${reached}${started === undefined ? ',' : ''} with "${oneLine(last ?? '').trim()}"`;
}

function tellEnd(end: StoryEnd, seen: KernelMessages): KernelEnd {
  switch (end.kind) {
    case 'runs':
      return { kind: 'runs', program: end.program, root: placeName(end.place) };
    case 'panics':
      return { kind: 'panics', message: end.panic.message, ran: end.ran };
    case 'waits':
      return end;
    case 'open':
      return { kind: 'unknown', because: openEnd(seen) };
    case 'stops': {
      const { program, place, said } = end;
      return { kind: 'stops', program, root: place && placeName(place), said };
    }
  }
}

/** The first decision of a prediction that only assumes what its end would rest on. */
function doubtOf(decisions: Story['decisions']): string | null {
  const doubt = decisions.find(
    ({ id, evidence, because: { code } }) =>
      evidence.kind === 'unknown' && (id === 'process-1' || code === 'flags-unknown'),
  );
  return doubt === undefined ? null : groundSentence(doubt.because);
}

/**
 * A machine that runs did not fail, unless its kernel's own words say so. Which program it runs is
 * not told from an assumption.
 */
function endOf(
  { end, decisions }: Story,
  { running, init }: KernelInputs,
  seen: KernelMessages,
): KernelEnd {
  const fails = end.kind === 'panics' || end.kind === 'waits';
  const shown = seen.panic !== undefined || seen.waiting !== undefined;
  if (running === true && fails && !shown)
    return {
      kind: 'unknown',
      because: 'this machine runs, and its facts do not show how it came to',
    };
  const started = decisions.findLast(({ id }) => id === 'process-1');
  if (running === true && init === null && started?.evidence.kind === 'unknown')
    return {
      kind: 'unknown',
      because: 'this machine runs, and its facts do not show which program its kernel started',
    };
  const told = tellEnd(end, seen);
  const isForetold = running !== true && seen.recognised === 0 && told.kind === 'runs';
  const doubt = isForetold ? doubtOf(decisions) : null;
  return doubt === null ? told : { kind: 'unknown', because: doubt };
}

const tellAdvice = ({ cause, said, noConsole, devices }: BootDiagnosis): Advice => ({
  code: cause.code,
  ...tellCause(cause, noConsole),
  said,
  devices,
});

function modelOf({ deviceTree, facts }: ExplanationSources, seen: KernelMessages): string | null {
  return seen.model?.value ?? deviceTree?.model ?? facts?.origin?.deviceTree?.model ?? null;
}

/** The boots of a recording; nothing if it shows one only. */
function shownBoots({ boots = [], log }: ExplanationSources): { boots?: ShownBoot[] } {
  return boots.length < 2 ? {} : { boots: boots.map((each) => shownBoot(each, each === log)) };
}

/** A text that is not understood gets no story. */
const withoutStory = (sources: ExplanationSources, log: KernelLog): Explanation => ({
  schema: 'mountroot.explain/1',
  of: 'a console log',
  kernel: null,
  model: null,
  commandLine: sources.commandLine ?? '',
  commandLineKnown: sources.commandLine !== null,
  ...shownBoots(sources),
  decisions: [],
  end: { kind: 'not-understood', because: notUnderstood(log) },
  contradictions: [],
  unknown: [],
  advice: null,
  ours: null,
});

/** Explains a root, real or predicted. */
export function explain(sources: ExplanationSources): Explanation {
  const { facts, log, commandLine } = sources;
  const ofMachine = commandLine === null ? (facts?.origin?.log ?? null) : null;
  const seen = readKernelMessages(log ?? ofMachine);
  if (log !== null && seen.recognised === 0) return withoutStory(sources, log);
  const { given, holder } = collectInputs(sources, seen);
  const story = tellStory(given, seen);
  const of = subjectOf(sources);
  const running = of === 'this boot';
  const decisions = [
    ...commandLineDecision(holder, given),
    ...story.decisions,
    ...(running ? decisionsOfToday(sources) : []),
  ];
  const contradictions = [...story.contradictions, ...otherCommandLine(sources, seen)];
  const end = endOf(story, given, seen);
  const diagnosis = end.kind === 'unknown' ? null : diagnose(story, given, seen);
  return {
    schema: 'mountroot.explain/1',
    of,
    kernel: given.release,
    model: modelOf(sources, seen),
    commandLine: given.commandLine,
    commandLineKnown: given.spoken,
    ...shownBoots(sources),
    decisions: decisions.map((each) => tellDecision(each, given.onlySeen === true)),
    end,
    contradictions: contradictions.map(contradictionSentence),
    unknown: unknownsOf({ sources, seen, given, decisions }).map(unknownSentence),
    advice: diagnosis && tellAdvice(diagnosis),
    ours: running ? sources.ours : null,
  };
}
