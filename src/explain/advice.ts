import { bootParameters } from './boot-parameters.js';
import type { KernelDecision, KernelEnd, KernelInputs } from './kernel-inputs.js';
import { candidates as triedTypes, ON_MTD } from './mounting.js';
import type { KernelMessages } from './kernel-messages.js';
import { DecisionLog } from './decision-log.js';

/** What is probably behind a boot that did not get through, and what to do about it. */
export interface Advice {
  cause: string;
  todo: string[];
  /** Block devices that the kernel has found; [] where that is not known. */
  devices: { name: string; number: string; size: number | null }[];
}

const says = (cause: string, ...todo: string[]): Omit<Advice, 'devices'> => ({ cause, todo });

interface Case {
  end: KernelEnd;
  given: KernelInputs;
  seen: KernelMessages;
  decisions: readonly KernelDecision[];
}

/**
 * Which mount failed, and how: read from the story, so that what was seen and what was foreseen are
 * advised on alike.
 */
function rootless({ given, seen, decisions }: Case): Omit<Advice, 'devices'> {
  const words = bootParameters(given.commandLine);
  const answer = decisions.find(
    ({ id, answer: text }) => (id === 'mount' || id === 'mount-initrd') && text.startsWith('no'),
  );
  const error =
    seen.cannotOpen?.value.error ?? Number(/error (-\d+)/.exec(answer?.answer ?? '')?.[1] ?? NaN);
  const root = words.root ?? '';
  const types = triedTypes(new DecisionLog(given, seen));
  const kind = decisions.find(({ id }) => id === 'initrd-kind');
  const broken =
    kind?.answer.startsWith('no') === true &&
    decisions.some(({ id, answer: text }) => id === 'image' && text.startsWith('no'))
      ? kind
      : undefined;
  if (answer?.id === 'mount-initrd')
    return says(
      `the initrd is a file system image, and is mounted first with the same rootfstype= as the root; ${words.fstypes?.join(', ') ?? 'no type'} does not fit it`,
      "name both types, the image's first: rootfstype=ext2,squashfs",
      'or make it a cpio with /init (`mountroot ramdisk pack`), for which rootfstype= does not count',
    );
  if (words.root === null && broken)
    return says(
      `the initrd does not unpack (${/\((.*?)\)/.exec(broken.answer)?.[1] ?? 'it is damaged'}), and there is no root= to go on with`,
      'look at it with `mountroot ramdisk list FILE`, and make it anew with `mountroot ramdisk pack`',
      'check that the boot loader copies all of it, to a place that nothing overwrites, and tells its whole size',
    );
  if (words.root === null && decisions.some(({ id }) => id === 'linuxrc'))
    return says(
      'the initrd is a file system image, whose /linuxrc comes before the real root; and no root= names that one',
      'to have the image itself as the root: root=/dev/ram0',
      'else name the real root with root=, or have /linuxrc write its number to /proc/sys/kernel/real-root-dev',
    );
  if (words.root === null && kind?.answer.startsWith('yes'))
    return says(
      `the initrd is unpacked, but ${words.rdinit ?? '/init'} is not in it; and there is no root= to go on with`,
      'put an executable /init into it, or name what it has with rdinit=',
      'or add root= for the device that holds the root',
    );
  if (words.root === null)
    return says(
      'no root= is on the command line, and no initrd with /init was there',
      'add root= for the device that holds the root, and rootfstype= for flash',
      'if an initrd should have been there, check where the boot loader put it: `mountroot ramdisk locate`',
    );
  if (/^(?:UUID|LABEL)=/.test(root))
    return says(
      `the kernel does not know root=${root.split('=')[0]}=: finding a file system by its own id is what an initramfs does`,
      "use PARTUUID=, PARTLABEL= or the device's name",
      'or boot with an initramfs that understands it',
    );
  if (/^(?:mtd|ubi)/.test(root)) return says(...flashName(root, error, types));
  if (root === '/dev/nfs' || root === '/dev/cifs')
    return says(
      'the kernel is built without a root from a server, or the network did not come up',
      'build it with CONFIG_ROOT_NFS, CONFIG_IP_PNP and the driver of the network card, and give ip= and nfsroot=',
    );
  if (error === -19)
    return says(
      `the kernel does not have the file system ${/ as (\S+?),/.exec(answer?.answer ?? '')?.[1] ?? `type (${types?.join(', ')})`}, and the search ends at the first type that it does not have`,
      'correct rootfstype=, or build the kernel with it (=y, not =m: modules lie on the root)',
    );
  if (error === -5)
    return says(
      `${types?.includes('jffs2') ? "jffs2 found none of its nodes on the partition, and does not erase what may be another's" : 'the device cannot be read'}`,
      'check that root= names the right partition, and that rootfstype= is what is on it',
      'if it should be empty, erase it; if it cannot be read, look at the lines before',
    );
  if (error === -6 || (Number.isNaN(error) && answer === undefined))
    return says(
      `there is no device ${root}: its name is wrong, its driver is not in the kernel, or it was not there yet`,
      'compare root= with the devices below; if the right one is missing, build the kernel with its driver (=y)',
      'for a card or a disk that takes its time, add rootwait',
      ...(root.startsWith('/dev/mtd') ? ['for flash, check mtdparts= and CONFIG_MTD_BLOCK'] : []),
    );
  if (words.fstypes !== null)
    return says(
      `what is on ${root} is no ${words.fstypes.join(' and no ')}, or is damaged`,
      'correct rootfstype=, or leave it out to have all types tried (but jffs2 and UBIFS, which must be named)',
      `look at the first bytes of ${root}`,
    );
  return says(
    `no file system that this kernel has is on ${root}, or it is damaged`,
    'build the kernel with the right one (=y), name jffs2 and UBIFS with rootfstype=',
    'check that root= names the right device',
  );
}

