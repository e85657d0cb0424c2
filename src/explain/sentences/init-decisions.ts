import { decision } from './decision-row.js';
import {
  errorWords,
  lastRootWords,
  placeName,
  processName,
  programName,
  type LastRoot,
  type RootPlace,
} from './words.js';

/** The code of wait(2): the signal in the low bits, else the status above them. */
function exitWords(code: number | null): string {
  if (code === null) return '';
  const signal = code & 0x7f;
  return signal === 0 ? ` with status ${(code >> 8) & 0xff}` : ` by signal ${signal}`;
}

/** Decisions about process 1, and the present evidence on the machine. */
export const INIT_DECISIONS = {
  'init-fails': decision({
    question: ({ program }) => `does ${program} run?`,
    answer: ({ error }: { verdict: 'no'; program: string; error: number | null }) =>
      error === null ? 'no' : `no: ${errorWords(error)}`,
  }),

  'process-1': decision({
    question: 'which program becomes process 1?',
    answer: (
      init:
        | { verdict: 'program'; program: string; place: RootPlace }
        /**
         * `tried`: the programs that the kernel printed before it ran them; [] if it printed none.
         */
        | { verdict: 'none'; tried: string[] }
        /** A program runs that nothing names. */
        | { verdict: 'unnamed'; place: RootPlace }
        | { verdict: 'unknown' },
    ) => {
      switch (init.verdict) {
        case 'program':
          return `${init.program}, on ${placeName(init.place)}`;
        case 'none':
          return init.tried.length === 0 ? 'none' : `none: tried were ${init.tried.join(', ')}`;
        case 'unnamed':
          return `${programName(null)}, on ${placeName(init.place)}`;
        case 'unknown':
          return 'one that nothing shows any more';
      }
    },
  }),

  'process-1-ends': decision({
    question: 'what becomes of process 1?',
    answer: ({ exitCode, root }: { verdict: 'ends'; exitCode: number | null; root: LastRoot }) =>
      `it ended${exitWords(exitCode)}, ${lastRootWords(root)}; process 1 must never end`,
  }),

  console: decision<{ verdict: 'no' }>({
    question: 'has process 1 a console?',
    answer: (): string => 'no: its first messages are lost',
  }),

  'process-1-now': decision({
    question: 'what is process 1 now?',
    answer: (now: { verdict: 'runs'; program: string | null; args: string[] }) =>
      processName(now) +
      (now.program !== null && now.program !== now.args[0] ? ` (${now.program})` : ''),
  }),

  'root-now': decision({
    question: 'what is / now?',
    answer: ({ summary }: { verdict: 'mounted'; summary: string }) => summary,
  }),
};
