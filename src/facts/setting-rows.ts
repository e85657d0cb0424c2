/**
 * The settings of a board's maintainer: one row for each. Types, defaults, the words on the kernel
 * command line and the form of a facts file follow from the rows.
 */

/** A form of values. */
interface SettingForm<Value> {
  /** Completes "which is not …". */
  expected: string;
  /**
   * Converts JSON or a word of a command line to the value; undefined if it does not have this
   * form.
   */
  read: (value: unknown) => Value | undefined;
  /** The value's type in a facts file: a text, a number, a list of texts, or one of these words. */
  stored: 'text' | 'count' | 'list' | readonly string[];
}

interface SettingRow<Value> extends SettingForm<Value> {
  default: Value;
  /** Another word for it on the kernel command line. `mountroot.KEY=` overrides this word. */
  kernelWord?: 'fstools_overlay_name';
  /**
   * True when the setting is decided after the data volume was opened, so that the file on the
   * volume may set it too.
   */
  afterOpening?: true;
  /** Facts files from before this setting existed get the default. */
  optionalInFiles?: true;
}

const count = (least: number, most: number): SettingForm<number> => ({
  expected: `a whole number from ${least} to ${most}`,
  stored: 'count',
  read: (value) => {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    const fits =
      typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most;
    return fits ? number : undefined;
  },
});

const isPrintable = (value: unknown): value is string =>
  typeof value === 'string' && /^[^\0-\x1f\x7f]{0,255}$/.test(value);

const textThat = (expected: string, fits: (text: string) => boolean): SettingForm<string> => ({
  expected,
  stored: 'text',
  read: (value) => (isPrintable(value) && fits(value) ? value : undefined),
});

const text = textThat('a text of at most 255 characters', () => true);
const volumeName = textThat('the name of a volume', (name) => name !== '');
const devicePath = textThat('a path below /dev', (path) => path === '' || path.startsWith('/dev/'));

/**
 * Returns the plain form of a path that a reset keeps: `/etc/config` for `/etc//config/`. null if
 * it names no path below the root.
 */
export function keepPath(path: unknown): string | null {
  if (typeof path !== 'string' || !/^\/[^\0]*$/.test(path)) return null;
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length === 0 || parts.includes('.') || parts.includes('..')
    ? null
    : `/${parts.join('/')}`;
}

const paths: SettingForm<string[]> = {
  expected: 'a list of absolute paths without . and ..',
  stored: 'list',
  read: (value) => {
    const list: unknown =
      typeof value === 'string' ? value.split(',').filter((path) => path !== '') : value;
    if (!Array.isArray(list)) return undefined;
    const plain = list.map(keepPath);
    return plain.every((path) => path !== null) ? plain : undefined;
  },
};

/** Mounts of every boot, and mountroot's own places. */
const NOT_KEPT = ['/dev', '/proc', '/run', '/sys', '/tmp', '/overlay', '/rom', '/mnt'];

/** A path with its slashes escaped is the name of a directory on the volume. */
const LONGEST_PERSIST = 120;
const MOST_PERSIST = 16;

const isWithin = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);

const mayPersist = (all: readonly string[]): boolean =>
  all.length <= MOST_PERSIST &&
  all.every(
    (path, index) =>
      Buffer.byteLength(path) <= LONGEST_PERSIST &&
      !NOT_KEPT.some((top) => isWithin(path, top)) &&
      !all.some((other, at) => at !== index && isWithin(path, other)),
  );

const persistPaths: SettingForm<string[]> = {
  expected:
    `a list of at most ${MOST_PERSIST} directories by absolute paths of at most ` +
    `${LONGEST_PERSIST} bytes without . and .., none within another or within ` +
    `${NOT_KEPT.slice(0, -1).join(', ')} or ${NOT_KEPT.at(-1)}`,
  stored: 'list',
  read: (value) => {
    const list = paths.read(value);
    return list !== undefined && mayPersist(list) ? list : undefined;
  },
};