function flashName(
  root: string,
  error: number,
  types: readonly string[] | null,
): [string, ...string[]] {
  const built = types?.find((type) => type in ON_MTD);
  if (error === -2 && root.startsWith('mtd') && built !== undefined && !types!.includes('jffs2'))
    return [
      `root=${root} names flash without a block device, which ${built} takes only in a kernel that is built with CONFIG_${ON_MTD[built]}, or there is no such partition`,
      `build the kernel with CONFIG_${ON_MTD[built]}=y`,
      'or use the block device: root=/dev/mtdblockN',
      'check the partitions (mtdparts=, the device tree)',
    ];
  if (error === -2 && types?.every((type) => !['jffs2', 'ubifs'].includes(type)))
    return [
      `root=${root} names flash without a block device, which only jffs2 and UBIFS take`,
      'add rootfstype=jffs2 or rootfstype=ubifs',
      'for squashfs and others use the block device: root=/dev/mtdblockN, or root=/dev/ubiblock0_0 with ubi.block=',
    ];
  if (root.startsWith('ubi'))
    return [
      `there is no UBI volume ${root}: a kernel attaches a UBI device only when it is told to`,
      "add ubi.mtd= with the partition that holds it, and check the volume's name",
    ];
  return [
    `${root} is not there, or holds no file system of the type that is tried`,
    'check the partitions (mtdparts=, the device tree) and rootfstype=',
  ];
}

const WHY: Record<number, string> = {
  [-2]: 'it does not exist, or what it needs to run does not: the interpreter behind its #!, or its dynamic linker',
  [-5]: 'its file system cannot be read',
  [-8]: 'it is no program for this processor: built for another one, cut off, or a script without #!',
  [-13]: 'it is not executable, is no file, or lies on a mount without exec',
  [-26]: 'the archive broke off in the middle of this file',
  [-84]: 'its format is damaged, or made for another kind of floating point',
  [-117]: 'its file system is damaged',
};

function initless({ end, decisions, given }: Case): Omit<Advice, 'devices'> {
  const message = end.kind === 'panics' ? end.message : '';
  const [, program, code] = /^Requested init (\S+) failed \(error (-\d+)\)/.exec(message) ?? [];
  const failure = decisions.findLast(
    ({ id, answer }) => id === 'init-fails' && answer.startsWith('no'),
  );
  const error = Number(code ?? /error (-\d+)/.exec(failure?.answer ?? '')?.[1] ?? NaN);
  const name = program ?? /^does (.+) run\?$/.exec(failure?.question ?? '')?.[1] ?? null;
  const known =
    given.programs.found.find(({ path }) => path === name)?.why ??
    (failure?.evidence === 'facts' ? failure.because : undefined);
  const cause =
    name === null
      ? 'the root has none of the programs that the kernel tries: it may be empty, or another file system than was meant'
      : `${name} does not run: ${known || WHY[error] || (Number.isNaN(error) ? 'it is not there, or cannot be run' : `error ${error}`)}`;
  const cures: Record<number, string[]> = {
    [-2]: [
      'check that it is there; if it is, `file` shows which interpreter it needs, and that must be on the same root',
      'correct init= (or rdinit=) if the name is wrong',
    ],
    [-8]: ['build it for this board, and look at its first bytes: `file` shows the processor'],
    [-13]: ['chmod +x it where the root is made'],
    [-26]: [
      'make the ramdisk anew, and check that the boot loader copies all of it and tells its whole size',
    ],
    [-117]: ['write the image anew'],
  };
  return says(
    cause,
    ...(cures[error] ?? [
      'look at the root: `mountroot ramdisk list FILE`, or mount the image elsewhere',
      'name a program with init=',
    ]),
  );
}

