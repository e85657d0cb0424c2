/**
 * The data volume: that it is there, what it holds, whether it can be written and how much goes on
 * it.
 */
import type { Facts, Volume } from '../../facts/facts.js';
import { DEVICE_KINDS, describe, type Device } from '../../volumes/device.js';
import type { Content } from '../../volumes/index.js';
import { DISK_MAKERS, fstypeOf, unmountableText, whyUnmountable } from '../../volumes/mountable.js';
import { mayCome, volumeTrouble } from '../../plan/volume.js';
import { jffs2Levels, spaceOf, spaceTrouble } from '../status/space.js';
import { spaceFinding, spaceWords } from '../status/space-words.js';
import { sentenceOf } from '../../plan/reasons.js';
import { whatToDo } from '../status/what-to-do.js';
import { plural, size } from '../../text/units.js';
import {
  ok,
  problem,
  unknown,
  warning,
  type Finding,
  type CheckInputs,
  type CheckRule,
} from './check-rule.js';
import { listed } from '../../text/listed.js';

const ORIGINS: Record<string, string> = {
  fstools_overlay_name: 'fstools_overlay_name= on the kernel command line',
  mountroot: 'mountroot.volume= on the kernel command line',
  flag: '--set volume=',
  '/etc/mountroot.json': '/etc/mountroot.json',
};

/** A name without what is mistaken most often. */
const bare = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

function found({ now }: CheckInputs): Finding {
  const { volume, mtd, configuration } = now;
  const { wanted } = volume;
  const origin = ORIGINS[configuration.origins.volume ?? ''];
  const asked = origin === undefined ? '' : `, which ${origin} asks for`;
  const [device] = volume.found;
  const there = `/proc/mtd has ${listed(mtd.map(({ index, name }) => `mtd${index} "${name}"`))}`;
  if (volume.found.length > 1)
    return problem(
      `${volume.found.length} devices are called "${wanted}": ${listed(volume.found.map(({ name }) => name))}`,
      there,
      whatToDo('ambiguous-volume')!,
      { reason: 'ambiguous-volume' },
    );
  if (device !== undefined)
    return ok(
      `"${wanted}"${asked}${asked === '' ? '' : ','} is ${device.label === wanted ? device.name : describe(device)}${device.size > 0 ? `, ${size(device.size)}` : ''}`,
      DEVICE_KINDS[device.kind].listedIn,
    );
  if (volume.attach !== null)
    return ok(
      `"${wanted}" is in UBI on mtd${volume.attach}, which start attaches`,
      '/proc/mtd, and UBI# at its beginning',
    );
  const alike = mtd.find(({ name }) => name !== wanted && bare(name) === bare(wanted));
  if (alike !== undefined)
    return problem(
      `there is no volume "${wanted}"${asked}, and mtd${alike.index} is "${alike.name}": names must be the same to the letter`,
      there,
      `write mountroot.volume=${alike.name} on the kernel command line, or correct the partition table`,
      { reason: 'no-volume' },
    );
  if (mayCome(now, wanted))
    return problem(
      `there is no volume ${wanted}${asked}, and start would wait ${configuration.settings.wait} s for it`,
      '/sys/class/block and /sys/class/ubi',
      'check that its driver is built in and the device is there, or correct the name',
      { reason: 'no-volume' },
    );
  return problem(
    `there is no mtd partition, UBI volume or partition label "${wanted}"${asked}`,
    there,
    'correct the partition table (mtdparts= or the device tree), or name the right one with mountroot.volume= on the kernel command line',
    { reason: 'no-volume' },
  );
}

function ubi({ now, live }: CheckInputs): Finding | null {
  const { volume, kernel } = now;
  const [device] = volume.found;
  if (volume.attach === null && device?.kind !== 'ubi') return null;
  if (!kernel.filesystems.includes('ubifs'))
    return problem(
      'the volume is in UBI, and the kernel has no UBIFS',
      '/proc/filesystems',
      'build the kernel with CONFIG_MTD_UBI=y and CONFIG_UBIFS_FS=y',
      { reason: 'no-filesystem' },
    );
  if (volume.attach === null)
    return ok(`UBI is attached and shows ${describe(device!)}`, '/sys/class/ubi');
  if (live !== null && live.paths['/dev/ubi_ctrl'] !== 'character')
    return problem(
      `UBI on mtd${volume.attach} must be attached, and there is no /dev/ubi_ctrl to do it with`,
      `/dev/ubi_ctrl is ${live.paths['/dev/ubi_ctrl'] ?? 'missing'}`,
      'build the kernel with CONFIG_MTD_UBI=y, and mount devtmpfs on /dev before mountroot is called',
      { reason: 'attach-failed' },
    );
  return ok(
    `UBI on mtd${volume.attach} is not attached yet; start does it`,
    'the beginning of the partition, /sys/class/ubi',
  );
}

