import { errorIn, often, once, type MessageRow } from './message-row.js';

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
    pattern: /^VFS: Mounted root \((\S+) filesystem\)( readonly)?(?: on device (\d+:\d+))?\.?$/,
    source: 'init/do_mounts.c: do_mount_root',
    tells: often('mounted', ([, fstype, readonly, device]) => ({
      fstype: fstype!,
      readonly: readonly !== undefined,
      device: device ?? null,
    })),
  },
  {
    pattern: /^VFS: Cannot open root device "(.*)" or ([^:]+)(?:: error (-\d+))?$/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: once('cannotOpen', ([, name, device, error]) => ({
      name: name!,
      device: device!,
      error: errorIn(error),
    })),
  },
  {
    pattern: /^No filesystem could mount root, tried: ?(.*)$/,
    source: 'init/do_mounts.c: mount_block_root',
    tells: once('noneCould', ([, types]) => types!.split(' ').filter((type) => type !== '')),
    // Since 5.x each type is on its own line, after a blank.
    continues: {
      pattern: /^ (\S+)$/,
      tells: ({ noneCould }, [, type]) => noneCould?.value.push(type!),
    },
  },
  {
    pattern: /^([0-9a-f]{4}|[0-9a-f]{3}:[0-9a-f]{5}) +(\d+) (\S+)/,
    source: 'block/genhd.c: printk_all_partitions',
    tells: often('devices', ([, device, blocks, name]) => ({
      name: name!,
      number: fromHex(device!),
      size: 1024 * Number(blocks),
    })),
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
