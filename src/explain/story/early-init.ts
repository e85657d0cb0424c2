import { mountsItself } from '../messages/kernel-messages.js';
import { because, unlessSure, type Because } from '../sentences/grounds.js';
import { holds, said, type DecisionLog, type GroundedAnswer } from './decision-log.js';
import type { Rootfs } from './rootfs.js';

/**
 * The number of words of process 1 that may name it, because a script's name follows its
 * interpreter's.
 */
const NAMES = 3;

/** Whether process 1 was called by this name. */
export const wasCalled = ({ given }: DecisionLog, path: string): boolean =>
  given.init?.args.slice(0, NAMES).includes(path) === true;

/** The evidence in the log. */
function shownEarlyInit({ seen, given, words }: DecisionLog, path: string): GroundedAnswer | null {
  const itself = mountsItself(seen);
  if (itself !== null) return holds(false, because('went-to-mount', { line: itself }));
  const [first] = seen.runs;
  // A log that begins later may lack the mount of a root on which init= names the same path.
  const sure = given.spoken ? words.init !== path : seen.tried !== undefined;
  if (first?.value === path && (sure || given.onlySeen !== true)) return holds(true, said(first));
  const failed = seen.failures.find(({ value }) => value.path === path && value.early);
  return failed === undefined ? null : holds(true, said(failed));
}

/** The present evidence on the machine. */
function rememberedEarlyInit(t: DecisionLog, path: string): GroundedAnswer | null {
  const { given, words } = t;
  if (given.kernelRoot === 'rootfs') return holds(true, because('root-is-rootfs'));
  if (given.kernelRoot !== null) return holds(false, because('kernel-mounted-root'));
  if (given.rootOfOthers === true) return holds(true, because('root-of-others'));
  if (wasCalled(t, path)) return holds(true, because('process-1-called-as', { path }));
  return given.init && given.spoken && words.root === null && !given.tags?.root
    ? holds(true, because('no-other-root'))
    : null;
}

/** The expectation from the input. */
function expectedEarlyInit({ given }: DecisionLog, path: string, rootfs: Rootfs): GroundedAnswer {
  const { handed, cpio } = rootfs;
  const program = rootfs.look(path);
  if (program === undefined)
    return handed.value
      ? holds(cpio?.value !== false, because('most-have-init'))
      : holds(false, because('built-in-unknown'));
  const found = program !== null;
  const why: Because = handed.value
    ? because('initrd-program', { name: given.initrd!.name, found })
    : because('only-built-in');
  return holds(found, unlessSure(handed.evidence.kind !== 'unknown', why));
}

interface EarlyInit {
  path: string;
  runs: boolean;
  /** False if that is only assumed. */
  sure: boolean;
}

/**
 * Decides whether a program in rootfs becomes process 1. Otherwise the kernel mounts a root itself
 * (init/main.c: kernel_init_freeable).
 */
export function findsEarlyInit(t: DecisionLog, rootfs: Rootfs): EarlyInit {
  const path = t.words.rdinit ?? '/init';
  const settled = t.settle(
    { code: 'early-init', path },
    shownEarlyInit(t, path) ?? rememberedEarlyInit(t, path),
    expectedEarlyInit(t, path, rootfs),
  );
  t.decide(
    'early-init',
    { verdict: settled.value ? 'yes' : 'no', path, byRdinit: t.words.rdinit !== null },
    settled,
  );
  return { path, runs: settled.value, sure: settled.evidence.kind !== 'unknown' };
}