const choice = <Word extends string>(...words: readonly Word[]): SettingForm<Word> => ({
  expected: words.map((word) => `"${word}"`).join(' or '),
  stored: words,
  read: (value) => words.find((word) => word === value),
});

const setting = <Value>(
  form: SettingForm<Value>,
  row: Omit<SettingRow<NoInfer<Value>>, keyof SettingForm<Value>>,
): SettingRow<Value> => ({ ...form, ...row });

const SETTINGS = {
  /**
   * The data volume: a name (of an mtd partition, UBI volume or partition label), `mtd:NAME`,
   * `mtdN`, `ubiN:NAME`, a device node, `PARTLABEL=`, `PARTUUID=`, `LABEL=` or `UUID=`.
   */
  volume: setting(volumeName, { default: 'rootfs_data', kernelWord: 'fstools_overlay_name' }),
  /** Seconds to wait for a missing volume. mtd partitions exist from the beginning. */
  wait: setting(count(0, 600), { default: 10, afterOpening: true }),
  /**
   * After this many starts that never reached `done`, the next one leaves the data volume out. 0:
   * never.
   */
  boot_limit: setting(count(0, 1000), { default: 5, afterOpening: true }),
  /** The number of boots whose journals the data volume keeps. */
  journal: setting(count(0, 1000), { default: 8, afterOpening: true }),
  /** A watchdog to feed while a verb runs, or ''. */
  watchdog: setting(devicePath, { default: '' }),
  /** The paths that `reset` keeps; they are absolute. */
  keep: setting(paths, { default: [], afterOpening: true }),
  /**
   * The directories that last on a root in memory; without any, the whole root lasts. The volume's
   * own settings do not count: they are not in use then.
   */
  persist: setting(persistPaths, { default: [], optionalInFiles: true }),
  /** An external volume, named as `volume` is, or ''. */
  extroot: setting(text, { default: '', afterOpening: true }),
  /** The content of the external volume: an overlay like the internal one, or a whole root. */
  extroot_target: setting(choice('overlay', 'root'), { default: 'overlay', afterOpening: true }),
  /**
   * The maker of the root: the agent, or the script that was planned when the image was built. The
   * agent verifies the script's work afterwards.
   */
  first: setting(choice('agent', 'script'), { default: 'agent', optionalInFiles: true }),
  /**
   * A root that is written to, on a board without a data volume: it is kept as it is, or gets an
   * overlay in memory.
   */
  writable_root: setting(choice('keep', 'overlay'), { default: 'keep', optionalInFiles: true }),
  /**
   * The file system to make behind the image on a disk, if nothing is there: `auto` takes f2fs for
   * more than 100 MiB, as OpenWrt does.
   */
  make: setting(choice('no', 'ext4', 'f2fs', 'auto'), { default: 'no', optionalInFiles: true }),
};

export type SettingName = keyof typeof SETTINGS;

export type Settings = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends SettingRow<infer Value> ? Value : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export const isSetting = (key: string): key is SettingName => Object.hasOwn(SETTINGS, key);

/** A row for callers that treat all settings alike. */
export const settingRow = (name: SettingName): SettingRow<unknown> => SETTINGS[name];

export const DEFAULTS = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, SETTINGS[name].default]),
) as unknown as Settings;

/** The sources of a setting, weakest first, and their names in a sentence. */
const ORIGINS = {
  default: () => null,
  '/etc/config/fstab': () => '/etc/config/fstab',
  '/etc/mountroot.json': () => '/etc/mountroot.json',
  fstools_overlay_name: () => 'fstools_overlay_name= on the kernel command line',
  mountroot: (name: SettingName) => `mountroot.${name}= on the kernel command line`,
  flag: (name: SettingName) => `--set ${name}=`,
};

export type SettingOrigin = keyof typeof ORIGINS;

export const SETTING_ORIGINS = Object.keys(ORIGINS) as SettingOrigin[];

/** Returns the source that a setting came from, for a sentence; null for the default. */
export const setWith = (name: SettingName, origin: SettingOrigin = 'default'): string | null =>
  ORIGINS[origin](name);
