import { posix } from 'node:path';
import type { Reader } from '../system/port.js';
import type { Device, MtdPartition } from './facts.js';
import { partitionUuid } from './partition-uuid.js';
import { SUPERBLOCK_BYTES, readLabels } from '../volumes/labels.js';

/** The meaning of a volume's name on this machine. */
export interface Resolution {
  found: Device[];
  /** Number of an mtd partition that holds the volume in UBI form and is not attached yet. */
  attach: number | null;
}

const none = (): Resolution => ({ found: [], attach: null });
const only = (found: Device[]): Resolution => ({ found, attach: null });

const textOr = (reader: Reader, path: string, otherwise: string): string => {
  try {
    return reader.readText(path).trim();
  } catch {
    return otherwise;
  }
};

const namesIn = (reader: Reader, path: string): string[] => {
  try {
    return reader.list(path);
  } catch {
    return [];
  }
};

/** A path that cannot be examined is no device node. */
const isNode = (reader: Reader, node: string, kind: 'block' | 'character'): boolean => {
  try {
    return reader.kind(node) === kind;
  } catch {
    return false;
  }
};

/**
 * mount(2) takes `mtd3` without a device node. If there is a node, people and other programs look
 * for it in /proc/mounts.
 */
function mtdDevice(reader: Reader, { index, name, size, eraseBlock }: MtdPartition): Device {
  const node = `/dev/mtdblock${index}`;
  return {
    kind: 'mtd',
    name: `mtd${index}`,
    label: name,
    source: isNode(reader, node, 'block') ? node : `mtd${index}`,
    number: `31:${index}`,
    size,
    eraseBlock,
  };
}

interface UbiVolume {
  device: Device;
  /** Index of the mtd partition on which its UBI device lies. */
  mtd: number;
}

/** The volumes of all attached UBI devices. */
function ubiVolumes(reader: Reader): UbiVolume[] {
  return namesIn(reader, '/sys/class/ubi').flatMap((name) => {
    const [, ubi] = /^(ubi\d+)_\d+$/.exec(name) ?? [];
    if (ubi === undefined) return [];
    const read = (file: string): string => textOr(reader, `/sys/class/ubi/${name}/${file}`, '');
    const node = `/dev/${name}`;
    const device: Device = {
      kind: 'ubi',
      name,
      label: read('name'),
      // As for an mtd partition: UBIFS takes both (fs/ubifs/super.c, open_ubi), and OpenWrt's own
      // reset looks for the node.
      source: isNode(reader, node, 'character') ? node : name,
      // The kernel makes an anonymous device number when it mounts UBIFS.
      number: null,
      size: Number(read('data_bytes')) || 0,
      eraseBlock: Number(read('usable_eb_size')) || null,
    };
    return [{ device, mtd: Number(textOr(reader, `/sys/class/ubi/${ubi}/mtd_num`, '-1')) }];
  });
}

const ubiDevices = (reader: Reader, isIt: (device: Device) => boolean): Device[] =>
  ubiVolumes(reader)
    .map(({ device }) => device)
    .filter(isIt);

function blockDevice(reader: Reader, name: string, label = ''): Device {
  const read = (file: string): string => textOr(reader, `/sys/class/block/${name}/${file}`, '');
  return {
    kind: 'block',
    name,
    label,
    source: `/dev/${name}`,
    number: read('dev') || null,
    size: 512 * Number(read('size')) || 0,
    eraseBlock: null,
  };
}

/** Block devices that may have a label of their own: no ramdisks, and no flash through mtdblock. */
const blockNames = (reader: Reader): string[] =>
  namesIn(reader, '/sys/class/block').filter((name) => !/^(mtdblock|ram|zram)\d/.test(name));

const partitionLabel = (reader: Reader, name: string): string =>
  /^PARTNAME=(.*)$/m.exec(textOr(reader, `/sys/class/block/${name}/uevent`, ''))?.[1] ?? '';

function byPartitionLabel(reader: Reader, wanted: string): Device[] {
  return blockNames(reader).flatMap((name) =>
    partitionLabel(reader, name) === wanted ? [blockDevice(reader, name, wanted)] : [],
  );
}

/** The n-th partition of a disk by its unique id; sysfs shows a partition below its disk. */
function byPartitionUuid(reader: Reader, wanted: string): Device[] {
  return blockNames(reader).flatMap((name) => {
    const number = Number(textOr(reader, `/sys/class/block/${name}/partition`, ''));
    try {
      const disk = reader.readLink(`/sys/class/block/${name}`).split('/').at(-2);
      return number > 0 &&
        disk !== undefined &&
        partitionUuid(reader, `/dev/${disk}`, number) === wanted
        ? [blockDevice(reader, name, partitionLabel(reader, name))]
        : [];
    } catch {
      return [];
    }
  });
}

function bySuperblock(reader: Reader, key: 'label' | 'uuid', wanted: string): Device[] {
  return blockNames(reader).flatMap((name) => {
    try {
      const labels = readLabels(reader.readBytes(`/dev/${name}`, 0, SUPERBLOCK_BYTES));
      return labels !== null && labels[key] === wanted
        ? [blockDevice(reader, name, labels.label)]
        : [];
    } catch {
      // An empty card reader is a block device too, but cannot be read.
      return [];
    }
  });
}

/** Whether a UBI device lies on the partition, with or without volumes. */
const isAttached = (reader: Reader, index: number): boolean =>
  namesIn(reader, '/sys/class/ubi').some(
    (ubi) => textOr(reader, `/sys/class/ubi/${ubi}/mtd_num`, '') === String(index),
  );

