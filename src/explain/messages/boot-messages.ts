import { once, type MessageRow } from './message-row.js';

/** Messages of the kernel about itself and its machine. */
export const BOOT_MESSAGES: readonly MessageRow[] = [
  {
    pattern: /^Linux version (\S+)/,
    source: 'init/version.c',
    tells: once('release', ([, release]) => release!),
  },
  {
    pattern: /^(?:OF: fdt: ?)?Machine(?: model)?: (.+)$/,
    source: 'drivers/of/fdt.c, arch/arm/kernel/setup.c',
    tells: once('model', ([, model]) => model!),
  },
  {
    pattern: /^Kernel command line: ?(.*)$/,
    source: 'init/main.c: start_kernel',
    tells: once('commandLine', ([, words]) => words!.trim()),
  },
  {
    pattern: /^Command line: ?(.*)$/,
    source: 'arch/x86/kernel/setup.c: setup_arch',
    tells: once('commandLine', ([, words]) => words!.trim()),
  },
  {
    pattern: /^Unknown kernel command line parameters "(.*)", will be passed to user space/,
    source: 'init/main.c',
    since: '5.13',
    tells: once('unknownWords', ([, words]) => words!),
  },
];
