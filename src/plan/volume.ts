import type { ContentKind, Device, Facts, Volume } from '../facts/facts.js';
import { mayAppear } from '../facts/devices.js';
import { visibleAt } from '../facts/mountinfo.js';
import { troubleOf, type Trouble } from './reasons.js';

/**
 * The file system to mount for what a device holds. jffs2 and UBIFS make a blank one their own, and
 * tell themselves whether they can use what could not be read. A blank block device would need a
 * mkfs, which nobody ordered.
 */
const FSTYPES: Record<Device['kind'], Partial<Record<ContentKind, string>>> = {
  mtd: { jffs2: 'jffs2', blank: 'jffs2', unreadable: 'jffs2' },
  ubi: { ubifs: 'ubifs', blank: 'ubifs', unreadable: 'ubifs' },
  block: { ext4: 'ext4', f2fs: 'f2fs' },
};

export const describe = ({ name, label }: Device): string =>
  label === '' ? name : `${name} "${label}"`;

export const fstypeOf = (device: Device, { content }: Volume): string | undefined =>
  FSTYPES[device.kind][content?.kind ?? 'unreadable'];

/**
 * Which setting asked for the volume, for a person; '' for the name every board uses without one.
 */
const asked = (origin: Facts['configuration']['origins']['volume']): string => {
  if (origin === 'fstools_overlay_name')
    return ', which fstools_overlay_name= on the kernel command line asks for';
  if (origin === 'mountroot')
    return ', which mountroot.volume= on the kernel command line asks for';
  if (origin === 'flag') return ', which --set volume= asks for';
  return origin === undefined || origin === 'default' ? '' : `, which ${origin} asks for`;
};

/**
 * What keeps a volume from being found or mounted, as far as it shows beforehand; null when nothing
 * does.
 */
export function volumeTrouble(
  facts: Facts,
  volume: Volume,
  origin: Facts['configuration']['origins']['volume'],
): Trouble | null {
  const { wanted, found, content, attach } = volume;
  if (attach !== null) return null;
  const [device] = found;
  if (device === undefined) return missing(facts, wanted, asked(origin));
  if (found.length > 1)
    return troubleOf(
      'ambiguous-volume',
      `${found.length} devices are called "${wanted}" ` +
        `(${found.map(({ name }) => name).join(', ')}), and guessing could mount the wrong one`,
    );
  const fstype = fstypeOf(device, volume);
  if (fstype === undefined) return contentTrouble(device, content!);
  if (!facts.kernel.filesystems.includes(fstype))
    return troubleOf(
      'no-filesystem',
      `${describe(device)} needs ${fstype}, which this kernel does not have (see /proc/filesystems)`,
    );
  return null;
}

/**
 * Whether a volume that is not there may still come. A plain name that somebody asked for may be
 * the label of a partition of a disk, and where the image itself is on one (neither on mtdblock,
 * major 31, nor on what has no device) that disk or another may take its time.
 */
export function mayCome({ mounts, handover, configuration }: Facts, wanted: string): boolean {
  if (mayAppear(wanted)) return true;
  if (configuration.origins.volume === undefined) return false;
  const [major] = visibleAt(mounts, handover?.at ?? '/')?.device.split(':') ?? [];
  return (
    /^(?!mtd(\d+$|:))[^/]/.test(wanted) && major !== undefined && major !== '31' && major !== '0'
  );
}

function missing(facts: Facts, wanted: string, asked: string): Trouble {
  const { mtd, configuration } = facts;
  if (mayCome(facts, wanted))
    return troubleOf(
      'no-volume',
      `there is no volume ${wanted}${asked}, after ${configuration.settings.wait} s of waiting`,
      'check that its driver and device are there, or correct the name',
    );
  const names = mtd.map((partition) => partition.name).join(', ') || 'none at all';
  return troubleOf(
    'no-volume',
    `there is no mtd partition named "${wanted}"${asked}; this kernel has ${names}`,
    'correct the partition table (mtdparts= or the device tree), ' +
      'or name the data partition with fstools_overlay_name=',
  );
}

/**
 * Only raw flash is erased here: on a UBI volume and on a disk there is nothing to erase but to
 * write.
 */
const ERASING: Record<Device['kind'], (device: Device) => string> = {
  mtd: () => '`mountroot done` erases it when the boot is over',
  ubi: ({ name }) =>
    `empty it with \`ubiupdatevol -t /dev/${name}\`, because mountroot erases no UBI volume`,
  block: ({ source }) =>
    `make a new file system on it (\`mkfs.ext4 ${source}\`), because mountroot erases no disk`,
};

function contentTrouble(
  device: Device,
  { kind, evidence }: NonNullable<Volume['content']>,
): Trouble {
  const held = `${describe(device)}: ${evidence}`;
  if (kind === 'erase-marker')
    return troubleOf(kind, `${held}; it is marked to be erased`, ERASING[device.kind](device));
  if (kind === 'unknown')
    return troubleOf(
      'unknown-content',
      `${held}; it is left alone because it may hold somebody's data`,
      'look at it, and order `mountroot reset` if nothing on it is needed',
    );
  if (kind === 'blank' || kind === 'unreadable')
    return troubleOf(
      'unknown-content',
      `${held}; it has no file system that could be mounted`,
      'make one (mkfs.ext4 or mkfs.f2fs)',
    );
  const from = device.kind === 'mtd' ? 'an mtd partition' : `a ${device.kind} device`;
  return troubleOf(
    'unsupported-content',
    `${held}; that cannot be mounted from ${from}`,
    'correct the partition table, or order `mountroot reset` if nothing on it is needed',
  );
}
