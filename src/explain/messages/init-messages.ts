import { errorIn, often, once, type MessageRow } from './message-row.js';
import { readPanic } from './panic.js';

/** Messages of the kernel from the search for process 1 to its own end. */
export const INIT_MESSAGES: readonly MessageRow[] = [
  {
    pattern: /^Freeing (?:unused kernel|init) /,
    source: 'init/main.c: kernel_init; mm/page_alloc.c',
    tells: once('started', () => true),
  },
  {
    pattern: /^Warning: unable to open an initial console/,
    source: 'init/main.c: console_on_rootfs',
    tells: once('noConsole', () => true),
  },
  {
    pattern: /^Run (\/?\S.*) as init process$/,
    source: 'init/main.c: run_init_process',
    since: '4.17',
    tells: often('runs', ([, program]) => program!),
  },
  {
    pattern:
      /^(Failed to execute|Default init) (\S+?)(?: failed)?(?: \(error (-\d+)\))?\.?( {1,2}Attempting defaults\.\.\.)?$/,
    source: 'init/main.c: kernel_init',
    tells: often('failures', ([, words, path, error, goesOn]) => ({
      path: path!,
      error: errorIn(error),
      early: words === 'Failed to execute' && goesOn === undefined,
    })),
  },
  {
    pattern: /^Starting init: (\S+) exists but couldn't execute it \(error (-\d+)\)$/,
    source: 'init/main.c: try_to_run_init_process',
    since: '3.12',
    tells: often('failures', ([, path, error]) => ({
      path: path!,
      error: errorIn(error),
      early: false,
    })),
  },
  {
    // The line that ends the report of a panic repeats it (since 3.11, with `]---` since 4.14).
    pattern: /^(?:-*\[? ?end )?Kernel panic(?: - not syncing)?(?::? (.*?))?(?: ?\]---)?$/,
    source: 'kernel/panic.c: panic',
    // A console may lose the time of a line, and a panic must not be missed.
    by: 'both',
    tells: (seen, [, message = ''], line) => {
      // The beginning of the report may be lost or cut.
      if (seen.panic === undefined || seen.panic.value.message === '')
        seen.panic = { value: readPanic(message), ...line };
    },
  },
  {
    pattern: /^Rebooting in \d+ seconds\.\.$/,
    source: 'kernel/panic.c: panic',
    tells: (seen, _match, line) => {
      seen.panic ??= { value: readPanic(''), ...line };
    },
  },
  {
    pattern:
      /^(?:reboot: (?:Power down|Restarting system|System halted)|Restarting system|Power down|System halted)/,
    source: 'kernel/reboot.c',
    tells: once('down', ([message]) => message),
  },
];
