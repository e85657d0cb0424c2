import type { KernelInputs, KnownDevice } from './kernel-inputs.js';

/** How root= names a device (init/do_mounts.c: name_to_dev_t and prepare_namespace). */
export interface RootName {
  form:
    | 'none'
    | 'mtd'
    | 'ubi'
    | 'nfs'
    | 'cifs'
    | 'ram'
    | 'partuuid'
    | 'partlabel'
    | 'device'
    | 'number'
    | 'other';
  /** What was said, '' for nothing. */
  said: string;
  /** As the kernel's messages call it: without /dev/, and `(null)` for none. */
  shown: string;
  /**
   * `major:minor` that the kernel gives it: 0:0 for what it does not find, null where that is not
   * known.
   */
  number: string | null;
  /** Whether there is such a device; null where that is not known. */
  exists: boolean | null;
  device: KnownDevice | null;
}

/**
 * Numbers that never change (Documentation/admin-guide/devices.txt); those of mmcblk hold for
 * CONFIG_MMC_BLOCK_MINORS=8.
 */
function usualNumber(name: string): string | null {
  const [, kind, index, part] =
    /^(mtdblock|ram|loop|mmcblk)(\d{1,3})(?:p(\d{1,3}))?$/.exec(name) ?? [];
  if (kind === 'mtdblock') return `31:${index}`;
  if (kind === 'ram') return `1:${index}`;
  if (kind === 'loop') return `7:${index}`;
  if (kind === 'mmcblk') return `179:${8 * Number(index) + Number(part ?? 0)}`;
  const [, disk, partition] = /^sd([a-p])(\d{1,2})?$/.exec(name) ?? [];
  return disk === undefined ? null : `8:${16 * (disk.charCodeAt(0) - 97) + Number(partition ?? 0)}`;
}

/** What only a disk with a table of partitions has: flash has none of these ids. */
const PARTITION = /^(?:(?:sd|vd|hd|xvd)[a-z]+\d+|(?:mmcblk|nvme\d+n|nbd|loop|md)\d+p\d+)$/;

/** `b302` and `179:2`; 0:0 for what is no number. */
function fromNumber(text: string): string {
  const [, major, minor] = /^(\d{1,10}):(\d{1,10})$/.exec(text) ?? [];
  if (major !== undefined)
    return Number(major) < 4096 && Number(minor) < 1 << 20
      ? `${Number(major)}:${Number(minor)}`
      : '0:0';
  const [, digits] = /^(?:0x)?([0-9a-f]{1,8})$/i.exec(text) ?? [];
  if (digits === undefined) return '0:0';
  const number = parseInt(digits, 16);
  return `${(number & 0xfff00) >> 8}:${(number & 0xff) | ((number >>> 12) & 0xfff00)}`;
}

export function rootName(
  root: string | null,
  {
    commandLine,
    devices,
    mtd,
    tags,
  }: Pick<KernelInputs, 'commandLine' | 'devices' | 'mtd' | 'tags'>,
): RootName {
  const byNumber = (number: string): KnownDevice | null =>
    devices?.find((each) => each.number === number) ?? null;
  const known = (form: RootName['form'], said: string, number: string): RootName => {
    const device = byNumber(number);
    return {
      form,
      said,
      shown: said,
      number,
      exists: number === '0:0' ? false : device !== null ? true : devices === null ? null : false,
      device,
    };
  };
  if (root === null)
    return tags?.root
      ? { ...known('number', tags.root, tags.root), shown: '(null)' }
      : { ...known('none', '', '0:0'), shown: '(null)' };
  const plain = { said: root, shown: root, number: '0:0', device: null };
  if (root.startsWith('mtd')) {
    const [, index] = /^mtd(\d{1,3})$/.exec(root) ?? [];
    const name = root.startsWith('mtd:') ? root.slice(4) : null;
    const found = mtd?.find((each) => String(each.index) === index || each.name === name);
    const device =
      found === undefined
        ? null
        : (devices?.find((each) => each.name === `mtdblock${found.index}`) ?? null);
    return { form: 'mtd', ...plain, exists: mtd === null ? null : found !== undefined, device };
  }
  // A kernel attaches what ubi.mtd= names, and OpenWrt's the partition of this name.
  const attached =
    /(?:^|\s)ubi\.mtd=/.test(commandLine) || mtd === null || mtd.some(({ name }) => name === 'ubi');
  if (root.startsWith('ubi')) return { form: 'ubi', ...plain, exists: attached ? null : false };
  if (root === '/dev/nfs')
    return { form: 'nfs', ...plain, shown: 'nfs', number: '0:255', exists: null };
  if (root === '/dev/cifs')
    return { form: 'cifs', ...plain, shown: 'cifs', number: '0:254', exists: null };
  if (root === '/dev/ram') return { ...known('ram', root, '1:0'), shown: 'ram' };
  if (/^PART(?:UUID|LABEL)=/.test(root)) {
    const none = devices !== null && !devices.some(({ name }) => PARTITION.test(name));
    return {
      form: root.startsWith('PARTUUID=') ? 'partuuid' : 'partlabel',
      ...plain,
      number: none ? '0:0' : null,
      exists: none ? false : null,
    };
  }
  if (root.startsWith('/dev/')) {
    const name = root.slice(5);
    const device =
      devices?.find((each) => each.name === name || each.name === name.replaceAll('/', '!')) ??
      null;
    const number = device?.number ?? (devices === null ? usualNumber(name) : '0:0');
    const ram = number === '1:0';
    return {
      form: ram ? 'ram' : 'device',
      said: root,
      shown: name,
      number,
      exists: device !== null ? true : devices === null ? null : false,
      device,
    };
  }
  const number = fromNumber(root);
  return known(number === '0:0' ? 'other' : 'number', root, number);
}
