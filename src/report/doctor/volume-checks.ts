/** The data volume: that it is there, that it can be written, and how much room it has. */
import type { Device, Facts } from '../../facts/facts.js';
import { DISKS, PARTITIONS, lacksType, unreadWords } from '../../facts/kernel-sources.js';
import { isUnseen } from '../../facts/find-volume.js';
import { behindName, behindTrouble, isHidden } from '../../plan/behind.js';
import { keepsItself, ownRootName } from '../../plan/own-root.js';
import { askedBy, mayCome, secondsToWait } from '../../plan/volume.js';
import { listed } from '../../text/listed.js';
import { plural, size } from '../../text/units.js';
import { DEVICE_KINDS, describe } from '../../volumes/device.js';
import { JFFS2_LEAST_BLOCKS, jffs2Levels } from '../../volumes/jffs2-levels.js';
import { rootdiskWords } from '../root/root-words.js';
import { spaceFinding, spaceWords } from '../status/space-words.js';
import { spaceOf, spaceTrouble } from '../status/space.js';
import {
  RUN_AS_ROOT,
  ok,
  problem,
  problemOf,
  unknown,
  warning,
  type CheckInputs,
  type Finding,
} from './check-rule.js';

/** Names that differ only in case, dashes and the like are often mistaken for each other. */
const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

function partitions(now: Facts): string {
  const names = listed(now.mtd.map(({ index, name }) => `mtd${index} "${name}"`));
  return unreadWords(now, PARTITIONS) ?? `/proc/mtd has ${names || 'no partition'}`;
}

function foundAs(device: Device, wanted: string, asked: string): Finding {
  const name = device.label === wanted ? device.name : describe(device);
  const bytes = device.size > 0 ? `, ${size(device.size)}` : '';
  const comma = asked === '' ? '' : ',';
  return ok(`"${wanted}"${asked}${comma} is ${name}${bytes}`, DEVICE_KINDS[device.kind].listedIn);
}

function notFound(now: Facts, asked: string): Finding {
  const { volume, mtd } = now;
  const { wanted } = volume;
  const unread = unreadWords(now, DISKS);
  if (unread !== null && now.unread?.[PARTITIONS] !== undefined)
    return unknown(
      `whether there is a volume "${wanted}"${asked}`,
      `${unreadWords(now, PARTITIONS)}, and ${unread}`,
      'see that proc is mounted on /proc, and sysfs on /sys',
    );
  if (isUnseen(now))
    return unknown(
      `whether there is a volume ${wanted}${asked}, because only root may read what names it`,
      `this is user ${now.uid}, and ${wanted} is in the first bytes of a device`,
      RUN_AS_ROOT,
    );
  const alike = mtd.find(({ name }) => name !== wanted && bare(name) === bare(wanted));
  if (alike !== undefined)
    return problem(
      `there is no volume "${wanted}"${asked}, and mtd${alike.index} is "${alike.name}": ` +
        'names must be the same to the letter',
      partitions(now),
      `write mountroot.volume=${alike.name} on the kernel command line, ` +
        'or correct the partition table',
      'no-volume',
    );
  if (mayCome(now, wanted))
    return problem(
      `there is no volume ${wanted}${asked}, ` +
        `and start would wait ${secondsToWait(now)} s for it`,
      '/sys/class/block and /sys/class/ubi',
      'check that its driver is built in and the device is there, or correct the name',
      'no-volume',
    );
  const behind = rootdiskWords(now);
  return problem(
    `there is no mtd partition, UBI volume or partition label "${wanted}"${asked}` +
      (behind === null ? '' : `; ${behind}`),
    partitions(now),
    'correct the partition table (mtdparts= or the device tree), ' +
      'or name the right one with mountroot.volume= on the kernel command line',
    'no-volume',
  );
}

