/** Paths that facts are gathered from and plans use. */
import { HOME } from './installation.js';

export const STAGING = '/tmp/overlay';
export const DATA = '/overlay';
export const OLD_ROOT = '/rom';
/**
 * OpenWrt's mountpoints for the new root and for a RAM overlay. The second path of each pair serves
 * when an image lacks the first.
 */
export const NEW_ROOTS = ['/mnt', '/tmp/mountroot/root'] as const;
/**
 * Mountpoints in an initramfs, which has no fixed places: one for the image that root= names, and
 * one for its overlay.
 */
export const NEW_IMAGE = '/newroot';
export const NEW_OVERLAY = '/newroot-overlay';
export const RAM = '/tmp/root';
export const EXTERNAL = '/tmp/extroot';
/** Sources that tools and people look for in /proc/mounts. */
export const FLASH_SOURCE = `overlayfs:${DATA}`;
export const RAM_SOURCE = `overlayfs:${RAM}`;

/** The source of the overlay on each path of the setting `persist`. */
export const PERSIST_SOURCE = 'mountroot-persist';

/** Our own folder on a data volume, and its contents. */
export const META = '.mountroot';
export const ATTEMPTS = `${META}/attempts`;
export const ORDER = `${META}/reset.json`;
export const IDENTITY = `${META}/identity`;
export const BOOTS = `${META}/boots`;
/** The names of files in BOOTS: the boot's number, and the beginning of its boot id. */
export const BOOT_FILE = /^(\d{8})-([\w-]{8})\.ndjson$/;
export const QUARANTINE = `${META}/quarantine`;
export const INCOMING = `${META}/incoming`;
/** Our record of the image, which later shows whether a setting hides a newer file of the image. */
export const ROM_MANIFEST = `${META}/rom-manifest`;
export const ROM_BASELINE = `${META}/rom-baseline`;
export const ROM_CURSOR = `${META}/rom-cursor`;
/**
 * An import: the layer that waits to become the upper layer, the order to use it, and the previous
 * upper layer.
 */
export const NEXT_UPPER = `${META}/next-upper`;
export const IMPORT_ORDER = `${META}/import.json`;
export const FORMER_UPPER = `${META}/former-upper`;
/** On the data volume: what the paths of the setting `persist` keep, a directory for each. */
export const PERSIST = 'persist';
export const STATE_LINK = '.fs_state';
export const UPGRADE = 'sysupgrade.tgz';
/** In an external volume: the identity of the board that owns it. */
export const EXTROOT_IDENTITY = 'etc/.extroot-uuid';
/** The same in fstools, which also lets a volume belong to any board. */
export const EXTROOT_ANYBODYS = 'etc/.extroot-default';
/**
 * The folders that may hold the files of a verb for later verbs of the same boot. Both are on a
 * tmpfs that moves to the new root, so they survive the pivot. See recordFolder in own-files.ts.
 */
export const RUN_RECORDS = '/run/mountroot';
export const TMP_RECORDS = '/tmp/mountroot';
export const RECORD_FOLDERS = [RUN_RECORDS, TMP_RECORDS] as const;
/** The names of files in that folder. */
export const JOURNAL = 'journal.ndjson';
export const STATE = 'state.json';
export const NOTICE = 'notice';
export const FACTS_OF_START = 'facts.json';
export const LOCK = 'lock';
/** Only one program at a time changes the file system below the overlay. */
export const MAINTAIN_LOCK = 'maintain.lock';
/**
 * The script that may make the root before the agent, and its record: what it did and when, and the
 * mounts before and after, as /proc/self/mountinfo had them.
 */
export const FIRST_SCRIPT = `${HOME}/start.sh`;
export const SCRIPT_LOG = `${TMP_RECORDS}/script.log`;
export const SCRIPT_BEFORE = `${TMP_RECORDS}/script-before`;
export const SCRIPT_AFTER = `${TMP_RECORDS}/script-after`;
/** The settings of the board's maintainer. */
export const SETTINGS_FILE = '/etc/mountroot.json';

/** The directories of the image that a start needs. */
export const IMAGE_PLACES = [DATA, NEW_ROOTS[0], OLD_ROOT, '/tmp'] as const;

/** The number of /dev/ram0, into which the kernel loads an initrd that is an image. */
export const FIRST_RAMDISK = '1:0';
