import type { Region } from '../../facts/device-tree.js';
import { mountsItself } from '../messages/kernel-messages.js';
import type { KernelMessages, KernelMessage } from '../messages/message-row.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import { because, unlessSure } from '../sentences/grounds.js';
import { holds, said, type DecisionLog, type GroundedAnswer } from './decision-log.js';

const PAGE = 4096;

/**
 * The kernel takes whole pages, and all of them must be memory (init/initramfs.c:
 * reserve_initrd_mem).
 */
function isOutside({ start, size }: Region, memory: readonly Region[] | null): boolean {
  const from = Math.floor(start / PAGE) * PAGE;
  const to = Math.ceil((start + size) / PAGE) * PAGE;
  return (
    memory !== null &&
    !memory.some((region) => from >= region.start && to <= region.start + region.size)
  );
}

/** The first message that shows that an initrd was there. */
const initrdSeen = (seen: KernelMessages): KernelMessage<unknown> | undefined =>
  seen.tried ?? seen.notCpio ?? seen.unpackFailed ?? seen.image;

/** printk cuts a long command line, so that the end of its last word may be missing. */
const sizeMayBeCut = ({ seen, words }: DecisionLog): boolean =>
  seen.commandLine !== undefined && words.initrdIsLast;

/** Predicts whether the kernel would take an initrd. */
export const INITRD_RULES: readonly DecisionRule<DecisionLog, GroundedAnswer>[] = [
  {
    when: (t) => t.option('BLK_DEV_INITRD') === false,
    then: () => holds(false, because('built-without', { option: 'BLK_DEV_INITRD' })),
  },
  {
    when: (t) => t.option('INITRAMFS_FORCE') === true,
    then: () => holds(false, because('initramfs-force')),
  },
  {
    when: (t) => t.words.initrd?.size === 0 && !sizeMayBeCut(t),
    then: () => holds(false, because('initrd-size-zero')),
  },
  {
    when: ({ words, given }) => words.initrd !== null && isOutside(words.initrd, given.memory),
    then: ({ words }) =>
      holds(false, because('initrd-outside-memory', { start: words.initrd!.start })),
  },
  {
    when: ({ given }) => given.initrd !== null,
    then: ({ given }) => holds(true, because('initrd-given', { name: given.initrd!.name })),
  },
  {
    when: ({ words }) => words.initrd !== null,
    then: ({ words, seen }) =>
      holds(true, unlessSure(seen.whole, because('initrd-word', { start: words.initrd!.start }))),
  },
  {
    when: ({ given }) => given.handed !== null,
    then: ({ given }) => given.handed!,
  },
  { when: otherwise, then: () => holds(false, because('nothing-tells-of-initrd')) },
];

/** Whether there was an initrd, from the log or from the kernel's present state; null if unseen. */
function seenInitrd({ seen, given }: DecisionLog): GroundedAnswer | null {
  const shown = initrdSeen(seen);
  if (shown !== undefined) return holds(true, said(shown));
  if (given.realRoot !== null)
    return holds(true, because('image-before-root', { device: given.realRoot }));
  return null;
}

/** Compares the size that the kernel is told with that of the initrd that was named. */
function compareSizes({ given, words, contradictions }: DecisionLog): void {
  const told = words.initrd?.size ?? given.toldBytes ?? 0;
  const { name, bytes } = given.initrd ?? {};
  if (name !== undefined && bytes !== undefined && told > 0 && told !== bytes)
    contradictions.push({ code: 'initrd-size', name, told, bytes });
}

/** Decides whether the kernel takes an initrd from the boot loader. */
export function takesInitrd(t: DecisionLog): GroundedAnswer {
  const { seen, given, words } = t;
  compareSizes(t);
  const taken = seen.refused
    ? holds(false, said(seen.refused))
    : t.settle({ code: 'initrd' }, seenInitrd(t), decideBy(INITRD_RULES, t));
  const refused =
    seen.refused !== undefined ||
    (words.initrd !== null && words.initrd.size > 0 && isOutside(words.initrd, given.memory));
  const unlessTaken = refused ? 'refused' : 'no';
  const verdict = taken.value ? 'yes' : unlessTaken;
  t.decide('initrd', { verdict, passedOver: words.strangeInitrd }, taken);
  return taken;
}

/** Predicts whether the initrd is a cpio. */
function expectedCpio({ given: { initrd } }: DecisionLog): GroundedAnswer {
  if (initrd === null) return holds(true, because('most-are-cpio'));
  const { name, error, why } = initrd;
  return error === null
    ? holds(true, because('initrd-unpacks', { name }))
    : holds(
        false,
        because('initrd-stops-kernel', { name, error, ...(why !== undefined && { why }) }),
      );
}

/** The first program that ran is the one that the kernel looks for in rootfs. */
const ranFromRootfs = ({ seen, words }: DecisionLog): KernelMessage<string> | undefined =>
  mountsItself(seen) === null && seen.runs[0]?.value === (words.rdinit ?? '/init')
    ? seen.runs[0]
    : undefined;

function seenCpio(t: DecisionLog): GroundedAnswer | null {
  const { seen, given } = t;
  const refused = seen.notCpio ?? seen.unpackFailed;
  if (refused) return holds(false, said(refused));
  if (given.realRoot !== null) return holds(false, because('initrd-was-image'));
  if (seen.isCpio) return holds(true, said(seen.isCpio));
  const ran = ranFromRootfs(t);
  return seen.tried && ran
    ? holds(true, because('unpacked-and-ran', { line: seen.tried.said, ran: ran.said }))
    : null;
}

/** Decides whether an initrd that the kernel took is a cpio. */
export function isCpio(t: DecisionLog): GroundedAnswer {
  const { seen, given, words } = t;
  const cpio = t.settle({ code: 'initrd-kind' }, seenCpio(t), expectedCpio(t));
  if (cpio.value) t.decide('initrd-kind', { verdict: 'yes' }, cpio);
  else
    t.decide(
      'initrd-kind',
      {
        verdict: 'no',
        reason: seen.notCpio?.value ?? seen.unpackFailed?.value ?? given.initrd?.error ?? null,
        kept: t.option('BLK_DEV_RAM') !== false && !seen.unpackFailed,
      },
      cpio,
    );
  if (words.noinitrd && cpio.value)
    t.decide('noinitrd', { verdict: 'no' }, because('noinitrd-is-for-images'));
  return cpio;
}