/** The data lie behind the image, or nothing does yet. */
function hidden(now: Facts): Finding {
  const trouble = behindTrouble(now);
  const evidence = `/dev/${now.rootdisk!.device}`;
  return trouble === null
    ? ok(rootdiskWords(now) ?? behindName(now.rootdisk!), evidence)
    : problem(trouble.found, evidence, trouble.cure ?? 'see the kernel log', trouble.reason);
}

export function found({ now }: CheckInputs): Finding {
  const { wanted, found: devices, attach } = now.volume;
  const [device] = devices;
  const asked = askedBy(now.configuration.origins.volume);
  if (devices.length > 1) {
    const names = listed(devices.map(({ name }) => name));
    return problemOf(
      'ambiguous-volume',
      `${devices.length} devices are called "${wanted}": ${names}`,
      partitions(now),
    );
  }
  if (device !== undefined) return foundAs(device, wanted, asked);
  if (attach !== null)
    return ok(
      `"${wanted}" is in UBI on mtd${attach}, which start attaches`,
      '/proc/mtd, and UBI# at its beginning',
    );
  if (isHidden(now)) return hidden(now);
  return keepsItself(now) ? noneNeeded(now) : notFound(now, asked);
}

/** A root that keeps its changes itself, without a volume as far as the lists of devices show. */
function noneNeeded(now: Facts): Finding {
  const { wanted } = now.volume;
  const root = `/ is ${ownRootName(now)}, which keeps its changes itself`;
  // A kernel without mtd has no list of partitions.
  const unread =
    unreadWords(now, DISKS) ??
    (now.unread?.[PARTITIONS] === 'absent' ? null : unreadWords(now, PARTITIONS));
  return unread === null
    ? ok(`there is no volume "${wanted}", and none is needed: ${root}`, '/proc/self/mountinfo')
    : unknown(
        `whether there is a volume "${wanted}"; none is needed: ${root}`,
        unread,
        'see that proc and sysfs are mounted on /proc and /sys',
      );
}

const CONTROL = '/dev/ubi_ctrl';
const SEE_DEV = 'see what is mounted on /dev';

export function ubi({ now, live }: CheckInputs): Finding | null {
  const { volume } = now;
  const [device] = volume.found;
  if (volume.attach === null && device?.kind !== 'ubi') return null;
  if (lacksType(now, 'ubifs'))
    return problem(
      'the volume is in UBI, and the kernel has no UBIFS',
      '/proc/filesystems',
      'build the kernel with CONFIG_MTD_UBI=y and CONFIG_UBIFS_FS=y',
      'no-filesystem',
    );
  if (volume.attach === null)
    return ok(`UBI is attached and shows ${describe(device!)}`, '/sys/class/ubi');
  const hidden = unreadWords(live ?? {}, CONTROL);
  if (hidden !== null)
    return unknown(`whether UBI on mtd${volume.attach} can be attached`, hidden, SEE_DEV);
  if (live !== null && live.paths[CONTROL] !== 'character')
    return problem(
      `UBI on mtd${volume.attach} must be attached, and there is no ${CONTROL} to do it with`,
      `${CONTROL} is ${live.paths[CONTROL] ?? 'missing'}`,
      'build the kernel with CONFIG_MTD_UBI=y, ' +
        'and mount devtmpfs on /dev before mountroot is called',
      'attach-failed',
    );
  return ok(
    `UBI on mtd${volume.attach} is not attached yet; start does it`,
    'the beginning of the partition, /sys/class/ubi',
  );
}

const ENLARGE = 'make the partition larger in mtdparts= or the device tree';

