import type { Region } from '../facts/device-tree.js';
import type { Runnable } from '../facts/facts.js';
import { mountsItself } from './kernel-messages.js';
import { assumed, found, logged, quoted, type Finding, type DecisionLog } from './decision-log.js';

/** What stands in the kernel's own first root when it looks for a program there. */
export interface Rootfs {
  /** An initrd was handed over and taken. */
  handed: Finding<boolean>;
  /** It is a cpio, and is unpacked; null where none was handed over. */
  cpio: Finding<boolean> | null;
  /** A program in rootfs: null, there is none; undefined, that is not known. */
  look: (path: string) => Runnable | null | undefined;
}

/** What rootfs itself is (init/do_mounts.c: init_rootfs). */
function firstRoot(t: DecisionLog): void {
  const { root, fstypes } = t.words;
  const tmpfs = t.option('TMPFS');
  const asked =
    root === null && fstypes === null
      ? 'no root= and no rootfstype= is given'
      : fstypes?.some((type) => type.includes('tmpfs'))
        ? 'rootfstype= names tmpfs'
        : null;
  const question = 'what is the first root, before any other?';
  if (!t.given.spoken)
    return t.decide(
      'rootfs',
      question,
      'rootfs',
      assumed(
        null,
        'whether it is a ramfs or a tmpfs depends on the command line, which is not known',
      ),
    );
  if (asked === null)
    return t.decide(
      'rootfs',
      question,
      'rootfs, a ramfs',
      found(
        null,
        `${root === null ? 'rootfstype=' : 'root='} is given, so it need not be a tmpfs`,
        'cmdline',
      ),
    );
  if (tmpfs === false)
    return t.decide(
      'rootfs',
      question,
      'rootfs, a ramfs',
      found(null, 'the kernel is built without CONFIG_TMPFS', 'config'),
    );
  t.decide(
    'rootfs',
    question,
    'rootfs, a tmpfs',
    found(
      null,
      tmpfs === null ? `${asked}, and most kernels have CONFIG_TMPFS` : asked,
      'cmdline',
      tmpfs !== null,
    ),
  );
}

/** What was linked into the kernel; whether it is only the kernel's own three names. */
function builtIn(t: DecisionLog): boolean | null {
  const question = 'what is built into the kernel?';
  if (t.option('BLK_DEV_INITRD') === false) {
    t.decide(
      'built-in',
      question,
      'no cpio',
      found(null, 'the kernel is built without CONFIG_BLK_DEV_INITRD', 'config'),
    );
    return true;
  }
  const source = t.given.config === null ? null : (t.given.config['INITRAMFS_SOURCE'] ?? '');
  const proof = source === null ? ranWithoutInitrd(t) : null;
  if (proof !== null) {
    t.decide('built-in', question, `a cpio of its own, with ${proof.value} in it`, {
      ...logged(null, proof),
      because: `${logged(null, proof).because}, and its log, which is whole, shows no initrd`,
    });
    return false;
  }
  if (source === null)
    t.decide(
      'built-in',
      question,
      'a cpio with only /dev, /dev/console and /root',
      assumed(null, 'the configuration is not known, and this is the usual one'),
    );
  else if (source === '')
    t.decide(
      'built-in',
      question,
      'a cpio with only /dev, /dev/console and /root',
      found(null, 'CONFIG_INITRAMFS_SOURCE is empty', 'config'),
    );
  else
    t.decide(
      'built-in',
      question,
      `a cpio made from ${source}`,
      found(
        null,
        'CONFIG_INITRAMFS_SOURCE names it; what is in it does not show from outside',
        'config',
      ),
    );
  return source === null ? null : source === '';
}

/**
 * A program of rootfs that ran although no boot loader handed over anything: it can only have been
 * built in.
 */
function ranWithoutInitrd({
  seen,
  words,
}: DecisionLog): DecisionLog['seen']['runs'][number] | null {
  const [first] = seen.runs;
  const shown = seen.tried ?? seen.notCpio ?? seen.unpackFailed ?? seen.image;
  return first?.value === (words.rdinit ?? '/init') &&
    seen.whole &&
    shown === undefined &&
    mountsItself(seen) === null
    ? first
    : null;
}

const PAGE = 4096;

/**
 * The kernel takes whole pages, and all of them must be memory (init/initramfs.c:
 * reserve_initrd_mem).
 */
