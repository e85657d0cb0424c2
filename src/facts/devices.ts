import { posix } from 'node:path';
import type { Reader } from '../system/port.js';
import type { Device, MtdPartition } from './facts.js';
import { partitionUuid } from './partition-uuid.js';
import { SUPERBLOCK_BYTES, readLabels } from '../volumes/labels.js';

/** What a volume's name means on this machine. */
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

/** A node that cannot even be looked at is none. */
const isBlock = (reader: Reader, node: string): boolean => {
  try {
    return reader.kind(node) === 'block';
  } catch {
    return false;
  }
};

/**
 * mtd as a source needs no device node (`mtd3`), but where there is one it is what people look for
 * in /proc/mounts.
 */
function mtdDevice(reader: Reader, { index, name, size, eraseBlock }: MtdPartition): Device {
  const node = `/dev/mtdblock${index}`;
  return {
    kind: 'mtd',
    name: `mtd${index}`,
    label: name,
    source: isBlock(reader, node) ? node : `mtd${index}`,
    number: `31:${index}`,
    size,
    eraseBlock,
  };
}

/** The volumes of attached UBI devices; `mtd` is the partition they lie on. */
function ubiVolumes(reader: Reader): (Device & { mtd: number })[] {
  const names = namesIn(reader, '/sys/class/ubi');
  return names.flatMap((name) => {
    const [, device] = /^(ubi\d+)_\d+$/.exec(name) ?? [];
    if (device === undefined) return [];
    const read = (file: string): string => textOr(reader, `/sys/class/ubi/${name}/${file}`, '');
    // An anonymous device number is made when UBIFS is mounted.
    return [
      {
        kind: 'ubi' as const,
        name,
        label: read('name'),
        source: name,
        number: null,
        size: Number(read('data_bytes')) || 0,
        eraseBlock: Number(read('usable_eb_size')) || null,
        mtd: Number(textOr(reader, `/sys/class/ubi/${device}/mtd_num`, '-1')),
      },
    ];
  });
}

const withoutMtd = ({ mtd: _, ...device }: Device & { mtd: number }): Device => device;

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

/**
 * Block devices that may carry a label of their own: no ramdisks, no loops of nothing, and not
 * flash through mtdblock.
 */
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
      // An empty card reader is a block device too, and cannot be read.
      return [];
    }
  });
}

/**
 * A plain name, as OpenWrt looks for it: an mtd partition, a UBI volume, a partition label. It must
 * be exactly the name: `rootfs_data` is not `old_rootfs_data`.
 */
function byName(
  reader: Reader,
  name: string,
  mtd: readonly MtdPartition[],
  holdsUbi: (partition: MtdPartition) => boolean,
): Resolution {
  const partitions = mtd.filter((partition) => partition.name === name);
  const volumes = ubiVolumes(reader);
  const [partition] = partitions;
  if (partitions.length === 1 && partition !== undefined && holdsUbi(partition)) {
    const inside = volumes.filter((volume) => volume.mtd === partition.index);
    const named = inside.filter(({ label }) => label === name);
    if (
      inside.length === 0 &&
      !namesIn(reader, '/sys/class/ubi').some(
        (ubi) => textOr(reader, `/sys/class/ubi/${ubi}/mtd_num`, '') === String(partition.index),
      )
    )
      return { found: [], attach: partition.index };
    return only((named.length > 0 ? named : inside).map(withoutMtd));
  }
  if (partitions.length > 0) return only(partitions.map((each) => mtdDevice(reader, each)));
  const named = volumes.filter(({ label }) => label === name);
  if (named.length > 0) return only(named.map(withoutMtd));
  // OpenWrt's convention: the partition named "ubi" holds the volumes.
  const ubi = mtd.find((each) => each.name === 'ubi' && holdsUbi(each));
  if (ubi !== undefined && !volumes.some((volume) => volume.mtd === ubi.index))
    return { found: [], attach: ubi.index };
  return only(byPartitionLabel(reader, name));
}

/**
 * All devices that a volume's name may mean (see Settings.volume), read from /proc/mtd and sysfs.
 * Never throws.
 */
export function resolve(
  reader: Reader,
  wanted: string,
  mtd: readonly MtdPartition[],
  holdsUbi: (partition: MtdPartition) => boolean,
): Resolution {
  const [, key, value] = /^(PARTLABEL|PARTUUID|LABEL|UUID|mtd|ubi\d*)[=:](.+)$/.exec(wanted) ?? [];
  if (key === 'PARTLABEL') return only(byPartitionLabel(reader, value!));
  if (key === 'PARTUUID') return only(byPartitionUuid(reader, value!.toLowerCase()));
  if (key === 'LABEL') return only(bySuperblock(reader, 'label', value!));
  if (key === 'UUID') return only(bySuperblock(reader, 'uuid', value!.toLowerCase()));
  if (key === 'mtd')
    return only(mtd.filter(({ name }) => name === value).map((each) => mtdDevice(reader, each)));
  if (key?.startsWith('ubi'))
    return only(
      ubiVolumes(reader)
        .filter(
          ({ label, name }) => label === value && (key === 'ubi' || name.startsWith(`${key}_`)),
        )
        .map(withoutMtd),
    );
  const [, index] = /^(?:\/dev\/)?mtd(?:block)?(\d+)$/.exec(wanted) ?? [];
  if (index !== undefined)
    return only(
      mtd.filter((each) => each.index === Number(index)).map((each) => mtdDevice(reader, each)),
    );
  const [, ubi] = /^(?:\/dev\/)?(ubi\d+_\d+)$/.exec(wanted) ?? [];
  if (ubi !== undefined)
    return only(
      ubiVolumes(reader)
        .filter(({ name }) => name === ubi)
        .map(withoutMtd),
    );
  if (wanted.startsWith('/dev/')) return byNode(reader, wanted);
  return byName(reader, wanted, mtd, holdsUbi);
}

/** A device node by its path, through the links that udev makes. */
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
 * True for a name whose device may still appear: mtd partitions are there as soon as the kernel
 * runs.
 */
export const mayAppear = (wanted: string): boolean =>
  /^(PARTLABEL=|PARTUUID=|LABEL=|UUID=|ubi\d*[:_]|\/dev\/(?!mtd))/.test(wanted);
