import type { Runnable } from '../facts/facts.js';
import { errnoName, errnoText } from '../system/errno.js';
import type { Image } from '../ramdisk/image.js';
import type { KernelEnd } from './kernel-inputs.js';
import { predictMount, type MountOutcome, type Source } from './mounting.js';
import type { Rootfs } from './ramdisk-stage.js';
import { rootName, type RootName } from './root-name.js';
import { assumed, found, logged, quoted, type Finding, type DecisionLog } from './decision-log.js';

/** The root that the kernel mounted: what to call it, and what is known of its programs. */
export interface MountedRoot {
  name: string;
  look: (path: string) => Runnable | null | undefined;
}

export const errorWords = (error: number): string =>
  `error ${error}, ${errnoText(errnoName(-error)) || errnoName(-error)}`;

const FORMS: Record<RootName['form'], string> = {
  none: 'none: root= is not given',
  mtd: 'an mtd partition by its name, without a block device',
  ubi: 'a UBI volume',
  nfs: 'a server, by NFS',
  cifs: 'a server, by SMB',
  ram: 'the first ramdisk',
  partuuid: 'the partition with this id',
  partlabel: 'the partition with this label',
  device: 'a block device by its name',
  number: 'a block device by its number',
  other: 'nothing that the kernel knows',
};

/** BLK_DEV_RAM_SIZE's own default. */
const USUAL_RAMDISK = 4096;

/** What the kernel itself made of the name shows in its messages. */
function witnessed(t: DecisionLog, name: RootName): RootName {
  const { waiting, cannotOpen, mounted, linuxrc } = t.seen;
  const [, major, minor] =
    /^unknown-block\((\d+),(\d+)\)$/.exec(cannotOpen?.value.device ?? '') ?? [];
  const device = mounted[linuxrc ? 1 : 0]?.value.device;
  if (major !== undefined)
    return {
      ...name,
      number: `${major}:${minor}`,
      exists: cannotOpen!.value.error === -6 ? false : name.exists,
    };
  if (device) return { ...name, number: device, exists: true };
  return waiting ? { ...name, number: '0:0', exists: false } : name;
}

function namesRoot(t: DecisionLog): RootName {
  const name = witnessed(t, rootName(t.words.root, t.given));
  const question = 'which device is the root?';
  if (!t.given.spoken) {
    t.decide(
      'root-device',
      question,
      'that is not known',
      assumed(null, 'the command line is not known'),
    );
    return { ...name, form: 'other', number: null, exists: null };
  }
  const because =
    t.words.root === null
      ? name.said === ''
        ? 'the command line has no root='
        : `the command line has no root=, and ATAG_CORE says ${name.said}`
      : `root=${t.words.root}`;
  const state =
    name.exists === false && name.form !== 'none'
      ? `; there is none, so the number is ${name.number ?? '0:0'}`
      : name.number !== null && name.number !== '0:0'
        ? `, ${name.number}`
        : '';
  t.decide(
    'root-device',
    question,
    `${FORMS[name.form]}${state}`,
    found(
      null,
      because,
      'cmdline',
      name.exists !== null || ['none', 'mtd', 'ubi', 'other'].includes(name.form),
    ),
  );
  return name;
}

/**
 * What initrd_load does with what was no cpio (init/do_mounts_initrd.c, init/do_mounts_rd.c): null,
 * there is no image; else whether it is in /dev/ram0.
 */
function loadsImage(
  t: DecisionLog,
  rootfs: Rootfs,
  name: RootName,
): { loaded: boolean; image: Image | null } | null {
  const { seen, given, words } = t;
  const image = given.initrd?.error === null ? null : (given.initrd?.image ?? null);
  const kept =
    rootfs.cpio !== null &&
    !rootfs.cpio.value &&
    t.option('BLK_DEV_RAM') !== false &&
    !seen.unpackFailed;
  if (!kept && !seen.image) return null;
  const question = 'does the image go to /dev/ram0?';
  const tell = (
    answer: string,
    why: Omit<Finding<unknown>, 'value'>,
    loaded: boolean,
  ): { loaded: boolean; image: Image | null } => {
    t.decide('image', question, answer, why);
    return { loaded, image };
  };
  if (name.form === 'mtd' || name.form === 'ubi')
    return tell(
      'no: it is never looked at',
      found(null, `root=${name.said} is mounted before an image would be`, 'rule'),
      false,
    );
  if (words.noinitrd)
    return tell('no: it is thrown away', found(null, 'noinitrd', 'cmdline'), false);
  const most = words.ramdiskSize ?? (Number(given.config?.['BLK_DEV_RAM_SIZE']) || USUAL_RAMDISK);
  const expected =
    given.initrd === null
      ? assumed(true, 'what is in it is not known')
      : image === null || image.found === ''
        ? found(false, 'no compression and no file system is recognised in it', 'facts')
        : image.error !== null
          ? found(false, `it does not unpack: ${image.error}`, 'facts')
          : image.kibibytes > most
            ? found(
                false,
                `it has ${image.kibibytes} KiB and a ramdisk ${most} (ramdisk_size=)`,
                'facts',
              )
            : found(true, `${image.found} is found in it, ${image.kibibytes} KiB`, 'facts');
  const failed = seen.imageFailed ?? (seen.image?.value === '' ? seen.image : undefined);
  const settled = t.settle(
    'what becomes of the image',
    failed ? logged(false, failed) : seen.image ? logged(true, seen.image) : null,
    expected,
    (value) => (value ? 'it is in /dev/ram0' : 'it is not in /dev/ram0'),
  );
  return tell(
    settled.value
      ? 'yes'
      : name.number === '1:0'
        ? 'not whole'
        : 'no: the boot goes on as if there were none',
    settled,
    settled.value,
  );
}