function isOutside({ start, size }: Region, memory: readonly Region[] | null): boolean {
  const [from, to] = [Math.floor(start / PAGE) * PAGE, Math.ceil((start + size) / PAGE) * PAGE];
  return (
    memory !== null &&
    !memory.some((region) => from >= region.start && to <= region.start + region.size)
  );
}

function wasHanded(t: DecisionLog): Finding<boolean> {
  const { given, seen, words } = t;
  if (seen.refused) return logged(false, seen.refused);
  const shown = seen.tried ?? seen.notCpio ?? seen.unpackFailed ?? seen.image;
  const told = given.handed;
  let expected: Finding<boolean>;
  if (t.option('BLK_DEV_INITRD') === false)
    expected = found(false, 'the kernel is built without CONFIG_BLK_DEV_INITRD', 'config');
  else if (t.option('INITRAMFS_FORCE') === true)
    expected = found(
      false,
      'CONFIG_INITRAMFS_FORCE leaves out what a boot loader hands over',
      'config',
    );
  else if (words.initrd !== null && words.initrd.size === 0)
    expected = found(false, 'initrd= gives it a size of 0', 'cmdline');
  else if (words.initrd !== null && isOutside(words.initrd, given.memory))
    expected = found(
      false,
      `initrd= says that it lies at 0x${words.initrd.start.toString(16)}, where there is no memory`,
      'cmdline',
    );
  else if (given.initrd !== null)
    expected = found(true, `${given.initrd.name} is what was given to look at`, 'facts');
  else if (words.initrd !== null)
    expected = found(
      true,
      `initrd= says that it lies at 0x${words.initrd.start.toString(16)}`,
      'cmdline',
      seen.whole,
    );
  else if (told !== null) expected = found(told.told, told.by, told.evidence);
  else expected = assumed(false, 'nothing tells of one');
  // In a whole log the kernel would have said that it tries.
  const silent =
    seen.whole && (seen.runs.length > 0 || mountsItself(seen) !== null)
      ? found(false, 'the kernel did not say that it unpacks one, and its log is whole', 'log')
      : null;
  const remembered =
    given.realRoot === null
      ? silent
      : found(
          true,
          `/proc/sys/kernel/real-root-dev says that an image came before ${given.realRoot}`,
          'facts',
        );
  return t.settle(
    'whether there is an initrd',
    shown ? logged(true, shown) : remembered,
    expected,
    (value) => (value ? 'there is one' : 'there is none'),
  );
}

function isCpio(t: DecisionLog, handed: Finding<boolean>): Finding<boolean> | null {
  const { seen, given } = t;
  if (!handed.value) return null;
  const expected =
    given.initrd === null
      ? assumed(true, 'what is in it is not known; most are a cpio')
      : given.initrd.error === null
        ? found(true, `${given.initrd.name} unpacks to its end`, 'facts')
        : found(
            false,
            `${given.initrd.name} stops the kernel with "${given.initrd.error}"`,
            'facts',
          );
  const refused = seen.notCpio ?? seen.unpackFailed;
  const unpacked =
    seen.tried && !refused && (seen.runs.length > 0 || mountsItself(seen) !== null || seen.started)
      ? found(true, `${quoted(seen.tried.said)}, and complained of nothing`, 'log')
      : null;
  const remembered =
    given.realRoot === null
      ? unpacked
      : found(false, '/proc/sys/kernel/real-root-dev says that it was an image', 'facts');
  return t.settle(
    'what the initrd is',
    refused ? logged(false, refused) : remembered,
    expected,
    (value) => (value ? 'a cpio' : 'no cpio'),
  );
}

/**
 * What populate_rootfs does: the built-in cpio first, then the initrd over it (init/initramfs.c).
 */
