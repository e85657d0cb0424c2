/** Where things are, for facts to look at and plans to use. */
import { HOME } from './installation.js';

export const STAGING = '/tmp/overlay';
export const DATA = '/overlay';
export const OLD_ROOT = '/rom';
/**
 * OpenWrt's places for the new root and for a RAM overlay; the second of each pair serves where an
 * image lacks the first.
 */
export const NEW_ROOTS = ['/mnt', '/tmp/mountroot/root'] as const;
/**
 * In an initramfs, which has no fixed places: where the image that root= names is mounted, and
 * where the overlay of it is put together.
 */
export const NEW_IMAGE = '/newroot';
export const NEW_OVERLAY = '/newroot-overlay';
export const RAM = '/tmp/root';
export const EXTERNAL = '/tmp/extroot';
/** Tools and people look for these sources in /proc/mounts. */
export const FLASH_SOURCE = `overlayfs:${DATA}`;
export const RAM_SOURCE = `overlayfs:${RAM}`;

/** Our own folder on a data volume, and what is in it. */
export const META = '.mountroot';
export const ATTEMPTS = `${META}/attempts`;
export const ORDER = `${META}/reset.json`;
export const IDENTITY = `${META}/identity`;
export const BOOTS = `${META}/boots`;
/** The names of files in BOOTS: the number of the boot, and the beginning of its boot id. */
export const BOOT_FILE = /^(\d{8})-([\w-]{8})\.ndjson$/;
export const QUARANTINE = `${META}/quarantine`;
export const INCOMING = `${META}/incoming`;
/** What is known of the image, to tell later that a setting stands before a newer file of it. */
export const ROM_MANIFEST = `${META}/rom-manifest`;
export const ROM_BASELINE = `${META}/rom-baseline`;
export const ROM_CURSOR = `${META}/rom-cursor`;
/**
 * An import: the layer that waits to be the upper one, the order to use it, and the layer that was
 * the upper one before.
 */
export const NEXT_UPPER = `${META}/next-upper`;
export const IMPORT_ORDER = `${META}/import.json`;
export const FORMER_UPPER = `${META}/former-upper`;
export const STATE_LINK = '.fs_state';
export const UPGRADE = 'sysupgrade.tgz';
/** In an external volume: the identity of the board it is tied to. */
export const EXTROOT_IDENTITY = 'etc/.extroot-uuid';
/** What a verb leaves for whoever comes later in this boot. */
export const JOURNAL_FOLDER = '/tmp/mountroot';
/** On a tmpfs that moves along, so it survives the pivot. */
export const JOURNAL_FILE = `${JOURNAL_FOLDER}/journal.ndjson`;
/**
 * The script that may make the root before the agent, and what it leaves: what it did and when, and
 * the mounts before and behind it, as /proc/self/mountinfo had them.
 */
export const FIRST_SCRIPT = `${HOME}/start.sh`;
export const SCRIPT_LOG = `${JOURNAL_FOLDER}/script.log`;
export const SCRIPT_BEFORE = `${JOURNAL_FOLDER}/script-before`;
export const SCRIPT_AFTER = `${JOURNAL_FOLDER}/script-after`;
/** Where a board's maintainer chooses. */
export const SETTINGS_FILE = '/etc/mountroot.json';