/**
 * Settles one mount from what was seen and what was foreseen. Returns the panic where it ends in
 * one.
 */
function mounts(
  t: DecisionLog,
  id: string,
  source: Source,
  writable: boolean,
  number: string | null,
  sight: number,
): Extract<KernelEnd, { kind: 'panics' }> | { fstype: string | null; device: string | null } {
  const { seen } = t;
  const [major = '?', minor = '?'] = number?.split(':') ?? [];
  const foreseen = predictMount(t, source, writable);
  const question =
    id === 'mount-initrd' ? 'does the image mount as the first root?' : 'does the root mount?';
  const shown = seen.mounted[sight];
  const remembered =
    id === 'mount' && t.given.kernelRoot !== null && t.given.kernelRoot !== 'rootfs'
      ? t.given.kernelRoot
      : null;
  // Whatever it was: it came to look for an init there.
  const runs =
    id === 'mount' && t.given.init !== null && foreseen.kind !== 'mounted'
      ? { said: 'process 1 runs' }
      : undefined;
  const behind =
    seen.started ??
    seen.runs[0] ??
    (seen.panic !== undefined &&
    !/Unable to mount root fs|decompress/.test(seen.panic.value) &&
    /init/.test(seen.panic.value)
      ? seen.panic
      : undefined);
  const panicked = seen.panic !== undefined && /Unable to mount root fs/.test(seen.panic.value);
  const expects = (outcome: MountOutcome): string =>
    outcome.kind === 'mounted'
      ? `it mounts${outcome.fstype ? ` as ${outcome.fstype}` : ''}`
      : 'it does not mount';
  if (shown || remembered) {
    const { fstype, readonly, device } = shown?.value ?? remembered!;
    if (foreseen.kind !== 'mounted')
      t.contradictions.push(
        `the root: ${shown ? quoted(shown.said) : 'it is mounted today'}; but ${expects(foreseen)} was to be expected, for ${foreseen.why}`,
      );
    t.decide(
      id,
      question,
      `yes: ${fstype}${device === null ? '' : ` on ${device}`}, ${readonly ? 'read-only' : 'writable'}`,
      shown ? logged(null, shown) : found(null, 'the mounts of today show it', 'facts'),
    );
    return { fstype, device };
  }
  if (panicked) {
    const { cannotOpen, noneCould } = seen;
    if (foreseen.kind === 'mounted' && foreseen.certain)
      t.contradictions.push(
        `the root: ${quoted(seen.panic!.said)}; but ${expects(foreseen)} was to be expected, for ${foreseen.why}`,
      );
    const answer = cannotOpen
      ? `no: ${cannotOpen.value.error === null ? 'it cannot be opened' : errorWords(cannotOpen.value.error)}`
      : noneCould
        ? `no: none of ${noneCould.value.join(', ')} could`
        : 'no';
    t.decide(id, question, answer, logged(null, cannotOpen ?? noneCould ?? seen.panic!));
    return { kind: 'panics', message: seen.panic!.value, ran: null };
  }
  if (behind || runs) {
    if (runs && source.exists !== null)
      t.contradictions.push(
        `the root: user space runs; but ${expects(foreseen)} was to be expected, for ${foreseen.why}`,
      );
    t.decide(
      id,
      question,
      `yes${foreseen.kind === 'mounted' && foreseen.fstype ? `, probably as ${foreseen.fstype}` : ''}`,
      behind ? logged(null, behind) : found(null, 'user space runs', 'facts'),
    );
    return { fstype: foreseen.kind === 'mounted' ? foreseen.fstype : null, device: number };
  }
  const message = `VFS: Unable to mount root fs on unknown-block(${major},${minor})`;
  if (foreseen.kind === 'mounted') {
    const how = `${foreseen.fstype ?? 'as what it holds'}, ${foreseen.readonly ? 'read-only' : 'writable'}`;
    t.decide(
      id,
      question,
      `yes: ${how}`,
      foreseen.certain ? found(null, foreseen.why, 'facts') : assumed(null, foreseen.why),
    );
    return { fstype: foreseen.fstype, device: number };
  }
  t.decide(
    id,
    question,
    foreseen.kind === 'fails'
      ? `no: ${errorWords(foreseen.error)}${foreseen.fstype && ` as ${foreseen.fstype}`}, which ends the search`
      : `no: none of ${foreseen.tried.join(', ')} fits`,
    found(null, foreseen.why, 'facts', source.exists !== null),
  );
  return { kind: 'panics', message, ran: null };
}

