import type { KernelConfig } from '../facts/kernel-config.js';
import { option } from './kernel-inputs.js';
import { otherwise } from '../plan/rule-table.js';
import { decideBy, type DecisionRule } from './decision-rule.js';
import type { CommandLineHolder } from './sentences/ramdisk-decisions.js';

/** The two command lines that a kernel may have; '' for a missing one. */
interface CommandLines {
  handed: string;
  own: string;
  config: KernelConfig | null;
}

interface EffectiveCommandLine {
  text: string;
  holder: CommandLineHolder;
}

export const COMMAND_LINE_RULES: readonly DecisionRule<CommandLines, EffectiveCommandLine>[] = [
  {
    when: ({ own }) => own === '',
    then: ({ handed }) => ({ text: handed, holder: 'boot-loader' }),
  },
  {
    when: ({ config }) => option(config, 'CMDLINE_FORCE') === true,
    then: ({ own }) => ({ text: own, holder: 'kernel-by-force' }),
  },
  {
    when: ({ config }) => option(config, 'CMDLINE_EXTEND') === true,
    then: ({ handed, own }) => ({ text: `${handed} ${own}`.trim(), holder: 'both' }),
  },
  {
    when: ({ handed }) => handed === '',
    then: ({ own }) => ({ text: own, holder: 'kernel' }),
  },
  {
    when: otherwise,
    then: ({ handed }) => ({ text: handed, holder: 'boot-loader-first' }),
  },
];

/**
 * The command line that the kernel makes from the boot loader's and its own (drivers/of/fdt.c:
 * early_init_dt_scan_chosen; arch/arm/kernel/atags_parse.c).
 */
export const effectiveCommandLine = (
  handed: string,
  config: KernelConfig | null,
): EffectiveCommandLine =>
  decideBy(COMMAND_LINE_RULES, { handed, own: config?.['CMDLINE'] ?? '', config });