/** Fewer is EINVAL (fs/jffs2/fs.c: jffs2_do_fill_super). */
const LEAST_BLOCKS = 5;

function eraseBlocks({ now }: CheckInputs): Finding | null {
  const [device] = now.volume.found;
  if (device?.kind !== 'mtd' || now.volume.found.length > 1 || !device.eraseBlock) return null;
  const {
    eraseBlocks: count,
    reservedBlocks,
    reserved,
  } = jffs2Levels(device.size, device.eraseBlock);
  const is = `${describe(device)} has ${plural(count, 'erase block')} of ${size(device.eraseBlock).replace('.0 ', ' ')}`;
  if (count < LEAST_BLOCKS)
    return problem(
      `${is}, and jffs2 needs ${LEAST_BLOCKS} at least`,
      '/proc/mtd',
      'make the partition larger in mtdparts= or the device tree',
      { reason: 'mount-failed' },
    );
  const keeps = `jffs2 keeps ${reservedBlocks} of them (${size(reserved)}) to itself`;
  if (reservedBlocks * 2 > count)
    return warning(
      `${is}; ${keeps}, which leaves little`,
      '/proc/mtd',
      'make the partition larger in mtdparts= or the device tree',
    );
  return ok(`${is}; ${keeps}`, '/proc/mtd, fs/jffs2/build.c');
}

function content({ now }: CheckInputs): Finding | null {
  const { volume, uid, opened } = now;
  const [device] = volume.found;
  if (device === undefined || volume.content === null) return null;
  const { kind, evidence, behind } = volume.content;
  const on = describe(device);
  if (kind === 'unreadable' && opened !== null)
    return ok(`${on} is mounted as ${opened.fstype}`, '/proc/self/mountinfo');
  if (kind === 'unreadable') {
    if (uid !== 0 && /EACCES|EPERM/.test(evidence))
      return unknown(
        `what ${on} holds: only root may look`,
        evidence,
        'run `mountroot doctor` as root',
      );
    return warning(
      `what ${on} holds could not be looked at`,
      evidence,
      device.kind === 'mtd'
        ? 'build the kernel with CONFIG_MTD_BLOCK=y, so that content is known before it is mounted'
        : 'see the kernel log for errors of the device',
    );
  }
  if (kind === 'erase-marker')
    return warning(
      `${on} is marked to be erased: the next start leaves it out, and mountroot done erases it`,
      evidence,
      'nothing if that was meant; else save the partition first (`cat /dev/mtdN >FILE`), for nothing takes the mark back',
    );
  if (kind === 'blank' && fstypeOf(device, volume) !== undefined)
    return ok(`${on} is blank, and ${fstypeOf(device, volume)} makes it its own`, evidence);
  // Whether the kernel has the file system is another question.
  if (fstypeOf(device, volume) === undefined) return unmountable(device, volume.content);
  if (behind !== undefined)
    return warning(
      `${on} holds ${kind}, behind a damaged beginning`,
      evidence,
      'save the settings (`mountroot export`); the file system goes on without the damaged block',
    );
  return ok(`${on} holds ${kind}`, evidence);
}

function unmountable(device: Device, content: Content): Finding {
  const { reason } = whyUnmountable(device, content);
  return problem(
    unmountableText(describe(device), device.kind, content.kind),
    content.evidence,
    content.kind === 'blank'
      ? `make a file system on it (${DISK_MAKERS} ${device.source})`
      : whatToDo(reason)!,
    { reason },
  );
}

/** What mtdparts= says of a partition: `64m(rootfs_data)ro`; null where it does not name it. */
function mtdpartsReadonly(commandLine: string, name: string): boolean | null {
  const table = /(?:^|\s)mtdparts=(\S+)/.exec(commandLine)?.[1];
  const at = table?.indexOf(`(${name})`) ?? -1;
  return at < 0 ? null : /^(?:lk)?ro/.test(table!.slice(at + name.length + 2));
}

const PROTECTED =
  'take the write protection off: `ro` in mtdparts=, read-only in the device tree, a jumper, the boot loader';