const NOWHERE: Source = {
  kind: 'none',
  exists: false,
  content: null,
  journal: false,
  flash: false,
  readonly: false,
};

function sourceOf(name: RootName, ram: ReturnType<typeof loadsImage>): Source {
  if (name.number === '1:0' && ram !== null)
    return {
      ...NOWHERE,
      kind: 'block',
      exists: true,
      content: ram.image?.content ?? null,
      journal: ram.image?.journal ?? false,
    };
  // A ramdisk that nobody filled holds zeros.
  if (name.number === '1:0')
    return {
      ...NOWHERE,
      kind: 'block',
      exists: name.exists,
      content: name.exists === false ? null : 'blank',
    };
  const kind =
    name.form === 'mtd'
      ? 'mtd'
      : name.form === 'ubi'
        ? 'ubi'
        : name.number === '0:0'
          ? 'none'
          : 'block';
  const flash = kind === 'mtd' || /^31:/.test(name.number ?? '');
  return {
    kind,
    exists: name.exists,
    content: name.device?.content ?? null,
    journal: name.device?.content === 'ext4',
    flash,
    readonly: name.device?.readonly ?? false,
  };
}

/** A server's answer is not foreseen; what the kernel itself lacks is. */
function mountsFromServer(
  t: DecisionLog,
  name: RootName,
): Extract<KernelEnd, { kind: 'panics' }> | null {
  const wanted = name.form === 'nfs' ? 'ROOT_NFS' : 'CIFS_ROOT';
  const { panic } = t.seen;
  if (t.option(wanted) !== false && !panic) return null;
  const message =
    panic?.value ??
    `VFS: Unable to mount root fs on unknown-block(${name.number!.replace(':', ',')})`;
  t.decide(
    'mount',
    'does the root mount?',
    'no',
    panic
      ? logged(null, panic)
      : found(
          null,
          `the kernel is built without CONFIG_${wanted}, so it looks for a device of that number`,
          'config',
        ),
  );
  return { kind: 'panics', message, ran: null };
}

/**
 * The kernel starts it and waits; whether it is there and runs makes no difference to what the
 * kernel does next (init/do_mounts_initrd.c: handle_initrd).
 */
function runsLinuxrc(t: DecisionLog, isGiven: boolean): void {
  const question = 'does /linuxrc run?';
  const program = isGiven ? t.given.initrd?.inImage('/linuxrc') : undefined;
  const waits = 'the kernel waits for it, and it is not process 1';
  if (program === undefined)
    t.decide(
      'linuxrc',
      question,
      `yes if the image has one: ${waits}`,
      found(null, 'the image is in /dev/ram0 and the root is another device', 'rule'),
    );
  else if (program === null)
    t.decide(
      'linuxrc',
      question,
      'no: the image has none, and the boot goes on to the real root',
      found(null, `${t.given.initrd!.name} was looked into`, 'facts'),
    );
  else if (program.error !== 0)
    t.decide(
      'linuxrc',
      question,
      `no: ${errorWords(program.error)}; nobody is told, and the boot goes on to the real root`,
      found(null, program.why, 'facts'),
    );
  else
    t.decide(
      'linuxrc',
      question,
      `yes: ${waits}`,
      found(null, `${t.given.initrd!.name} has one`, 'facts'),
    );
}

