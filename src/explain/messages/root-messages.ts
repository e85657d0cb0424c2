import { commonErrno } from './complaint.js';
import { often, once, type MessageRow } from './message-row.js';

/** `1f02`, or `103:00001` for a number that does not fit (block/genhd.c: bdevt_str). */
function fromHex(text: string): string {
  const [major, minor] = text.includes(':')
    ? (text.split(':') as [string, string])
    : [text.slice(0, 2), text.slice(2)];
  return `${parseInt(major, 16)}:${parseInt(minor, 16)}`;
}

/** Messages of the kernel while it mounts the root that root= names. */
export const ROOT_MESSAGES: readonly MessageRow[] = [
  {
    pattern: /^Waiting (\d+) ?sec before mounting root device/,
    source: 'init/do_mounts.c: prepare_namespace',
    tells: once('delay', ([, seconds]) => Number(seconds)),
  },
  {
    pattern: /^Waiting for root device (.*?)\.\.\.$/,
    source: 'init/do_mounts.c: prepare_namespace',
    tells: once('waiting', ([, device]) => device!),
  },
  {
    pattern: /^VFS: Mounted root \((\S+) filesystem\)( readonly)?(?: on device (\d+:\d+))?\.?\s*$/,
    source: 'init/do_mounts.c: do_mount_root',
    tells: often('mounted', ([, fstype, readonly, device]) => ({
      fstype: fstype!,
      readonly: readonly !== undefined,
      device: device ?? null,
    })),
  },
  {
    pattern:
      /^VFS: Cannot open root device ["'“”]?(.*?)["'“”]? or (unknown-block\(\d+,\d+\)|[\da-f]{2}:[\da-f]{2}|[^:\s]+)(?:: error (-?\d+))?\.?\s*$/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: (seen, match, line) =>
      once('cannotOpen', ([, name, device, error]) => ({
        name: name!,
        device: device!,
        error: commonErrno(error, seen),
      }))(seen, match, line),
  },
  {
    pattern: /^No filesystem could mount root, tried: ?(.*)$/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: once('noneCould', ([, types]) => types!.split(' ').filter((type) => type !== '')),
    // Since 5.x each type is on its own line, after a blank.
    continues: {
      pattern: /^\s*([a-z][\w.-]{0,30})\s*$/,
      tells: ({ noneCould }, [, type]) => noneCould?.value.push(type!),
    },
  },
  {
    pattern: /^Please append a correct "root=" boot option/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: once('listing', () => true),
  },
  {
    pattern: /^List of all (?:partitions|bdev filesystems):/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: (seen, [words], line) => {
      if (words.includes('partitions')) seen.listing ??= { value: true, ...line };
    },
  },
  {
    pattern: /^Disabling rootwait; root= is invalid/,
    source: 'init/do_mounts.c: parse_root_device',
    since: '3.2',
    tells: once('rootwaitOff', () => true),
  },
  {
    pattern: /^VFS: PARTUUID= is invalid/,
    source: 'block/early-lookup.c: devt_from_partuuid',
    since: '3.2',
    tells: once('badPartuuid', () => true),
  },
  {
    pattern:
      /^(?:mtd: )?(?:device (\d+) \((\S+)\) set to be root filesystem|setting mtd(\d+) \((\S+)\) as root device)/,
    source: "drivers/mtd/mtdcore.c, mtdpart.c, with OpenWrt's patches",
    tells: once('mtdRoot', ([, old, oldName, index, name]) => ({
      index: Number(old ?? index),
      name: (oldName ?? name)!,
    })),
  },
  {
    pattern: /^((?:mmcblk|nvme\d+n|nbd|loop)\d+|[shv]d[a-z]{1,2}): ((?:[a-z0-9]+|[<>]| )+)$/,
    source: 'block/partitions/core.c: blk_add_partitions',
    weak: true,
    tells: often('scanned', ([, disk, names]) => ({
      disk: disk!,
      partitions: names!
        .split(/[\s<>]+/)
        .filter((name) => name !== '')
        .map((name) => (/^p\d/.test(name) ? disk! + name : name)),
    })),
  },
  {
    // A partition has two blanks before it, and its UUID behind it.
    pattern:
      /^([0-9a-f]{4}|[0-9a-f]{3}:[0-9a-f]{5}) +(\d+) (\S+)(?: \S+)?(?: +driver: \S+| +\(driver\?\))?\s*$/,
    source: 'block/genhd.c: printk_all_partitions',
    weak: true,
    tells: often('devices', ([, device, blocks, name]) => ({
      name: name!,
      number: fromHex(device!),
      size: 1024 * Number(blocks),
    })),
  },
  {
    pattern: /^check access for rdinit=(\S+) failed: (-\d+), ignoring/,
    source: 'init/main.c: kernel_init_freeable',
    since: '6.10',
    tells: once('noEarlyInit', ([, path, error]) => ({ path: path!, error: Number(error) })),
  },
  {
    pattern: /^devtmpfs: mounted$/,
    source: 'drivers/base/devtmpfs.c: devtmpfs_mount',
    tells: once('devtmpfs', () => 0),
  },
  {
    pattern: /^devtmpfs: error mounting (-\d+)$/,
    source: 'drivers/base/devtmpfs.c: devtmpfs_mount',
    tells: once('devtmpfs', ([, error]) => Number(error)),
  },
];