function writeProtection({ now, live }: CheckInputs): Finding | null {
  const { volume, opened, kernel, origin } = now;
  const [device] = volume.found;
  if (device === undefined || volume.found.length > 1) return null;
  const on = describe(device);
  const table = device.kind === 'mtd' ? mtdpartsReadonly(kernel.commandLine, device.label) : null;
  if (table === true)
    return problem(
      `${on} is read-only`,
      'mtdparts= on the kernel command line says ro',
      PROTECTED,
      { reason: 'write-protected' },
    );
  if (live?.writable?.value === false)
    return problem(`${on} cannot be written`, live.writable.where, PROTECTED, {
      reason: 'write-protected',
    });
  if (opened?.readonly)
    return problem(
      `${on} is mounted read-only: it is write-protected, or the kernel found an error on it`,
      `/proc/self/mountinfo: ${opened.at}`,
      `${PROTECTED}; else see the kernel log`,
      { reason: 'write-protected' },
    );
  if (live?.writable)
    return ok(`${on} may be written, as far as its driver knows`, live.writable.where);
  const seen = origin?.partitions.find(
    ({ name }) => name === device.name || name === device.name.replace(/^mtd/, 'mtdblock'),
  );
  if (seen?.readonly)
    return problem(`${on} cannot be written`, `/sys/class/block/${seen.name}/ro`, PROTECTED, {
      reason: 'write-protected',
    });
  if (table === false)
    return ok(`${on} is not marked read-only`, 'mtdparts= on the kernel command line');
  return unknown(
    `whether ${on} is write-protected`,
    'these facts do not show it',
    'run `mountroot doctor` on the board',
  );
}

function space({ now, live }: CheckInputs): Finding | null {
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
  return short.severe
    ? problem(finding, evidence, cure, { reason: 'full' })
    : warning(finding, evidence, cure);
}

function orders({ now }: CheckInputs): Finding[] | null {
  const { opened } = now;
  if (opened === null) return null;
  const out: Finding[] = [];
  const at = `${opened.at}/.mountroot`;
  if (opened.order === 'unreadable')
    out.push(
      warning(
        'an order to reset is there that could not be read, so it is not carried out, and stands',
        `${at}/reset.json`,
        'look at the kernel log for errors of the flash, and order it again with `mountroot reset`',
      ),
    );
  else if (opened.order === 'damaged')
    out.push(
      warning(
        'an order to reset is there that cannot be read, so it is not carried out',
        `${at}/reset.json`,
        'order it again with `mountroot reset`, or let it be: the next start puts it aside',
      ),
    );
  else if (opened.order !== null)
    out.push(
      warning(
        `an order to reset is there: the next start removes all settings${opened.order.keep.length > 0 ? ` but ${listed(opened.order.keep)}` : ''}`,
        `${at}/reset.json`,
        `nothing if that was meant; else delete ${at}/reset.json`,
      ),
    );
  if (opened.imported?.ordered)
    out.push(
      warning(
        'an import waits to be carried out: the next start takes its settings for those that are there',
        `${at}/import.json`,
        'nothing if that was meant; else `mountroot import --cancel`',
      ),
    );
  if (opened.state === 'damaged')
    out.push(
      warning(
        "OpenWrt's mark of the volume's state is none of those there are",
        `${opened.at}/.fs_state`,
        'nothing: the next start puts it aside and makes a new one',
      ),
    );
  return out.length > 0 ? out : [ok('no reset and no import waits to be carried out', at)];
}

function extroot({ now }: CheckInputs): Finding | null {
  const { external, opened } = now;
  if (external === null) return null;
  const asked = `the external volume ${external.wanted}`;
  const trouble = externalTrouble(now, external);
  if (trouble !== null)
    return problem(`${asked} cannot be used`, trouble, whatToDo('extroot-missing')!, {
      reason: 'extroot-missing',
    });
  if (external.at !== null && external.readonly)
    return problem(
      `${asked} can only be mounted read-only`,
      `/proc/self/mountinfo: ${external.at}`,
      whatToDo('extroot-failed')!,
      { reason: 'extroot-failed' },
    );
  if (
    external.at !== null &&
    external.identity !== null &&
    opened !== null &&
    external.identity !== opened.identity
  )
    return problem(
      `${asked} belongs to another board`,
      `its etc/.extroot-uuid says ${external.identity}, and this board is ${opened.identity ?? 'without an identity'}`,
      whatToDo('extroot-mismatch')!,
      { reason: 'extroot-mismatch' },
    );
  return ok(
    `${asked} is ${describe(external.found[0]!)}`,
    external.content?.evidence ?? '/sys/class/block',
  );
}

function externalTrouble(facts: Facts, volume: Volume): string | null {
  if (volume.found.length === 0) return 'no device of this name is there';
  const trouble = volumeTrouble(facts, volume, undefined);
  return trouble === null ? null : sentenceOf(trouble);
}

export const VOLUME_RULES: readonly CheckRule[] = [
  { id: 'volume', title: 'data volume', look: found },
  { id: 'ubi', title: 'UBI', look: ubi },
  { id: 'erase-blocks', title: 'size of the partition', look: eraseBlocks },
  { id: 'content', title: 'content', look: content },
  { id: 'write-protection', title: 'write protection', look: writeProtection },
  { id: 'space', title: 'space', look: space },
  { id: 'orders', title: 'orders', look: orders },
  { id: 'extroot', title: 'external volume', look: extroot },
];
