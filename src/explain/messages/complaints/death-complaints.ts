import { behind, complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'program' as const;
/** Process 1, by the name of its program, of which the kernel keeps 15 characters. */
const PROCESS_1 = /(?:traps: )?\S{1,15} ?[[(]1[\])]:? /;
const init = (words: RegExp): RegExp => behind(PROCESS_1, words);

/** What the kernel says of process 1 just before it ends. */
export const DEATH_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: init(
      /trap invalid opcode|undefined instruction|.*[Ii]llegal instruction|unhandled signal 4\b/,
    ),
    has: [
      'trap invalid opcode',
      'undefined instruction',
      'illegal instruction',
      'unhandled signal',
    ],
    source: 'arch/x86/kernel/traps.c, arch/arm/kernel/traps.c: do_undefinstr, arch/riscv',
    tells: complains('reason', () => ({
      layer: LAYER,
      cause: { code: 'init-illegal-instruction' },
    })),
  },
  {
    pattern:
      /^(?:VFP: bounce: trigger|VFP support .*not present|.*FPU (?:not available|disabled|emulat).*illegal|Unsupported FP instruction|No FPU available|potentially unexpected fatal signal 4)\b/i,
    has: ['vfp: bounce', 'not present', 'fp instruction', 'fpu', 'fatal signal'],
    source: 'arch/arm/vfp/vfpmodule.c, arch/mips/kernel/traps.c, kernel/signal.c',
    tells: complains('reason', () => ({
      layer: LAYER,
      cause: { code: 'init-illegal-instruction' },
    })),
  },
  {
    pattern: init(
      /segfault at|unhandled signal (\d+)|unhandled (?:page fault|level \d .*fault|.*abort)(?:.*?\((\d+)\))?/,
    ),
    has: ['segfault at', 'unhandled'],
    source: 'arch/x86/mm/fault.c, arch/arm64/kernel/traps.c, arch/powerpc/kernel/traps.c',
    tells: complains('reason', ([, one, two]) => ({
      layer: LAYER,
      cause: { code: 'init-signal', signal: Number(one ?? two ?? 11) },
    })),
  },
  {
    pattern:
      /^(?:init|systemd|linuxrc|preinit|procd): (?:unhandled page fault|unhandled signal) \(?(\d+)\)? (?:at|code)/,
    source: 'arch/arm/mm/fault.c: __do_user_fault (user_debug=)',
    tells: complains('reason', ([, signal]) => ({
      layer: LAYER,
      cause: { code: 'init-signal', signal: Number(signal) },
    })),
  },
  {
    pattern:
      /^do_page_fault\(\): sending SIGSEGV to (?:init|systemd|linuxrc|preinit|procd) for invalid/,
    source: 'arch/mips/mm/fault.c',
    tells: complains('reason', () => ({
      layer: LAYER,
      cause: { code: 'init-signal', signal: 11 },
    })),
  },
  {
    pattern:
      /^(?:Out of memory|Memory cgroup out of memory): (?:Kill(?:ed)? )process 1 \(([^)]*)\)/,
    source: 'mm/oom_kill.c: __oom_kill_process',
    tells: complains('reason', ([, program]) => ({
      layer: LAYER,
      cause: { code: 'init-out-of-memory', program: program! },
    })),
  },
  {
    pattern:
      /^(?:Out of memory|Memory cgroup out of memory): Kill(?:ed)? process (\d+) \(([^)]*)\)/,
    source: 'mm/oom_kill.c: __oom_kill_process',
    tells: complains('effect', ([, , program]) => ({
      layer: LAYER,
      cause: { code: 'init-out-of-memory', program: program! },
    })),
  },
];