export function fillRootfs(t: DecisionLog): Rootfs {
  firstRoot(t);
  const plain = builtIn(t);
  const handed = wasHanded(t);
  const { strangeInitrd, initrd: placed } = t.words;
  const refused =
    t.seen.refused !== undefined ||
    (!handed.value && placed !== null && placed.size > 0 && isOutside(placed, t.given.memory));
  const notTaken =
    strangeInitrd === null
      ? ''
      : `; initrd=${strangeInitrd} is not ADDRESS,SIZE and is passed over`;
  t.decide(
    'initrd',
    'does the boot loader hand over an initrd?',
    handed.value ? 'yes' : refused ? 'yes, but the kernel refuses it' : 'no',
    { ...handed, because: handed.because + notTaken },
  );
  const cpio = isCpio(t, handed);
  const { initrd } = t.given;
  if (cpio !== null) {
    const question = 'is it a cpio archive?';
    const reason =
      t.seen.notCpio?.value ??
      t.seen.unpackFailed?.value ??
      initrd?.error ??
      'why does not show any more';
    if (cpio.value) t.decide('initrd-kind', question, 'yes: unpacked into rootfs', cpio);
    else if (t.option('BLK_DEV_RAM') === false || t.seen.unpackFailed)
      t.decide(
        'initrd-kind',
        question,
        `no (${reason}): what was unpacked before stays, the rest is lost`,
        {
          ...cpio,
          because: `${cpio.because}; without CONFIG_BLK_DEV_RAM it cannot be an image either`,
        },
      );
    else
      t.decide(
        'initrd-kind',
        question,
        `no (${reason}): what was unpacked before stays, and it is kept to be looked at as an image`,
        cpio,
      );
    if (t.words.noinitrd && cpio.value)
      t.decide(
        'noinitrd',
        'does noinitrd keep it out?',
        'no',
        found(
          null,
          'noinitrd is only about images: a cpio is unpacked before it is looked at',
          'rule',
        ),
      );
  }
  const look = (path: string): Runnable | null | undefined => {
    const inInitrd = handed.value && initrd !== null ? initrd.program(path) : undefined;
    if (inInitrd) return inInitrd;
    // Nothing hides what the built-in cpio may hold but an initrd that is known, and that has it.
    if (handed.value && initrd === null) return undefined;
    return plain === true || (plain === null && handed.certain) ? null : undefined;
  };
  return { handed, cpio, look };
}

/**
 * The way that is left: a program in rootfs becomes process 1, or the kernel mounts a root itself
 * (init/main.c: kernel_init_freeable).
 */
export function findsEarlyInit(t: DecisionLog, rootfs: Rootfs): { path: string; runs: boolean } {
  const path = t.words.rdinit ?? '/init';
  const { seen, given } = t;
  const itself = mountsItself(seen);
  const first = seen.runs[0];
  const shown =
    itself !== null
      ? found(false, `it went to mount a root itself: "${itself.trim()}"`, 'log')
      : first?.value === path
        ? logged(true, first)
        : null;
  const program = rootfs.look(path);
  const why = rootfs.handed.value
    ? `${given.initrd?.name} has ${program ? 'one' : 'none'}`
    : 'rootfs holds only what is built in';
  const expected =
    program !== undefined
      ? found(program !== null, why, rootfs.handed.value ? 'facts' : 'rule', rootfs.handed.certain)
      : rootfs.handed.value
        ? assumed(
            rootfs.cpio?.value !== false,
            'what is in the initrd is not known; one that is a cpio has it as a rule',
          )
        : assumed(false, 'what is built in is not known');
  // A script's name comes behind that of its interpreter.
  const called = given.init?.args.slice(0, 3).includes(path)
    ? `process 1 was called as ${path}`
    : given.init && given.spoken && t.words.root === null && !given.tags?.root
      ? 'user space runs, and without root= no other root could have been mounted'
      : null;
  const remembered =
    given.kernelRoot === null
      ? called === null
        ? null
        : found(true, called, 'facts')
      : found(
          given.kernelRoot === 'rootfs',
          given.kernelRoot === 'rootfs'
            ? '/ is still rootfs'
            : 'the mounts of today show a root that the kernel mounted itself',
          'facts',
        );
  const settled = t.settle(
    `whether ${path} is in rootfs`,
    shown ?? remembered,
    expected,
    (value) => (value ? 'it is' : 'it is not'),
  );
  const ignored =
    t.words.rdinit !== null && !settled.value ? '; with rdinit= no /init is looked for' : '';
  t.decide(
    'early-init',
    `is ${path} in rootfs?`,
    settled.value
      ? 'yes: it becomes process 1, and no other root is mounted'
      : 'no: the kernel mounts a root itself',
    { ...settled, because: settled.because + ignored },
  );
  return { path, runs: settled.value };
}