export function eraseBlocks({ now }: CheckInputs): Finding | null {
  const [device, ...others] = now.volume.found;
  if (device?.kind !== 'mtd' || others.length > 0 || !device.eraseBlock) return null;
  const levels = jffs2Levels(device.size, device.eraseBlock);
  const { eraseBlocks: count, reservedBlocks, reserved } = levels;
  const blockSize = size(device.eraseBlock).replace('.0 ', ' ');
  const is = `${describe(device)} has ${plural(count, 'erase block')} of ${blockSize}`;
  if (count < JFFS2_LEAST_BLOCKS)
    return problem(
      `${is}, and jffs2 needs ${JFFS2_LEAST_BLOCKS} at least`,
      '/proc/mtd',
      ENLARGE,
      'mount-failed',
    );
  const keeps = `jffs2 keeps ${reservedBlocks} of them (${size(reserved)}) to itself`;
  return reservedBlocks * 2 > count
    ? warning(`${is}; ${keeps}, which leaves little`, '/proc/mtd', ENLARGE)
    : ok(`${is}; ${keeps}`, '/proc/mtd, fs/jffs2/build.c');
}

/** Whether mtdparts= marks a partition read-only, as in `64m(rootfs_data)ro`; null if unnamed. */
function mtdpartsReadonly(commandLine: string, name: string): boolean | null {
  const table = /(?:^|\s)mtdparts=(\S+)/.exec(commandLine)?.[1];
  const at = table?.indexOf(`(${name})`) ?? -1;
  return at < 0 ? null : /^(?:lk)?ro/.test(table!.slice(at + name.length + 2));
}

const UNPROTECT =
  'take the write protection off: ' +
  '`ro` in mtdparts=, read-only in the device tree, a jumper, the boot loader';

const isProtected = (finding: string, evidence: string, cure = UNPROTECT): Finding =>
  problem(finding, evidence, cure, 'write-protected');

/** The device's own read-only flag, where the facts have it. */
const readonlyInFacts = ({ origin }: Facts, device: Device): string | null => {
  const mtdblock = device.name.replace(/^mtd/, 'mtdblock');
  const seen = origin?.partitions.find(({ name }) => name === device.name || name === mtdblock);
  return seen?.readonly ? `/sys/class/block/${seen.name}/ro` : null;
};

export function writeProtection({ now, live }: CheckInputs): Finding | null {
  const { volume, opened, kernel } = now;
  const [device, ...others] = volume.found;
  if (device === undefined || others.length > 0) return null;
  const on = describe(device);
  const marked = device.kind === 'mtd' ? mtdpartsReadonly(kernel.commandLine, device.label) : null;
  if (marked === true)
    return isProtected(`${on} is read-only`, 'mtdparts= on the kernel command line says ro');
  if (live?.writable?.value === false)
    return isProtected(`${on} cannot be written`, live.writable.where);
  if (opened?.readonly)
    return isProtected(
      `${on} is mounted read-only: it is write-protected, or the kernel found an error on it`,
      `/proc/self/mountinfo: ${opened.at}`,
      `${UNPROTECT}; else see the kernel log`,
    );
  if (opened !== null)
    return ok(`${on} is mounted for writing`, `/proc/self/mountinfo: ${opened.at}`);
  if (live?.writable)
    return ok(`${on} may be written, as far as its driver knows`, live.writable.where);
  const readonlyFile = readonlyInFacts(now, device);
  if (readonlyFile !== null) return isProtected(`${on} cannot be written`, readonlyFile);
  if (marked === false)
    return ok(`${on} is not marked read-only`, 'mtdparts= on the kernel command line');
  return unknown(
    `whether ${on} is write-protected`,
    'these facts do not show it',
    'run `mountroot doctor` on the board',
  );
}

export function space({ now, live }: CheckInputs): Finding | null {
  const { opened, mounts, mtd } = now;
  const mount =
    opened === null ? undefined : mounts.findLast(({ mountpoint }) => mountpoint === opened.at);
  if (mount === undefined || !live?.space) return null;
  const room = spaceOf(mount, live.space, mtd);
  const short = spaceTrouble(room);
  const evidence = `statfs(2): ${spaceWords(room)}`;
  if (short === null) return ok(`${mount.mountpoint} has room`, evidence);
  const cure = '`mountroot diff` shows what is on it; delete what is not needed';
  const finding = spaceFinding(short.trouble, room);
  return short.severe ? problem(finding, evidence, cure, 'full') : warning(finding, evidence, cure);
}
