import { codedSentence, type Coded } from '../../text/coded.js';

const GATHER = 'these facts were gathered without their origin; gather them with `mountroot facts`';
const NEED_ROOT =
  'its log cannot be read here; be root, or take the log of the serial console (--console)';
const ENLARGE =
  'enlarge it with log_buf_len=1M on the command line, ' +
  'or take the log of the serial console (--console)';

/** The facts that the sources do not show, and the sources that would show them. */
const UNKNOWNS = {
  'no-origin': () => `what the kernel said: ${GATHER}`,
  'no-log': () => `what the kernel said: ${NEED_ROOT}`,
  /** `begins`: seconds after the boot. */
  'log-overwritten': ({ begins }: { begins: number | null }) =>
    'what the kernel said at its start: its log no longer goes back to the boot ' +
    `(it begins ${begins?.toFixed(1) ?? '?'} s after it); ${ENLARGE}`,
  'console-begins-later': () => "what the kernel said at its start: the console's log begins later",
  'console-is-quiet': () =>
    'what the kernel said below the level of the console (quiet, loglevel=): ' +
    'the kernel may have said what this log does not show',
  'command-line': () => 'the command line: nothing shows it; give it with --cmdline',
  config: ({ running }: { running: boolean }) =>
    `how the kernel is configured${running ? ': there is no /proc/config.gz' : ''}; ` +
    'give its .config with --config',
  devices: () =>
    "which devices and file systems there are: give the board's facts with --facts " +
    '(`mountroot facts >FILE` on it)',
  'initrd-content': () =>
    'what the initrd holds: the kernel frees its memory once it is unpacked; ' +
    'give the file with --initrd',
  assumptions: () => 'what is marked as assumed: a kernel usually does so with this command line',
};

/** An unknown fact, as data. */
export type Unknown = Coded<typeof UNKNOWNS>;

export const unknownSentence = (unknown: Unknown): string => codedSentence(UNKNOWNS, unknown);
