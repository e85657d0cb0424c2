import { diagnose, type BootDiagnosis, type FoundDevice } from './advice/advice.js';
import { collectInputs } from './collect-inputs.js';
import type { KernelInputs } from './kernel-inputs.js';
import { readKernelMessages } from './messages/kernel-messages.js';
import type { KernelMessages } from './messages/message-row.js';
import { tellCause, type CauseCode } from './sentences/causes.js';
import { contradictionSentence, type Contradiction } from './sentences/contradictions.js';
import { tellDecision, type CodedDecision, type KernelDecision } from './sentences/decisions.js';
import { because } from './sentences/grounds.js';
import type { CommandLineHolder } from './sentences/ramdisk-decisions.js';
import { unknownSentence } from './sentences/unknowns.js';
import { placeName } from './sentences/words.js';
import type { ExplanationSources, OwnPart } from './sources.js';
import { tellStory, type StoryEnd } from './story/story.js';
import { unknownsOf } from './unknown-rows.js';

export type { ExplanationSources };

/** The result of the story. */
export type KernelEnd =
  | { kind: 'runs'; program: string; root: string }
  | { kind: 'panics'; message: string; ran: string | null }
  | { kind: 'waits'; forWhat: string }
  | { kind: 'unknown'; because: string };

/** The probable cause of a failed boot, and its cure. */
export interface Advice {
  code: CauseCode;
  cause: string;
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

/** Whether a console log shows the end of the boot. */
const showsEnd = (seen: KernelMessages): boolean =>
  seen.runs.length > 0 ||
  [seen.panic, seen.waiting, seen.started, seen.down].some((line) => line !== undefined);

function tellEnd(end: StoryEnd): KernelEnd {
  switch (end.kind) {
    case 'runs':
      return { kind: 'runs', program: end.program, root: placeName(end.place) };
    case 'panics':
      return { kind: 'panics', message: end.panic.message, ran: end.ran };
    case 'waits':
      return end;
  }
}

function endOf(of: Explanation['of'], end: StoryEnd, seen: KernelMessages): KernelEnd {
  if (of !== 'a console log' || showsEnd(seen)) return tellEnd(end);
  return {
    kind: 'unknown',
    because: `the log ends before the kernel is done, with "${seen.last ?? ''}"`,
  };
}

const tellAdvice = ({ cause, noConsole, devices }: BootDiagnosis): Advice => ({
  code: cause.code,
  ...tellCause(cause, noConsole),
  devices,
});

function modelOf({ deviceTree, facts }: ExplanationSources, seen: KernelMessages): string | null {
  return seen.model?.value ?? deviceTree?.model ?? facts?.origin?.deviceTree?.model ?? null;
}

/** Explains a root, real or predicted. */
export function explain(sources: ExplanationSources): Explanation {
  const { facts, log, commandLine } = sources;
  const ofMachine = commandLine === null ? (facts?.origin?.log ?? null) : null;
  const seen = readKernelMessages(log ?? ofMachine);
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
  const diagnosis = diagnose(story, given, seen);
  return {
    schema: 'mountroot.explain/1',
    of,
    kernel: given.release,
    model: modelOf(sources, seen),
    commandLine: given.commandLine,
    decisions: decisions.map(tellDecision),
    end: endOf(of, story.end, seen),
    contradictions: contradictions.map(contradictionSentence),
    unknown: unknownsOf({ sources, seen, given, decisions }).map(unknownSentence),
    advice: diagnosis && tellAdvice(diagnosis),
    ours: running ? sources.ours : null,
  };
}