/** How a process ended, from what wait(2) would give: the kernel prints it in hex. */
function killed(message: string): Omit<Advice, 'devices'> {
  const code = parseInt(/exitcode=0x([0-9a-f]+)/.exec(message)?.[1] ?? '', 16);
  const [signal, status] = [code & 0x7f, (code >> 8) & 0xff];
  const ran = 'process 1 must never end';
  if (Number.isNaN(code))
    return says(`process 1 ended, and ${ran}`, 'look at its last words before the panic');
  if (signal === 4)
    return says(
      'process 1 met an instruction that this processor does not have',
      'build it for this processor: its version, its floating point unit (VFP, NEON)',
    );
  if (signal !== 0)
    return says(
      `process 1 was ended by signal ${signal}${signal === 11 ? ' (it touched memory that it has not)' : ''}`,
      'look at the lines before; a wrong C library does this too',
    );
  if (status === 127)
    return says(
      'process 1 ended with 127: a library is missing, or a shell did not find its command',
      'look at the lines before, and check with `ldd` what it needs',
    );
  return says(
    `process 1 ended with status ${status}, and ${ran}: a script called with init= must end with exec of the real init`,
    'look at its last words before the panic',
    'end the script with `exec /sbin/init`',
  );
}

/** The classic ends, each with its probable cause; null where there is nothing to advise. */
export function adviceOn(
  end: KernelEnd,
  given: KernelInputs,
  seen: KernelMessages,
  decisions: readonly KernelDecision[],
): Advice | null {
  const each: Case = { end, given, seen, decisions };
  const devices = (
    seen.devices.length > 0
      ? seen.devices
      : (given.devices ?? []).map(({ name, number }) => ({ name, number, size: null }))
  ).filter(({ name }) => !/^(?:ram|loop)\d/.test(name));
  const advice = ((): Omit<Advice, 'devices'> | null => {
    if (end.kind === 'waits')
      return says(
        `${end.forWhat} does not come: its name is wrong, or its driver is not in the kernel`,
        'compare root= with the devices that the kernel found; if the right one is missing, build the kernel with its driver (=y)',
        'leave rootwait out to have the kernel list what it found, and panic',
      );
    if (end.kind !== 'panics') return null;
    if (/Unable to mount root fs/.test(end.message)) return rootless(each);
    if (/^Requested init|^No (?:working )?init found/.test(end.message)) return initless(each);
    if (/^Attempted to kill init/.test(end.message)) return killed(end.message);
    if (/decompress/.test(end.message))
      return says(
        'the kernel cannot unpack a ramdisk: it is not built with its method of compression, or the image is damaged',
        'build the kernel with it (CONFIG_RD_…=y), or compress with another method',
      );
    if (/[Oo]ut of memory|can't allocate|System is deadlocked/.test(end.message))
      return says(
        'memory ran out: a ramdisk needs its own size twice while it is unpacked',
        'make the ramdisk smaller, or give the board more memory (mem=)',
      );
    return says('this panic is not one about the root', 'read the lines before it');
  })();
  const deviceIsMissing =
    /Unable to mount/.test(end.kind === 'panics' ? end.message : '') || end.kind === 'waits';
  const trouble = seen.noConsole
    ? [
        '/dev/console is missing in rootfs, so the first messages of process 1 were lost: add `nod /dev/console 644 0 0 c 5 1` to the built-in cpio',
      ]
    : [];
  return (
    advice && {
      ...advice,
      todo: [...advice.todo, ...trouble],
      devices: deviceIsMissing ? devices : [],
    }
  );
}
