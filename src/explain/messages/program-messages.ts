import { often, type MessageRow } from './message-row.js';

/**
 * The first words of process 1, and of the programs that it starts. Most print them without the
 * kernel's time; some write them to the kernel's log. They show that a process 1 runs.
 */
export const PROGRAM_MESSAGES: readonly MessageRow[] = [
  {
    pattern:
      /^(?:init started: +BusyBox v\S+|INIT: version \S+ booting|systemd\[1\]: systemd \S+ running in .* mode|systemd\[1\]: .*\bDetected architecture .*|init: Console is alive|procd: - early -|init: - (?:watchdog|preinit) -|- preinit -|OpenRC \S+ is starting up .*|init: init first stage started!|Please press Enter to activate this console\.)/,
    source: 'init/init.c of busybox, src/init.c of sysvinit, src/core/main.c of systemd, procd',
    weak: true,
    by: 'both',
    tells: often('programs', ([words]) => words),
  },
];
