/**
 * The kernel's way to its root, as a list of its decisions in order: its first root, the boot
 * loader's hand-over, whether a program there becomes process 1, and otherwise which device the
 * kernel mounts, how, and which program there becomes process 1. The story follows Linux 6.1, with
 * notes about other versions. The same code predicts and explains: in each decision evidence counts
 * first, and the usual case is assumed and marked if nothing is known.
 */
import type { KernelInputs } from '../kernel-inputs.js';
import type { Complaint } from '../messages/complaint-data.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { Panic } from '../messages/panic.js';
import type { Contradiction } from '../sentences/contradictions.js';
import type { CodedDecision } from '../sentences/decisions.js';
import type { RootPlace } from '../sentences/words.js';
import { DecisionLog, said } from './decision-log.js';
import { findsEarlyInit } from './early-init.js';
import { mountsRoot } from './mount-root.js';
import { becomesInit, type InitOutcome } from './process-1.js';
import { fillRootfs } from './rootfs.js';

/** The end of the story, as data. */
export type StoryEnd =
  | InitOutcome
  | { kind: 'waits'; forWhat: string }
  /** Process 1 runs, and does not go on by itself. `said`: its words. */
  | { kind: 'stops'; program: string | null; place: RootPlace | null; said: string };

export interface Story {
  decisions: CodedDecision[];
  end: StoryEnd;
  contradictions: Contradiction[];
}

function walk(t: DecisionLog): StoryEnd {
  const rootfs = fillRootfs(t);
  const early = findsEarlyInit(t, rootfs);
  const open = t.given.onlySeen === true && !early.sure;
  if (early.runs && !open)
    return becomesInit(t, { place: 'rootfs', look: rootfs.look }, early.path);
  const root = mountsRoot(t, rootfs, !open);
  switch (root.kind) {
    case 'panics':
      return { ...root, ran: null };
    case 'waits':
      return root;
    case 'mounted':
      return becomesInit(t, root, null);
  }
}

/** The kernel's last message is the end, even if we predicted another. */
function lastWord(told: StoryEnd, panic: Panic | undefined): StoryEnd {
  if (panic === undefined) return told;
  return told.kind === 'panics' && told.panic.message === panic.message
    ? told
    : { kind: 'panics', panic, ran: null };
}

/** Process 1 said that it does not go on, and no panic followed. */
function stopped(told: StoryEnd, { seen, given }: DecisionLog): StoryEnd {
  const { stop, panic, handovers } = seen;
  if (stop === undefined || panic !== undefined || told.kind === 'waits') return told;
  // On a machine that is up, it went on.
  if (given.init !== null) return told;
  if (handovers.some(({ at }) => at > stop.at)) return told;
  const { program, place } = told.kind === 'runs' ? told : { program: null, place: null };
  return { kind: 'stops', program, place, said: stop.said };
}

/** What the kernel tries again for ever, by the complaint that it repeats; null for others. */
function triedAgain({ cause }: Complaint): string | null {
  switch (cause.code) {
    case 'server-silent':
    case 'network-no-answer':
      return 'the server of its root';
    case 'mapper-waits':
      return cause.device;
    default:
      return null;
  }
}

/** The log ends while the kernel tries again to reach what its root needs. */
function triesAgain(told: StoryEnd, { complaints, mounted }: KernelMessages): StoryEnd {
  const last = complaints.at(-1);
  const forWhat = last === undefined || mounted.length > 0 ? null : triedAgain(last.value);
  return told.kind === 'open' && forWhat !== null ? { kind: 'waits', forWhat } : told;
}

export function tellStory(given: KernelInputs, seen: KernelMessages): Story {
  const t = new DecisionLog(given, seen);
  const end = stopped(triesAgain(lastWord(walk(t), seen.panic?.value), seen), t);
  if (seen.noConsole) t.decide('console', { verdict: 'no' }, said(seen.noConsole));
  return { decisions: t.decisions, end, contradictions: t.contradictions };
}
