/**
 * The kernel's way to its root, told as its own decisions in their order: which first root it has,
 * what the boot loader handed over, whether a program in it becomes process 1, else which device is
 * mounted and how, and which program of it becomes process 1. The story follows Linux 6.1, with
 * notes where others differ. The same walk foretells and explains: at each fork, what was seen
 * counts first; everything unknown is assumed, and marked as such.
 */
import type { KernelInputs } from '../kernel-inputs.js';
import type { KernelMessages } from '../messages/message-row.js';
import type { Panic } from '../messages/panic.js';
import type { Contradiction } from '../sentences/contradictions.js';
import type { CodedDecision } from '../sentences/decisions.js';
import { DecisionLog, said } from './decision-log.js';
import { findsEarlyInit } from './early-init.js';
import { mountsRoot } from './mount-root.js';
import { becomesInit, type InitOutcome } from './process-1.js';
import { fillRootfs } from './rootfs.js';

/** How the story ends, as data. */
export type StoryEnd = InitOutcome | { kind: 'waits'; forWhat: string };

export interface Story {
  decisions: CodedDecision[];
  end: StoryEnd;
  contradictions: Contradiction[];
}

function walk(t: DecisionLog): StoryEnd {
  const rootfs = fillRootfs(t);
  const early = findsEarlyInit(t, rootfs);
  if (early.runs) return becomesInit(t, { place: 'rootfs', look: rootfs.look }, early.path);
  const root = mountsRoot(t, rootfs);
  switch (root.kind) {
    case 'panics':
      return { ...root, ran: null };
    case 'waits':
      return root;
    case 'mounted':
      return becomesInit(t, root, null);
  }
}

/** The kernel's last word is the end, whatever was foreseen. */
function lastWord(told: StoryEnd, panic: Panic | undefined): StoryEnd {
  if (panic === undefined) return told;
  return told.kind === 'panics' && told.panic.message === panic.message
    ? told
    : { kind: 'panics', panic, ran: null };
}

export function tellStory(given: KernelInputs, seen: KernelMessages): Story {
  const t = new DecisionLog(given, seen);
  const end = lastWord(walk(t), seen.panic?.value);
  if (seen.noConsole) t.decide('console', { verdict: 'no' }, said(seen.noConsole));
  return { decisions: t.decisions, end, contradictions: t.contradictions };
}
