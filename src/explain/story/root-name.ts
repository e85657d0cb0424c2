import { FIRST_RAMDISK } from '../../facts/places.js';
import type { KernelInputs, KnownDevice } from '../kernel-inputs.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import type { RootForm } from '../sentences/root-decisions.js';

/** The device that root= names (init/do_mounts.c: name_to_dev_t and prepare_namespace). */
export interface RootName {
  form: RootForm;
  /** The text of root=, or the number from the boot loader's tags; '' for nothing. */
  said: string;
  /**
   * `major:minor` that the kernel gives it; 0:0 for a device that it does not find; null if
   * unknown.
   */
  number: string | null;
  /** Whether the device exists; null if unknown. */
  exists: boolean | null;
  device: KnownDevice | null;
  /** The option of the device's driver if the kernel does not have it built in. */
  lacks?: string;
}

const NO_DEVICE = '0:0';
/** UNNAMED_MAJOR with the minors of Root_NFS and Root_CIFS (include/linux/root_dev.h). */
const NFS = '0:255';
const CIFS = '0:254';
/** `mmcblk`: CONFIG_MMC_BLOCK_MINORS, whose default is 8. */
const MMC_MINORS = 8;

/** The numbers that never change (Documentation/admin-guide/devices.txt). */
function usualNumber(name: string): string | null {
  const [, kind, index, part] =
    /^(mtdblock|ram|loop|mmcblk)(\d{1,3})(?:p(\d{1,3}))?$/.exec(name) ?? [];
  if (kind === 'mtdblock') return `31:${index}`;
  if (kind === 'ram') return `1:${index}`;
  if (kind === 'loop') return `7:${index}`;
  if (kind === 'mmcblk') return `179:${MMC_MINORS * Number(index) + Number(part ?? 0)}`;
  const [, disk, partition] = /^sd([a-p])(\d{1,2})?$/.exec(name) ?? [];
  return disk === undefined ? null : `8:${16 * (disk.charCodeAt(0) - 97) + Number(partition ?? 0)}`;
}

/** Names of partitions of a disk: only they have a PARTUUID or PARTLABEL, flash has none. */
const PARTITION = /^(?:(?:sd|vd|hd|xvd)[a-z]+\d+|(?:mmcblk|nvme\d+n|nbd|loop|md)\d+p\d+)$/;

/** `b302` and `179:2`; 0:0 for a text that is no number. */
function fromNumber(text: string): string {
  const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (major !== undefined)
    return Number(major) < 4096 && Number(minor) < 1 << 20
      ? `${Number(major)}:${Number(minor)}`
      : NO_DEVICE;
  const [, digits] = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (digits === undefined) return NO_DEVICE;
  const number = parseInt(digits, 16);
  return `${(number & 0xfff00) >> 8}:${(number & 0xff) | ((number >>> 12) & 0xfff00)}`;
}

/** The device number that a text such as `b302` or `179:2` is. */
export const numberIn = fromNumber;

type Known = Pick<KernelInputs, 'commandLine' | 'devices' | 'mtd' | 'tags'>;

/** A root=, and the known devices. */
interface NamedRoot extends Known {
  root: string;
}

/** Whether a device exists; null if the devices are unknown. */
function isThere(device: KnownDevice | null, devices: Known['devices']): boolean | null {
  if (device !== null) return true;
  return devices === null ? null : false;
}

function byNumber(form: RootForm, said: string, number: string, { devices }: Known): RootName {
  const device = devices?.find((each) => each.number === number) ?? null;
  const exists = number === NO_DEVICE ? false : isThere(device, devices);
  return { form, said, number, exists, device };
}

const withoutDevice = (
  form: RootForm,
  said: string,
  number: string | null,
  exists: boolean | null,
): RootName => ({ form, said, number, exists, device: null });

/** `mtd2` and `mtd:NAME`. */
function mtdName({ root, mtd, devices }: NamedRoot): RootName {
  const [, index] = /^mtd(\d{1,3})$/.exec(root) ?? [];
  const name = root.startsWith('mtd:') ? root.slice(4) : null;
  const found = mtd?.find((each) => String(each.index) === index || each.name === name);
  const device =
    found === undefined
      ? null
      : (devices?.find((each) => each.name === `mtdblock${found.index}`) ?? null);
  const exists = mtd === null ? null : found !== undefined;
  return { form: 'mtd', said: root, number: NO_DEVICE, exists, device };
}

/** `ubi0:NAME`: the kernel attaches what ubi.mtd= names, and OpenWrt's the partition "ubi". */
function ubiName({ root, mtd, commandLine }: NamedRoot): RootName {
  const attached =
    /(?:^|\s)ubi\.mtd=/.test(commandLine) || mtd === null || mtd.some(({ name }) => name === 'ubi');
  return withoutDevice('ubi', root, NO_DEVICE, attached ? null : false);
}

function partitionId({ root, devices }: NamedRoot): RootName {
  const none = devices !== null && !devices.some(({ name }) => PARTITION.test(name));
  const form = root.startsWith('PARTUUID=') ? 'partuuid' : 'partlabel';
  return none ? withoutDevice(form, root, NO_DEVICE, false) : withoutDevice(form, root, null, null);
}

function blockDevice({ root, devices }: NamedRoot): RootName {
  const name = root.slice('/dev/'.length);
  const device =
    devices?.find((each) => each.name === name || each.name === name.replaceAll('/', '!')) ?? null;
  const number = device?.number ?? (devices === null ? usualNumber(name) : NO_DEVICE);
  const form = number === FIRST_RAMDISK ? 'ram' : 'device';
  return { form, said: root, number, exists: isThere(device, devices), device };
}

function otherName(named: NamedRoot): RootName {
  const number = fromNumber(named.root);
  return byNumber(number === NO_DEVICE ? 'other' : 'number', named.root, number, named);
}

/** The forms, in the order in which the kernel tests the text of root=. */
export const ROOT_NAME_RULES: readonly DecisionRule<NamedRoot, RootName>[] = [
  { when: ({ root }) => root.startsWith('mtd'), then: mtdName },
  { when: ({ root }) => root.startsWith('ubi'), then: ubiName },
  {
    when: ({ root }) => root === '/dev/nfs',
    then: ({ root }) => withoutDevice('nfs', root, NFS, null),
  },
  {
    when: ({ root }) => root === '/dev/cifs',
    then: ({ root }) => withoutDevice('cifs', root, CIFS, null),
  },
  {
    when: ({ root }) => root === '/dev/ram',
    then: (named) => byNumber('ram', named.root, FIRST_RAMDISK, named),
  },
  { when: ({ root }) => /^PART(?:UUID|LABEL)=/.test(root), then: partitionId },
  { when: ({ root }) => root.startsWith('/dev/'), then: blockDevice },
  { when: otherwise, then: otherName },
];

/** The device of root=; without root=, the device of the boot loader's tags. */
export function rootName(root: string | null, known: Known): RootName {
  if (root !== null) return decideBy(ROOT_NAME_RULES, { ...known, root });
  const tag = known.tags?.root;
  return tag ? byNumber('number', tag, tag, known) : byNumber('none', '', NO_DEVICE, known);
}
