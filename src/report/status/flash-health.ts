import type { Mount, MtdPartition } from '../../facts/facts.js';
import type { Reader } from '../../system/port.js';
import { partitionOf } from './space.js';

/**
 * The figures that flash drivers keep (Documentation/ABI/testing/sysfs-class-mtd, sysfs-class-ubi).
 * A figure that this kernel does not show is null.
 */
export interface Health {
  mtd: MtdHealth | null;
  ubi: UbiHealth | null;
  mmc: MmcHealth | null;
}

export interface MtdHealth {
  device: string;
  name: string;
  /** nor, nand, mlc-nand, ubi, ram, … */
  type: string | null;
  size: number | null;
  eraseBlock: number | null;
  /** How many wrong bits ECC corrects in `ecc_step_size` bytes; 0 without ECC. */
  eccStrength: number | null;
  correctedBits: number | null;
  eccFailures: number | null;
  badBlocks: number | null;
  /** A read that corrects this many bits returns EUCLEAN: the block should be moved. */
  bitflipThreshold: number | null;
}

export interface UbiHealth {
  device: string;
  volume: string | null;
  maxEraseCount: number | null;
  badBlocks: number | null;
  /** Spare blocks that replace bad ones. */
  reservedForBad: number | null;
  available: number | null;
  readonly: boolean;
}

/**
 * An eMMC's own estimates: bytes 267 to 269 of EXT_CSD (JESD84-B50), which the kernel shows as two
 * files (Documentation/driver-api/mmc/mmc-dev-attrs.rst).
 */
export interface MmcHealth {
  device: string;
  /** Used tenths of the life of memory type A and B; 11 means more than all of it. */
  lifeUsed: number[];
  /** Use of the reserved blocks: 1 is normal, 2 is 80 %, 3 is 90 %. */
  reserve: number | null;
}

class Sysfs {
  constructor(private readonly reader: Reader) {}

  text(path: string): string | null {
    try {
      return this.reader.readText(path).trim() || null;
    } catch {
      return null;
    }
  }

  count(path: string): number | null {
    const text = this.text(path);
    return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
  }

  list(path: string): string[] {
    try {
      return this.reader.list(path);
    } catch {
      return [];
    }
  }
}

function mtdHealth(sysfs: Sysfs, index: number): MtdHealth {
  const at = `/sys/class/mtd/mtd${index}`;
  return {
    device: `mtd${index}`,
    name: sysfs.text(`${at}/name`) ?? '',
    type: sysfs.text(`${at}/type`),
    size: sysfs.count(`${at}/size`),
    eraseBlock: sysfs.count(`${at}/erasesize`),
    eccStrength: sysfs.count(`${at}/ecc_strength`),
    correctedBits: sysfs.count(`${at}/corrected_bits`),
    eccFailures: sysfs.count(`${at}/ecc_failures`),
    badBlocks: sysfs.count(`${at}/bad_blocks`),
    bitflipThreshold: sysfs.count(`${at}/bitflip_threshold`),
  };
}

function ubiHealth(sysfs: Sysfs, device: string, volume: string | null): UbiHealth {
  const at = `/sys/class/ubi/${device}`;
  return {
    device,
    volume,
    maxEraseCount: sysfs.count(`${at}/max_ec`),
    badBlocks: sysfs.count(`${at}/bad_peb_count`),
    reservedForBad: sysfs.count(`${at}/reserved_for_bad`),
    available: sysfs.count(`${at}/avail_eraseblocks`),
    readonly: sysfs.count(`${at}/ro_mode`) === 1,
  };
}

/** Reads `ubi0:data`, `ubi0_1`, `/dev/ubi0_1` and `ubi:data`, which means the first device. */
function ubiOf(sysfs: Sysfs, source: string): { device: string; volume: string | null } | null {
  const [, number, volumeNumber, name] =
    /^(?:\/dev\/)?ubi(\d+)?(?:_(\d+)|:(.+))?$/.exec(source) ?? [];
  if (!/^(?:\/dev\/)?ubi/.test(source) || (number === undefined && name === undefined)) return null;
  const device = `ubi${number ?? 0}`;
  return {
    device,
    volume:
      name ??
      (volumeNumber === undefined
        ? null
        : sysfs.text(`/sys/class/ubi/${device}_${volumeNumber}/name`)),
  };
}

/** The estimates belong to the card, so they are found through the disk, not the partition. */
function mmcHealth(sysfs: Sysfs, source: string): MmcHealth | null {
  const [, disk] = /^\/dev\/(mmcblk\d+)(?:p\d+)?$/.exec(source) ?? [];
  if (disk === undefined) return null;
  const at = `/sys/class/block/${disk}/device`;
  const used = (sysfs.text(`${at}/life_time`) ?? '')
    .split(' ')
    .filter((word) => /^0x[0-9a-f]{1,2}$/i.test(word))
    .map(Number);
  const reserve = sysfs.text(`${at}/pre_eol_info`);
  if (used.every((each) => each === 0)) return null;
  return {
    device: disk,
    lifeUsed: used,
    reserve: reserve !== null && /^0x[0-9a-f]{1,2}$/i.test(reserve) ? Number(reserve) : null,
  };
}

/** The figures of the flash below a mount; null without flash, or without any figures. */
export function gatherHealth(
  reader: Reader,
  mount: Mount,
  mtd: readonly MtdPartition[],
): Health | null {
  const sysfs = new Sysfs(reader);
  const ubi = mount.fstype === 'ubifs' ? ubiOf(sysfs, mount.source) : null;
  const index =
    ubi === null
      ? partitionOf(mount, mtd)?.index
      : (sysfs.count(`/sys/class/ubi/${ubi.device}/mtd_num`) ?? undefined);
  const there = index !== undefined && sysfs.list(`/sys/class/mtd/mtd${index}`).length > 0;
  const health: Health = {
    mtd: there ? mtdHealth(sysfs, index) : null,
    ubi: ubi === null ? null : ubiHealth(sysfs, ubi.device, ubi.volume),
    mmc: mmcHealth(sysfs, mount.source),
  };
  return health.mtd === null && health.ubi === null && health.mmc === null ? null : health;
}

/** `ecc`: data may be lost; `ubi-read-only`, `ubi-spares`, `mmc-life`: the flash wears out. */
export type HealthTrouble = 'ecc' | 'ubi-read-only' | 'ubi-spares' | 'mmc-life';

/** The used tenths of an eMMC's life, of the memory type that is more worn. */
export const mostUsed = ({ lifeUsed }: MmcHealth): number => Math.max(0, ...lifeUsed);

/** Each that holds is told. */
const HEALTH_RULES: readonly { when: (health: Health) => boolean; trouble: HealthTrouble }[] = [
  { when: ({ mtd }) => (mtd?.eccFailures ?? 0) > 0, trouble: 'ecc' },
  { when: ({ ubi }) => ubi?.readonly === true, trouble: 'ubi-read-only' },
  {
    when: ({ ubi }) => ubi?.reservedForBad === 0 && (ubi.badBlocks ?? 0) > 0,
    trouble: 'ubi-spares',
  },
  {
    when: ({ mmc }) => mmc !== null && (mostUsed(mmc) >= 10 || (mmc.reserve ?? 0) >= 2),
    trouble: 'mmc-life',
  },
];

/** The troubles that somebody should act on. */
export const healthTroubles = (health: Health): HealthTrouble[] =>
  HEALTH_RULES.filter(({ when }) => when(health)).map(({ trouble }) => trouble);