/** The volume in a partition that holds UBI: the one of that name, else all of them. */
function insideUbi(reader: Reader, { name, index }: MtdPartition): Resolution {
  const inside = ubiVolumes(reader).filter(({ mtd }) => mtd === index);
  if (inside.length === 0 && !isAttached(reader, index)) return { found: [], attach: index };
  const named = inside.filter(({ device }) => device.label === name);
  return only((named.length > 0 ? named : inside).map(({ device }) => device));
}

/** The inputs of a resolution. */
interface DeviceLook {
  reader: Reader;
  mtd: readonly MtdPartition[];
  holdsUbi: (partition: MtdPartition) => boolean;
}

/**
 * A plain name, as OpenWrt looks for it: an mtd partition, a UBI volume, a partition label. It must
 * be exactly the name: `rootfs_data` is not `old_rootfs_data`.
 */
function byName({ reader, mtd, holdsUbi }: DeviceLook, name: string): Resolution {
  const partitions = mtd.filter((partition) => partition.name === name);
  const [partition] = partitions;
  if (partitions.length === 1 && partition !== undefined && holdsUbi(partition))
    return insideUbi(reader, partition);
  if (partitions.length > 0) return only(partitions.map((each) => mtdDevice(reader, each)));
  const named = ubiDevices(reader, ({ label }) => label === name);
  if (named.length > 0) return only(named);
  // OpenWrt's convention: the partition named "ubi" holds the volumes.
  const ubi = mtd.find((each) => each.name === 'ubi' && holdsUbi(each));
  if (ubi !== undefined && !ubiVolumes(reader).some((volume) => volume.mtd === ubi.index))
    return { found: [], attach: ubi.index };
  return only(byPartitionLabel(reader, name));
}

interface NameForm {
  /** The pattern of a name in this form. Its first group is the name to look for. */
  form: RegExp;
  find: (look: DeviceLook, value: string) => Resolution;
}

const mtdWith = (
  { reader, mtd }: DeviceLook,
  isIt: (partition: MtdPartition) => boolean,
): Resolution => only(mtd.filter(isIt).map((each) => mtdDevice(reader, each)));

/** The forms of a volume's name (see `volume` in setting-rows.ts). The first that fits counts. */
const NAME_FORMS: readonly NameForm[] = [
  {
    form: /^PARTLABEL[=:](.+)$/,
    find: ({ reader }, label) => only(byPartitionLabel(reader, label)),
  },
  {
    form: /^PARTUUID[=:](.+)$/,
    find: ({ reader }, uuid) => only(byPartitionUuid(reader, uuid.toLowerCase())),
  },
  {
    form: /^LABEL[=:](.+)$/,
    find: ({ reader }, label) => only(bySuperblock(reader, 'label', label)),
  },
  {
    form: /^UUID[=:](.+)$/,
    find: ({ reader }, uuid) => only(bySuperblock(reader, 'uuid', uuid.toLowerCase())),
  },
  {
    form: /^mtd[=:](.+)$/,
    find: (look, name) => mtdWith(look, (each) => each.name === name),
  },
  {
    form: /^ubi[=:](.+)$/,
    find: ({ reader }, name) => only(ubiDevices(reader, ({ label }) => label === name)),
  },
  {
    form: /^(ubi\d+[=:].+)$/,
    find: ({ reader }, value) => {
      const [, ubi, wanted] = /^(ubi\d+)[=:](.+)$/.exec(value)!;
      return only(
        ubiDevices(reader, ({ label, name }) => label === wanted && name.startsWith(`${ubi}_`)),
      );
    },
  },
  {
    form: /^(?:\/dev\/)?mtd(?:block)?(\d+)$/,
    find: (look, index) => mtdWith(look, (each) => each.index === Number(index)),
  },
  {
    form: /^(?:\/dev\/)?(ubi\d+_\d+)$/,
    find: ({ reader }, ubi) => only(ubiDevices(reader, ({ name }) => name === ubi)),
  },
  {
    form: /^(\/dev\/.*)$/s,
    find: ({ reader }, node) => byNode(reader, node),
  },
  { form: /^(.*)$/s, find: byName },
];

const formOf = (wanted: string): NameForm => NAME_FORMS.find(({ form }) => form.test(wanted))!;

/** All devices that a volume's name may mean, read from /proc/mtd and sysfs. Never throws. */
export function resolve(
  reader: Reader,
  wanted: string,
  mtd: readonly MtdPartition[],
  holdsUbi: (partition: MtdPartition) => boolean,
): Resolution {
  const { form, find } = formOf(wanted);
  return find({ reader, mtd, holdsUbi }, form.exec(wanted)![1]!);
}

/** A device node by its path, through the symlinks that udev makes. */
function byNode(reader: Reader, path: string): Resolution {
  try {
    let node = path;
    for (let links = 0; reader.kind(node) === 'symlink' && links < 8; links++) {
      const to = reader.readLink(node);
      node = posix.normalize(
        to.startsWith('/') ? to : `${node.slice(0, node.lastIndexOf('/'))}/${to}`,
      );
    }
    if (reader.kind(node) !== 'block') return none();
    const name = node
      .split('/')
      .filter((part) => part !== '')
      .at(-1)!;
    return only([{ ...blockDevice(reader, name, partitionLabel(reader, name)), source: path }]);
  } catch {
    return none();
  }
}

/**
 * Whether the device of a name may still appear. mtd partitions are there as soon as the kernel
 * runs.
 */
export const mayAppear = (wanted: string): boolean =>
  /^(PARTLABEL=|PARTUUID=|LABEL=|UUID=|ubi\d*[:_]|\/dev\/(?!mtd))/.test(wanted);
