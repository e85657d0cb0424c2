import type { KernelInputs } from './kernel-inputs.js';
import type { KernelMessages } from './messages/message-row.js';
import type { CodedDecision } from './sentences/decisions.js';
import type { Unknown } from './sentences/unknowns.js';
import type { ExplanationSources } from './sources.js';

interface Known {
  sources: ExplanationSources;
  seen: KernelMessages;
  given: KernelInputs;
  decisions: readonly CodedDecision[];
  /** Neither a log nor a command line was given. */
  running: boolean;
}

/** Every row that applies counts, in this order. */
export const UNKNOWN_ROWS: readonly {
  when: (known: Known) => boolean;
  is: (k: Known) => Unknown;
}[] = [
  {
    when: ({ running, sources: { facts } }) => running && facts?.origin === undefined,
    is: () => ({ code: 'no-origin' }),
  },
  {
    when: ({ running, sources: { facts } }) => running && facts?.origin?.log === null,
    is: () => ({ code: 'no-log' }),
  },
  {
    when: ({ running, sources: { facts } }) => running && facts?.origin?.log?.fromStart === false,
    is: ({ sources: { facts } }) => ({
      code: 'log-overwritten',
      begins: facts?.origin?.logBegins ?? null,
    }),
  },
  {
    when: ({ sources: { log } }) => log?.fromStart === false,
    is: () => ({ code: 'console-begins-later' }),
  },
  {
    when: ({ sources: { log } }) => log?.fromStart === true && !log.allLevels,
    is: () => ({ code: 'console-is-quiet' }),
  },
  { when: ({ given }) => !given.spoken, is: () => ({ code: 'command-line' }) },
  {
    when: ({ given }) => given.config === null,
    // A file that is there and cannot be read has a problem of its own.
    is: ({ running, sources: { facts } }) => ({
      code: 'config',
      running: running && facts?.unread?.['/proc/config.gz'] === undefined,
    }),
  },
  {
    when: ({ given, sources }) => given.devices === null && sources.commandLine !== null,
    is: () => ({ code: 'devices' }),
  },
  {
    when: ({ given, sources, seen }) =>
      given.handed?.value === true && sources.initrd === null && seen.runs.length === 0,
    is: () => ({ code: 'initrd-content' }),
  },
  {
    when: ({ running, decisions }) =>
      running && decisions.some(({ evidence }) => evidence.kind === 'unknown'),
    is: () => ({ code: 'assumptions' }),
  },
];

/** The facts that the sources do not show. */
export function unknownsOf(known: Omit<Known, 'running'>): Unknown[] {
  const { log, commandLine } = known.sources;
  const all = { ...known, running: log === null && commandLine === null };
  return UNKNOWN_ROWS.filter(({ when }) => when(all)).map(({ is }) => is(all));
}
