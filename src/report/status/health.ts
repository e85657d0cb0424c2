import type { Mount, MtdPartition } from '../../facts/facts.js';
import type { Reader } from '../../system/port.js';
import { partitionOf } from './space.js';
import { plural, size } from '../../text/units.js';

/**
 * What the drivers of flash count (Documentation/ABI/testing/sysfs-class-mtd, sysfs-class-ubi). A
 * figure that this kernel does not show is null.
 */
export interface Health {
  mtd: MtdHealth | null;
  ubi: UbiHealth | null;
  mmc: MmcHealth | null;
}

interface MtdHealth {
  device: string;
  name: string;
  /** nor, nand, mlc-nand, ubi, ram… */
  type: string | null;
  size: number | null;
  eraseBlock: number | null;
  /** Bits that can be corrected in one step of `ecc_step_size` bytes; 0: there is no ECC. */
  eccStrength: number | null;
  correctedBits: number | null;
  eccFailures: number | null;
  badBlocks: number | null;
  /** Corrected bits in one read at which the block should be moved (EUCLEAN). */
  bitflipThreshold: number | null;
}

interface UbiHealth {
  device: string;
  volume: string | null;
  maxEraseCount: number | null;
  badBlocks: number | null;
  /** Blocks that are kept to take the place of ones that go bad. */
  reservedForBad: number | null;
  available: number | null;
  readonly: boolean;
}

/**
 * eMMC: JESD84-B50, EXT_CSD 267 to 269, of which the kernel shows two
 * (Documentation/driver-api/mmc/mmc-dev-attrs.rst).
 */
interface MmcHealth {
  device: string;
  /** Tenths of its life that are used, of the two kinds of memory; 11 is more than all of it. */
  lifeUsed: number[];
  /** 1 normal, 2: 80% of the reserved blocks are used, 3: 90%. */
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

/** `ubi0:data`, `ubi0_1`, `/dev/ubi0_1`, `ubi:data` (which is of the first device). */
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

/** A partition's directory lies in its disk's, and the card's own figures beside the disk. */
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

/**
 * What the drivers say of the flash below the data volume; null where it lies on none, or they say
 * nothing.
 */
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

/** What somebody should do something about, a sentence each. */
export function healthTroubles({ mtd, ubi, mmc }: Health): string[] {
  const out: string[] = [];
  if (mtd !== null && (mtd.eccFailures ?? 0) > 0)
    out.push(
      `${mtd.device} has had ${plural(mtd.eccFailures!, 'read')} since the kernel started that its ECC could not correct: data is lost; save what matters, and replace the flash`,
    );
  if (ubi?.readonly)
    out.push(
      `${ubi.device} has gone read-only after an error; see the kernel log, and start the board anew`,
    );
  if (ubi !== null && ubi.reservedForBad === 0 && (ubi.badBlocks ?? 0) > 0)
    out.push(
      `${ubi.device} has no blocks left to take the place of ones that go bad (${ubi.badBlocks} are): replace the flash`,
    );
  const used = Math.max(0, ...(mmc?.lifeUsed ?? []));
  if (mmc !== null && (used >= 10 || (mmc.reserve ?? 0) >= 2))
    out.push(
      `${mmc.device} is near the end of its life (${used > 10 ? 'more than all' : `about ${used * 10}%`} of it is used): replace it`,
    );
  return out;
}

const known = (value: number | null, words: (count: number) => string): string[] =>
  value === null ? [] : [words(value)];

/** For a person. Counts of ECC begin anew with each boot; erase counts and bad blocks do not. */
export function healthWords({ mtd, ubi, mmc }: Health): string {
  const parts: string[] = [];
  if (mtd !== null) {
    const {
      device,
      name,
      type,
      size: bytes,
      eraseBlock,
      eccStrength,
      correctedBits,
      eccFailures,
      badBlocks,
    } = mtd;
    const blocks =
      bytes === null || !eraseBlock
        ? []
        : [
            `${plural(Math.floor(bytes / eraseBlock), 'erase block')} of ${size(eraseBlock).replace('.0 ', ' ')}`,
          ];
    const ecc =
      eccStrength === 0
        ? ['no ECC']
        : [
            ...known(correctedBits, (count) => `${plural(count, 'bit')} corrected`),
            ...known(eccFailures, (count) => `${count} not correctable in this boot`),
          ];
    parts.push(
      `${device}${name === '' ? '' : ` "${name}"`}: ${[...(type === null ? [] : [type.toUpperCase()]), ...blocks, ...known(badBlocks, (count) => (count === 0 ? 'none bad' : `${count} bad`)), ...ecc].join(', ')}`,
    );
  }
  if (ubi !== null) {
    const { device, volume, maxEraseCount, badBlocks, reservedForBad } = ubi;
    const figures = [
      ...known(maxEraseCount, (count) => `erased at most ${plural(count, 'time')}`),
      ...known(badBlocks, (count) => `${count} bad`),
      ...known(reservedForBad, (count) => `${count} kept for bad ones`),
    ];
    parts.push(
      `${device}${volume === null ? '' : ` "${volume}"`}: ${figures.join(', ') || 'no figures'}`,
    );
  }
  if (mmc !== null)
    parts.push(
      `${mmc.device}: ${mmc.lifeUsed.map((tenths) => (tenths > 10 ? 'more than 100%' : `${Math.max(0, tenths - 1) * 10} to ${tenths * 10}%`)).join(' and ')} of its life used`,
    );
  return parts.join('; ');
}
