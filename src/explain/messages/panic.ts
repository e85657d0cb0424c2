import { isOlder } from '../../text/kernel-release.js';

/**
 * The subject of a panic. `message` is the kernel's text after "Kernel panic - not syncing: ". A
 * predicted panic gets the same text.
 */
export type Panic = { message: string } & (
  | { kind: 'no-root' }
  /** No program became process 1. `program` and `error` are set if init= named one (Linux 4.0). */
  | { kind: 'no-init'; program: string | null; error: number | null }
  /** Process 1 ended. `exitCode` is the status of wait(2); null if the kernel does not print it. */
  | { kind: 'init-ended'; exitCode: number | null }
  | { kind: 'no-decompressor' }
  /** The cpio that is linked into the kernel does not unpack. */
  | { kind: 'built-in-broken' }
  | { kind: 'no-memory' }
  /** Its words are cut off, or not in the log. */
  | { kind: 'cut' }
  | { kind: 'other' }
);

interface PanicRow {
  pattern: RegExp;
  /** The kernel's source file with this panic. */
  source: string;
  is: (
    match: RegExpExecArray,
  ) => Panic extends infer Each ? (Each extends Panic ? Omit<Each, 'message'> : never) : never;
}

/** The first row that matches counts. */
export const PANICS: readonly PanicRow[] = [
  {
    pattern: /Unable to mount root fs/,
    source: 'init/do_mounts.c',
    is: () => ({ kind: 'no-root' }),
  },
  {
    pattern: /^Requested init(?: (\S+) failed \(error (-\d+)\))?/,
    source: 'init/main.c',
    is: ([, program, error]) => ({
      kind: 'no-init',
      program: program ?? null,
      error: error === undefined ? null : Number(error),
    }),
  },
  {
    pattern: /^No (?:working )?init found/,
    source: 'init/main.c',
    is: () => ({ kind: 'no-init', program: null, error: null }),
  },
  {
    pattern: /^Attempted to kill init(?:.*exitcode=0x([0-9a-f]+))?/,
    source: 'kernel/exit.c',
    is: ([, code]) => ({
      kind: 'init-ended',
      exitCode: code === undefined ? null : parseInt(code, 16),
    }),
  },
  {
    pattern: /decompress|compression method .* not configured/,
    source: 'init/initramfs.c, init/do_mounts_rd.c',
    is: () => ({ kind: 'no-decompressor' }),
  },
  {
    pattern:
      /^(?:junk (?:in|within) (?:gzipped|compressed) archive|no cpio magic|broken padding|bad gzip magic|invalid magic at start of compressed archive|incorrect cpio method used|read error|write error|crc error)/,
    source: 'init/initramfs.c: populate_rootfs',
    is: () => ({ kind: 'built-in-broken' }),
  },
  {
    pattern: /[Oo]ut of memory|can't allocate|System is deadlocked/,
    source: 'mm/oom_kill.c, init/initramfs.c',
    is: () => ({ kind: 'no-memory' }),
  },
  {
    pattern: /^(?:V|VF|VFS|VFS:.{0,26}|No?|No (?:w.{0,14}|i.{0,8})|Req.{0,11}|Att.{0,18})?$/,
    source: 'kernel/panic.c: panic',
    is: () => ({ kind: 'cut' }),
  },
  { pattern: /^/, source: '', is: () => ({ kind: 'other' }) },
];

export function readPanic(message: string): Panic {
  for (const { pattern, is } of PANICS) {
    const match = pattern.exec(message);
    if (match !== null) return { message, ...is(match) };
  }
  return { message, kind: 'other' };
}

/** The name and the device in a panic without a root. The name is there since 6.5. */
export function rootInPanic(message: string): { name: string | null; device: string } {
  const [, name, device = ''] =
    /Unable to mount root fs on (?:["'“”](.*)["'“”] or )?(\S+)/.exec(message) ?? [];
  return { name: name ?? null, device };
}

/** Whether the kernel already had a root: it was at the search for an init or past it. */
export const hadRoot = ({ kind, message }: Panic): boolean =>
  kind !== 'no-root' && kind !== 'no-decompressor' && /init/.test(message);

/** The panic of init/do_mounts.c: mount_block_root; `number` is `major:minor`; null if unknown. */
export function noRoot(number: string | null): Panic {
  const [major = '?', minor = '?'] = number?.split(':') ?? [];
  return {
    kind: 'no-root',
    message: `VFS: Unable to mount root fs on unknown-block(${major},${minor})`,
  };
}

/** The panic of an init= that does not run; `error` is a negative errno. */
export const requestedInitFailed = (program: string, error: number): Panic => ({
  kind: 'no-init',
  program,
  error,
  message: `Requested init ${program} failed (error ${error}).`,
});

/** The kernel's message if no program of its list runs. The text changed when its manual moved. */
const NO_INIT: readonly { before: readonly [number, number]; words: string }[] = [
  { before: [2, 6], words: 'No init found.  Try passing init= option to kernel.' },
  {
    before: [3, 14],
    words:
      'No init found.  Try passing init= option to kernel. ' +
      'See Linux Documentation/init.txt for guidance.',
  },
  {
    before: [4, 10],
    words:
      'No working init found.  Try passing init= option to kernel. ' +
      'See Linux Documentation/init.txt for guidance.',
  },
];
const NO_INIT_TODAY =
  'No working init found.  Try passing init= option to kernel. ' +
  'See Linux Documentation/admin-guide/init.rst for guidance.';

/** The panic of a kernel of this release when no program of its list runs. */
export const noInitFound = (release: string | null): Panic => ({
  kind: 'no-init',
  program: null,
  error: null,
  message: NO_INIT.find(({ before }) => isOlder(release, before))?.words ?? NO_INIT_TODAY,
});
