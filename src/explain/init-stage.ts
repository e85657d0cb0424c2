import type { Runnable } from '../facts/facts.js';
import { INITS } from '../facts/origin.js';
import { older, type KernelEnd } from './kernel-inputs.js';
import { errorWords } from './mount-stage.js';
import { assumed, found, logged, type DecisionLog } from './decision-log.js';

/** Where process 1 is looked for. */
interface InitPlace {
  name: string;
  /** A program there: null, there is none; undefined, that is not known. */
  look: (path: string) => Runnable | null | undefined;
}

interface Candidate {
  path: string;
  from: string;
  /** What the kernel does when it does not run: try the next, or panic. */
  otherwise: 'next' | 'panic';
}

/** The kernel's words for having tried everything, which changed with its documentation. */
function nothingWorks(release: string | null): string {
  if (older(release, [2, 6])) return 'No init found.  Try passing init= option to kernel.';
  if (older(release, [3, 14]))
    return 'No init found.  Try passing init= option to kernel. See Linux Documentation/init.txt for guidance.';
  if (older(release, [4, 10]))
    return 'No working init found.  Try passing init= option to kernel. See Linux Documentation/init.txt for guidance.';
  return 'No working init found.  Try passing init= option to kernel. See Linux Documentation/admin-guide/init.rst for guidance.';
}

/**
 * The programs in the order of trying (init/main.c: kernel_init). Before 4.0 an init= that does not
 * run was only complained of.
 */
function candidates(t: DecisionLog, early: string | null): Candidate[] {
  const { init, rdinit } = t.words;
  const fallback = t.given.config?.['DEFAULT_INIT'] ?? '';
  return [
    ...(early === null
      ? []
      : [
          {
            path: early,
            from: rdinit === null ? 'the usual name in an initramfs' : `rdinit=${rdinit}`,
            otherwise: 'next' as const,
          },
        ]),
    ...(init === null
      ? []
      : [
          {
            path: init,
            from: `init=${init}`,
            otherwise: older(t.given.release, [4, 0]) ? ('next' as const) : ('panic' as const),
          },
        ]),
    ...(fallback === ''
      ? []
      : [{ path: fallback, from: 'CONFIG_DEFAULT_INIT', otherwise: 'next' as const }]),
    ...INITS.map((path) => ({ path, from: "the kernel's own list", otherwise: 'next' as const })),
  ];
}

const QUESTION = 'which program becomes process 1?';

/** What the log says of it; null where it does not get so far. */
function seenInit(t: DecisionLog, place: InitPlace): KernelEnd | null {
  const { seen } = t;
  const killed = /^Attempted to kill init/.test(seen.panic?.value ?? '');
  const failed = seen.failures.map(({ value }) => value.path);
  for (const { value, said } of seen.failures)
    t.decide(
      'init-fails',
      `does ${value.path} run?`,
      value.error === null ? 'no' : `no: ${errorWords(value.error)}`,
      logged(null, { said }),
    );
  const last = seen.runs.at(-1);
  if (seen.panic && !killed) {
    const attempts = seen.runs.map(({ value }) => value);
    t.decide(
      'process-1',
      QUESTION,
      attempts.length === 0 ? 'none' : `none: tried were ${[...new Set(attempts)].join(', ')}`,
      logged(null, seen.panic),
    );
    return { kind: 'panics', message: seen.panic.value, ran: null };
  }
  if (last === undefined || failed.includes(last.value))
    return killed ? { kind: 'panics', message: seen.panic!.value, ran: null } : null;
  t.decide('process-1', QUESTION, `${last.value}, on ${place.name}`, logged(null, last));
  if (!killed) return { kind: 'runs', program: last.value, root: place.name };
  t.decide(
    'process-1-ends',
    'what becomes of process 1?',
    'it ends, which it must not',
    logged(null, seen.panic!),
  );
  return { kind: 'panics', message: seen.panic!.value, ran: last.value };
}

/**
 * The first that runs, as far as that can be foreseen; where nothing is known of a program, it is
 * taken to run.
 */
export function becomesInit(t: DecisionLog, place: InitPlace, early: string | null): KernelEnd {
  const witnessed = seenInit(t, place);
  if (witnessed !== null) return witnessed;
  const running = t.given.init;
  const failed: string[] = [];
  const all = candidates(t, early);
  for (const { path, from, otherwise } of all) {
    if (running?.args.slice(0, 3).includes(path)) {
      t.decide(
        'process-1',
        QUESTION,
        `${path}, on ${place.name}`,
        found(null, 'process 1 was called so', 'facts'),
      );
      return { kind: 'runs', program: path, root: place.name };
    }
    const program = place.look(path);
    if (program === undefined || program?.error === 0) {
      const why = failed.length > 0 ? `${from}; ${failed.join(', ')} cannot` : from;
      t.decide(
        'process-1',
        QUESTION,
        `${path}, on ${place.name}`,
        program === undefined
          ? assumed(null, `${why}; whether it is there and runs is not known`)
          : found(null, why, 'facts'),
      );
      return { kind: 'runs', program: path, root: place.name };
    }
    const error = program?.error ?? -2;
    failed.push(path);
    if (program !== null || from !== "the kernel's own list")
      t.decide(
        'init-fails',
        `does ${path} run?`,
        `no: ${errorWords(error)}`,
        found(null, program?.why ?? `${path} does not exist on ${place.name}`, 'facts'),
      );
    if (otherwise === 'panic' && running === null) {
      t.decide(
        'process-1',
        QUESTION,
        'none',
        found(null, `since Linux 4.0 an init= that does not run is the end`, 'rule'),
      );
      return {
        kind: 'panics',
        message: `Requested init ${path} failed (error ${error}).`,
        ran: null,
      };
    }
  }
  if (running !== null) {
    const program = running.args[0] || running.program || 'a program without a name';
    t.contradictions.push(
      `process 1: ${program} runs; but none of ${failed.join(', ')} was to be expected to`,
    );
    t.decide(
      'process-1',
      QUESTION,
      'one that does not show any more',
      found(null, 'user space runs', 'facts'),
    );
    return { kind: 'runs', program, root: place.name };
  }
  t.decide(
    'process-1',
    QUESTION,
    'none',
    found(null, `none of ${all.map(({ path }) => path).join(', ')} runs`, 'facts'),
  );
  return { kind: 'panics', message: nothingWorks(t.given.release), ran: null };
}
