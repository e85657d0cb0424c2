import { often, once, type MessageRow } from './message-row.js';

/** Messages of drivers and programs that show what went well. */
export const DRIVER_MESSAGES: readonly MessageRow[] = [
  {
    pattern: /^(?:CPU\d* revision is: .*MIPS|MIPS: machine is |CPU\d* revision is: 0001)/,
    has: ['revision is:', 'mips: machine'],
    source: 'arch/mips/kernel/cpu-probe.c: cpu_report; arch/mips/ralink/of.c',
    tells: once('mips', () => true),
  },
  {
    pattern: /^(?:UBI: attached mtd\d+ .*to (ubi\d+)|(ubi\d+): attached mtd\d+)/,
    source: 'drivers/mtd/ubi/build.c: ubi_attach_mtd_dev',
    tells: often('ubi', ([, older, newer]) => (older ?? newer)!),
  },
  {
    pattern: /^(mmcblk\d+): (mmc\d+):[0-9a-f]{4} /,
    source: 'drivers/mmc/core/block.c: mmc_blk_probe',
    tells: often('cards', ([, device, host]) => ({ device: device!, host: host! })),
  },
  {
    pattern:
      /^(?:(EXT[234])-fs \(([^)]+)\): (?:re-)?mounted filesystem|(XFS) \(([^)]+)\): (?:Ending (?:clean mount|recovery)|Mounting)|(F2FS)-fs \(([^)]+)\): Mounted with|(BTRFS) info \(device (\S+?)\): (?:first mount|using free space tree)|(erofs): \(device ([^)]+)\): mounted with)/,
    source: 'fs/ext4/super.c, fs/xfs/xfs_mount.c, fs/f2fs/super.c, fs/erofs/super.c',
    tells: often('fileSystems', ([, ...names]) => {
      const at = names.findIndex((name) => name !== undefined);
      return { fstype: names[at]!.toLowerCase(), device: names[at + 1]! };
    }),
  },
  {
    pattern: /^UBIFS(?: \((ubi\d+:\d+)\))?: (?:UBIFS: )?mounted UBI device (\d+), volume (\d+)/,
    source: 'fs/ubifs/super.c: mount_ubifs',
    tells: often('fileSystems', ([, name, device, volume]) => ({
      fstype: 'ubifs',
      device: name ?? `ubi${device}:${volume}`,
    })),
  },
  {
    pattern:
      /^(?:(?:systemd|dracut|procd)(?:\[\d+\])?: )?(?:Switching root\.?$|mount_root: switching to \w+ overlay|switching to \w+ overlay|.*pivot_root.* (?:done|succeeded))/,
    has: ['switching', 'pivot_root'],
    source: 'systemd src/core/main.c; OpenWrt fstools libfstools/mount.c',
    tells: often('handovers', () => true),
  },
];
