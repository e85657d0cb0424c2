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
      /^(?:Failed to execute|Default init) (\S+?)(?: failed)?(?: \(error (-\d+)\))?\.?(?: {2}Attempting defaults\.\.\.)?$/,
    source: 'init/main.c: kernel_init',
    tells: often('failures', ([, path, error]) => ({ path: path!, error: errorIn(error) })),
  },
  {
    pattern: /^Starting init: (\S+) exists but couldn't execute it \(error (-\d+)\)$/,
    source: 'init/main.c: try_to_run_init_process',
    since: '3.12',
    tells: often('failures', ([, path, error]) => ({ path: path!, error: errorIn(error) })),
  },
  {
    pattern: /^Kernel panic(?: - not syncing)?: (.*)$/,
    source: 'kernel/panic.c: panic',
    tells: once('panic', ([, message]) => readPanic(message!)),
  },
  {
    pattern:
      /^(?:reboot: (?:Power down|Restarting system|System halted)|Restarting system|Power down|System halted)/,
    source: 'kernel/reboot.c',
    tells: once('down', ([message]) => message),
  },
];
