/** One device that a volume's name may mean. */
export interface Device {
  kind: 'mtd' | 'ubi' | 'block';
  /** The kernel's name: `mtd3`, `ubi0_1`, `mmcblk0p3`. */
  name: string;
  /** Its name by its owner: a partition, volume or file system label; may be ''. */
  label: string;
  /** The source for mount(2). */
  source: string;
  /**
   * `major:minor`, as mountinfo shows it for a file system that is mounted from here; null if that
   * is not known before the mount.
   */
  number: string | null;
  /** Bytes; 0 if the kernel does not say. */
  size: number;
  /** Bytes of an erase block; null if the device has none. */
  eraseBlock: number | null;
}

export type DeviceKind = Device['kind'];

interface DeviceKindRow {
  /** With its article, for sentences. */
  title: string;
  /** The place where the kernel lists devices of this kind. */
  listedIn: string;
  /** The way to erase such a device. */
  erasing: (device: Device) => string;
}

export const DEVICE_KINDS: Record<DeviceKind, DeviceKindRow> = {
  mtd: {
    title: 'an mtd partition',
    listedIn: '/proc/mtd',
    erasing: () => '`mountroot done` erases it when the boot is over',
  },
  ubi: {
    title: 'a ubi device',
    listedIn: '/sys/class/ubi',
    erasing: ({ name }) =>
      `empty it with \`ubiupdatevol -t /dev/${name}\`, because mountroot erases no UBI volume`,
  },
  block: {
    title: 'a block device',
    listedIn: '/sys/class/block',
    erasing: ({ source }) =>
      `make a new file system on it (\`mkfs.ext4 ${source}\`), because mountroot erases no disk`,
  },
};

/** The device for a person: `mtd3 "rootfs_data"`. */
export const describe = ({ name, label }: Device): string =>
  label === '' ? name : `${name} "${label}"`;