/** The kernel mounts a root itself (init/do_mounts.c: prepare_namespace). */
export function mountsRoot(t: DecisionLog, rootfs: Rootfs): KernelEnd | MountedRoot {
  const { words, seen, given } = t;
  const writable = words.access === null && given.tags?.readonly === false ? true : words.writable;
  if (words.delay > 0)
    t.decide(
      'rootdelay',
      'does it wait before?',
      `yes, ${words.delay} s, whatever happens`,
      seen.delay ? logged(null, seen.delay) : found(null, `rootdelay=${words.delay}`, 'cmdline'),
    );
  const name = namesRoot(t);
  const ram = loadsImage(t, rootfs, name);
  let sight = 0;
  const linuxrc = ram?.loaded === true && name.number !== '1:0';
  if (linuxrc || seen.linuxrc || given.realRoot !== null) {
    const image = ram?.image ?? null;
    const first = mounts(
      t,
      'mount-initrd',
      {
        ...NOWHERE,
        kind: 'block',
        exists: true,
        content: image?.content ?? null,
        journal: image?.journal ?? false,
      },
      true,
      name.number,
      sight++,
    );
    if ('kind' in first) return first;
    runsLinuxrc(t, image !== null);
  }
  if (words.wait) {
    const waits = name.number === '0:0' && name.form !== 'mtd' && name.form !== 'ubi';
    const gone = name.exists === false && name.form !== 'none' && given.devices !== null;
    const forever = seen.waiting
      ? seen.mounted.length <= sight && seen.runs.length === 0
      : waits && gone;
    if (seen.waiting)
      t.decide(
        'rootwait',
        'does it wait for the device?',
        forever ? 'yes, and it did not come' : 'yes, until it came',
        logged(null, seen.waiting),
      );
    else
      t.decide(
        'rootwait',
        'does it wait for the device?',
        waits
          ? 'yes, for as long as it takes'
          : name.number === null || name.exists === null
            ? 'only if it is not there yet'
            : 'no',
        found(
          null,
          waits
            ? 'rootwait, and the device is not there'
            : name.form === 'number'
              ? 'rootwait waits for a name, and not for a number'
              : 'rootwait, and the device has a number',
          'cmdline',
          name.exists !== null,
        ),
      );
    if (forever) return { kind: 'waits', forWhat: seen.waiting?.value ?? name.said };
  }
  if (name.form === 'nfs' || name.form === 'cifs') {
    const failed = mountsFromServer(t, name);
    if (failed !== null) return failed;
  }
  const result = mounts(t, 'mount', sourceOf(name, ram), writable, name.number, sight);
  if ('kind' in result) return result;
  if (linuxrc)
    t.decide(
      'old-root',
      'what becomes of the image?',
      seen.oldRoot?.value === 'moved'
        ? 'it is moved to /initrd'
        : seen.oldRoot
          ? 'it is unmounted'
          : 'it is moved to /initrd if the root has that directory, else unmounted',
      seen.oldRoot
        ? logged(null, seen.oldRoot)
        : assumed(null, 'the directories of the root are not known'),
    );
  devices(t);
  const where = name.said === '' ? (result.device ?? 'its device') : name.said;
  const empty = result.fstype === 'tmpfs' || result.fstype === 'ramfs';
  // The image itself is the root.
  const inImage =
    name.number === '1:0' && ram?.loaded === true && ram.image !== null
      ? given.initrd?.inImage
      : undefined;
  if (inImage !== undefined)
    return { name: `${result.fstype ?? 'the root'} on ${where}`, look: inImage };
  // They were looked at on the root of that board, and this may be another.
  const same =
    given.programs.on !== null && given.programs.on === (name.device?.number ?? name.number);
  return {
    name: `${result.fstype ?? 'the root'} on ${where}`,
    look: (path) =>
      empty ? null : same ? given.programs.found.find((each) => each.path === path) : undefined,
  };
}

/** Whether the new root has its devices (drivers/base/devtmpfs.c: devtmpfs_mount). */
function devices(t: DecisionLog): void {
  const { seen } = t;
  const question = 'does the kernel mount /dev?';
  const option = t.option('DEVTMPFS_MOUNT');
  if (seen.devtmpfs)
    t.decide(
      'dev',
      question,
      seen.devtmpfs.value === 0
        ? 'yes, a devtmpfs'
        : `no: ${errorWords(seen.devtmpfs.value)}; the root has no directory /dev`,
      logged(null, seen.devtmpfs),
    );
  else if (option === false)
    t.decide(
      'dev',
      question,
      'no: what the root has in /dev is used',
      found(null, 'the kernel is built without CONFIG_DEVTMPFS_MOUNT', 'config'),
    );
  else if (option === true)
    t.decide(
      'dev',
      question,
      'yes, a devtmpfs, if the root has a directory /dev',
      found(null, 'CONFIG_DEVTMPFS_MOUNT', 'config'),
    );
}
