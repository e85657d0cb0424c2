import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'program' as const;

/** What loaders, shells and inits say of programs that do not run. */
export const PROGRAM_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^(\S+): error while loading shared libraries: (\S+): (cannot open shared object file|(?:wrong ELF class|ELF file.*|invalid ELF header|.*cannot .*|.*unsupported.*))/,
    has: ['loading shared libraries'],
    source: 'glibc elf/dl-load.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, program, library, why]) => ({
      layer: LAYER,
      cause: {
        code: 'library-missing',
        program: program!,
        library: library!,
        why: why === 'cannot open shared object file' ? null : why!,
      },
    })),
  },
  {
    pattern:
      /^(?:(\S+): )?(?:Error loading shared library (\S+?): (.*?)(?: \(needed by (\S+)\))?|can't load library '([^']+)'|unable to (?:load|find) library (\S+))$/,
    has: ['loading shared library', 'load library', 'find library'],
    source: 'musl ldso/dynlink.c; uClibc ldso/ldso/ldso.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, program, musl, why, needed, uclibc, other]) => ({
      layer: LAYER,
      cause: {
        code: 'library-missing',
        program: needed ?? program ?? null,
        library: (musl ?? uclibc ?? other)!,
        why: why === undefined || /No such file/.test(why) ? null : why,
      },
    })),
  },
  {
    pattern:
      /^(\S+): (?:(\/\S+): )?(version [`'"]?([^'"]+?)['"]? not found(?: \(required by \S+\))?|symbol lookup error: .*|undefined symbol: .*|can't resolve symbol .*)|^Error relocating (\S+): (\S+: symbol not found)/,
    has: ['not found', 'symbol'],
    source: 'glibc elf/dl-version.c; musl ldso/dynlink.c; uClibc',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, program, , what, , relocated, symbol]) => ({
      layer: LAYER,
      cause: {
        code: 'library-other-version',
        program: (program ?? relocated)!,
        what: (what ?? symbol)!,
      },
    })),
  },
  {
    pattern: /^Inconsistency detected by ld(?:-linux\S*)?\.so\S*: (.*)$/,
    source: 'glibc elf/dl-minimal.c: __assert_fail',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'library-other-version', program: 'the dynamic linker', what: what! },
    })),
  },
  {
    pattern: /^(?:FATAL: )?kernel too old$/,
    source: 'glibc sysdeps/unix/sysv/linux/dl-sysdep.c',
    weak: true,
    by: 'both',
    tells: complains('reason', () => ({ layer: LAYER, cause: { code: 'library-kernel-too-old' } })),
  },
  {
    pattern: /^request_module: runaway loop modprobe binfmt-([0-9a-f]{4})/,
    source: 'kernel/kmod.c: __request_module (until 4.13)',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, magic]) => ({
      layer: LAYER,
      cause: { code: 'program-other-format', magic: magic! },
    })),
  },
  {
    pattern:
      /^(?:-?\w+: )?(?:can't (?:run|execute|open)|cannot execute|cannot run) '?"?(\/[^'": ]+)'?"?: (.+)$/,
    has: ["can't ", 'cannot '],
    source: 'busybox init/init.c: init_exec; shell/ash.c',
    weak: true,
    by: 'both',
    tells: complains('effect', ([, program, why]) => ({
      layer: LAYER,
      cause: { code: 'program-does-not-run', program: program!, why: why! },
    })),
  },
  {
    pattern:
      /^(?:\w+: )?(\/\S*?|-?\w*sh): (?:\.: |exec: )?(?:line )?(?:\d+: )?(?:\.: |exec: )?(?:(\S+?): (?:not found|command not found|No such file or directory|Exec format error|cannot execute binary file(?:: .*)?|Permission denied|can't open.*|applet not found)|can't open '?([^' ]+?)'?(?:: .*)?|([Ss]yntax error:? .*))$/,
    has: [
      ': not found',
      'command not found',
      'applet not found',
      'no such file',
      'exec format',
      'cannot execute',
      'permission denied',
      "can't open",
      'syntax error',
    ],
    source: 'busybox shell/ash.c, dash, bash',
    weak: true,
    by: 'both',
    tells: complains('effect', ([said, script, command, file, syntax]) => ({
      layer: LAYER,
      cause: {
        code: 'script-fails',
        script: script!,
        command: command ?? file ?? null,
        why: syntax ?? said.slice(said.lastIndexOf(': ') + 2),
      },
    })),
  },
  {
    pattern: /^(\S+): (applet not found)$/,
    has: ['applet not found'],
    source: 'busybox libbb/appletlib.c',
    weak: true,
    by: 'both',
    tells: complains('reason', ([, program, why]) => ({
      layer: LAYER,
      cause: { code: 'program-does-not-run', program: program!, why: why! },
    })),
  },
  {
    pattern:
      /^(?:INIT: |init: )(?:No inittab file found|cannot execute "?([^"]+)"?|no more processes left in this runlevel|(Id "\w+" respawning too fast.*))/,
    source: 'sysvinit src/init.c',
    weak: true,
    by: 'both',
    tells: complains('effect', ([what, program]) => ({
      layer: LAYER,
      cause: {
        code: 'program-does-not-run',
        program: program ?? '/sbin/init',
        why: what.replace(/^\w+: /i, ''),
      },
    })),
  },
  {
    pattern:
      /^(?:\w+: )?(?:mount_root: )?(failed to (?:mount|open|find) .*|(?:jffs2|overlay filesystem) .*not .*ready.*|no usable overlay filesystem found.*)$/,
    has: ['failed to mount', 'failed to open', 'failed to find', 'ready', 'no usable overlay'],
    source: 'OpenWrt fstools mount_root.c, libfstools/overlay.c',
    weak: true,
    by: 'both',
    tells: complains('hint', ([, what]) => ({
      layer: LAYER,
      cause: { code: 'openwrt-overlay', what: what! },
    })),
  },
];
