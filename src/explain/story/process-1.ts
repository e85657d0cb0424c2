import { INITS } from '../../facts/program.js';
import { isOlder } from '../../text/kernel-release.js';
import type { FindProgram } from '../kernel-inputs.js';
import type { KernelMessage } from '../messages/message-row.js';
import { noInitFound, requestedInitFailed, type Panic } from '../messages/panic.js';
import type { InitOrigin } from '../sentences/init-grounds.js';
import { assumedFor, because } from '../sentences/grounds.js';
import { processName, type RootPlace } from '../sentences/words.js';
import { said, type DecisionLog } from './decision-log.js';
import { wasCalled } from './early-init.js';
import { lastRoot } from './last-root.js';

/** The root on which the kernel looks for process 1. */
export interface InitPlace {
  place: RootPlace;
  look: FindProgram;
}

/**
 * The end of the search for process 1. `ran` is the program that was process 1 before the panic.
 */
export type InitOutcome =
  | { kind: 'runs'; program: string | null; place: RootPlace }
  | { kind: 'panics'; panic: Panic; ran: string | null }
  /** The log does not show it. */
  | { kind: 'open' };

interface Candidate {
  path: string;
  origin: InitOrigin;
  /** True if the kernel panics when it does not run, instead of trying another. */
  last: boolean;
}

const ENOENT = -2;

/**
 * Whether an init of an initramfs may have started today's process 1: nothing shows that the kernel
 * mounted the root itself.
 */
const mayBeHandedOver = ({ decisions }: DecisionLog, early: string | null): boolean =>
  early === null &&
  decisions.some(({ id, evidence }) => id === 'early-init' && evidence.kind === 'unknown');

/** The programs in the order in which the kernel tries them (init/main.c: kernel_init). */
function initCandidates(t: DecisionLog, early: string | null): Candidate[] {
  const { init, rdinit } = t.words;
  const configured = t.given.config?.['DEFAULT_INIT'] ?? '';
  const all: Candidate[] = [];
  const add = (path: string, origin: InitOrigin, last = false): void =>
    void all.push({ path, origin, last });
  if (early !== null)
    add(early, rdinit === null ? { from: 'usual-early' } : { from: 'rdinit', word: rdinit });
  // Before Linux 4.0 the kernel only warned about an init= that does not run.
  if (init !== null) add(init, { from: 'init', word: init }, !isOlder(t.given.release, [4, 0]));
  if (configured !== '') add(configured, { from: 'default-init' });
  for (const path of INITS) add(path, { from: 'list' });
  return all;
}

/**
 * A line that shows that a process 1 runs, although none names it: the first words of a program,
 * after the kernel freed its own init code, or a shutdown, which only a program asks for.
 */
const unnamedProcess1 = ({ seen }: DecisionLog): KernelMessage<unknown> | undefined =>
  seen.down ?? (seen.started === undefined ? undefined : seen.programs[0]);

/** The program that became process 1, in the log; null if it shows none. */
function shownProgram(t: DecisionLog, { place }: InitPlace): { program: string | null } | null {
  const { failures, runs } = t.seen;
  const last = runs.at(-1);
  if (last !== undefined && !failures.some(({ value }) => value.path === last.value)) {
    const program = last.value;
    t.decide('process-1', { verdict: 'program', program, place }, said(last));
    return { program };
  }
  const line = unnamedProcess1(t);
  if (line === undefined) return null;
  t.decide('process-1', { verdict: 'unnamed', place }, said(line));
  return { program: null };
}

/** The evidence in the log about process 1; null if the log ends before. */
function seenInit(t: DecisionLog, where: InitPlace): InitOutcome | null {
  const { failures, runs, panic } = t.seen;
  for (const failure of failures) {
    const { path: program, error } = failure.value;
    t.decide('init-fails', { verdict: 'no', program, error }, said(failure));
  }
  if (panic?.value.kind === 'no-init') {
    const tried = [...new Set(runs.map(({ value }) => value))];
    t.decide('process-1', { verdict: 'none', tried }, said(panic));
    return { kind: 'panics', panic: panic.value, ran: null };
  }
  const shown = shownProgram(t, where);
  if (panic === undefined) return shown && { kind: 'runs', ...shown, place: where.place };
  if (panic.value.kind === 'init-ended') {
    const { exitCode } = panic.value;
    const root = lastRoot(t.seen, where.place);
    t.decide('process-1-ends', { verdict: 'ends', exitCode, root }, said(panic));
  }
  return { kind: 'panics', panic: panic.value, ran: shown?.program ?? null };
}

/** Records that the kernel runs this program, as far as that is known. */
function runs(
  t: DecisionLog,
  { path, origin }: Candidate,
  { place }: InitPlace,
  { failed, known }: { failed: string[]; known: boolean },
): InitOutcome {
  const why = because('init-candidate', { origin, failed, known });
  t.decide(
    'process-1',
    { verdict: 'program', program: path, place },
    known ? why : assumedFor(why),
  );
  return { kind: 'runs', program: path, place };
}

/** Records that this program does not run. Returns the errno. */
function fails(t: DecisionLog, { path, origin }: Candidate, { place, look }: InitPlace): number {
  const program = look(path);
  const error = program?.error ?? ENOENT;
  // The kernel's own list is long, so we do not report its missing programs.
  if (program || origin.from !== 'list')
    t.decide(
      'init-fails',
      { verdict: 'no', program: path, error },
      program
        ? because('program-fails', { why: program.why })
        : because('program-missing', { path, place }),
    );
  return error;
}

/**
 * Ends the search if no candidate runs: with the panic, or with a contradiction if user space ran
 * anyway.
 */
function noneRuns(t: DecisionLog, { place }: InitPlace, tried: string[]): InitOutcome {
  const { init, release } = t.given;
  if (init !== null) {
    const program = processName(init);
    t.contradictions.push({ code: 'process-1', program, failed: tried });
    t.decide('process-1', { verdict: 'unknown' }, because('user-space-runs'));
    return { kind: 'runs', program, place };
  }
  t.decide('process-1', { verdict: 'none', tried: [] }, because('none-runs', { tried }));
  return { kind: 'panics', panic: noInitFound(release), ran: null };
}

/**
 * Decides which program becomes process 1: the first that runs, as far as we can predict. If
 * nothing is known about a program, we assume that it runs.
 */
export function becomesInit(t: DecisionLog, where: InitPlace, early: string | null): InitOutcome {
  const seen = seenInit(t, where);
  if (seen !== null) return seen;
  if (t.given.onlySeen === true) {
    t.decide('process-1', { verdict: 'unknown' }, because('process-1-not-shown'));
    return { kind: 'open' };
  }
  const failed: string[] = [];
  for (const candidate of initCandidates(t, early)) {
    const { path } = candidate;
    if (wasCalled(t, path)) {
      const data = { verdict: 'program' as const, program: path, place: where.place };
      const called = because('process-1-called-so');
      t.decide('process-1', data, mayBeHandedOver(t, early) ? assumedFor(called) : called);
      return { kind: 'runs', program: path, place: where.place };
    }
    const program = where.look(path);
    const known = program !== undefined;
    if (!known || program?.error === 0) return runs(t, candidate, where, { failed, known });
    const error = fails(t, candidate, where);
    failed.push(path);
    if (candidate.last && t.given.init === null) {
      t.decide('process-1', { verdict: 'none', tried: [] }, because('requested-init-is-last'));
      return { kind: 'panics', panic: requestedInitFailed(path, error), ran: null };
    }
  }
  return noneRuns(t, where, failed);
}
