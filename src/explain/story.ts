/**
 * The kernel's way to its root, told as its own decisions in their order: what it has as first
 * root, what was handed over and of which kind, whether a program in it becomes process 1, else
 * which device is mounted and how, and which program of it becomes process 1. It follows Linux 6.1,
 * with notes where others differ. One walk serves both to foretell and to explain: at each fork
 * what was seen counts first, and what is not known is assumed and marked.
 */
import type { KernelDecision, KernelEnd, KernelInputs } from './kernel-inputs.js';
import { becomesInit } from './init-stage.js';
import { mountsRoot } from './mount-stage.js';
import { fillRootfs, findsEarlyInit } from './ramdisk-stage.js';
import type { KernelMessages } from './kernel-messages.js';
import { DecisionLog, logged } from './decision-log.js';

export interface Story {
  decisions: KernelDecision[];
  end: KernelEnd;
  /** Where what was seen and what was to be expected differ. */
  contradictions: string[];
}

export function tell(given: KernelInputs, seen: KernelMessages): Story {
  const t = new DecisionLog(given, seen);
  const told = walk(t);
  // Whatever was foreseen: the kernel's last word is its end.
  const end: KernelEnd =
    seen.panic && !(told.kind === 'panics' && told.message === seen.panic.value)
      ? { kind: 'panics', message: seen.panic.value, ran: null }
      : told;
  if (seen.noConsole)
    t.decide(
      'console',
      'has process 1 a console?',
      'no: its first messages are lost',
      logged(null, seen.noConsole),
    );
  return { decisions: t.decisions, end, contradictions: t.contradictions };
}

function walk(t: DecisionLog): KernelEnd {
  const rootfs = fillRootfs(t);
  const early = findsEarlyInit(t, rootfs);
  if (early.runs) return becomesInit(t, { name: 'rootfs', look: rootfs.look }, early.path);
  const root = mountsRoot(t, rootfs);
  if ('kind' in root) return root;
  return becomesInit(t, root, null);
}
