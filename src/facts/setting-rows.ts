/**
 * What a board's maintainer may choose: one row for each setting. Types, defaults, the words on the
 * kernel command line and the form of a facts file follow from the rows.
 */

/** A form that a value can have. */
interface SettingForm<Value> {
  /** Completes "which is not …". */
  expected: string;
  /** The value, from JSON or from a word on a command line; undefined if it has not this form. */
  read: (value: unknown) => Value | undefined;
  /** What a facts file has: a text, a number, a list of texts, or one of these words. */
  stored: 'text' | 'count' | 'list' | readonly string[];
}

interface SettingRow<Value> extends SettingForm<Value> {
  default: Value;
  /** Another word on the kernel command line for it, which is weaker than `mountroot.KEY=`. */
  kernelWord?: 'fstools_overlay_name';
  /** It is decided after the data volume was opened, so the file on the volume may set it too. */
  afterOpening?: true;
  /** Facts files from before this setting existed have the default. */
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
 * A path that a reset keeps, in its plain form: `/etc/config` for `/etc//config/`. null if it names
 * no path below the root.
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
  /**
   * Seconds to wait for a volume that is not there yet. mtd partitions are there from the
   * beginning.
   */
  wait: setting(count(0, 600), { default: 10, afterOpening: true }),
  /**
   * After so many starts that never reached `done` the next one leaves the data volume out; 0:
   * never.
   */
  boot_limit: setting(count(0, 1000), { default: 5, afterOpening: true }),
  /** How many boots the journal on the data volume holds. */
  journal: setting(count(0, 1000), { default: 8, afterOpening: true }),
  /** A watchdog to feed while a verb is at work, or ''. */
  watchdog: setting(devicePath, { default: '' }),
  /** What `reset` keeps: absolute paths. */
  keep: setting(paths, { default: [], afterOpening: true }),
  /** An external volume, named as `volume` is, or ''. */
  extroot: setting(text, { default: '', afterOpening: true }),
  /** What the external volume holds: an overlay like the internal one, or a whole root. */
  extroot_target: setting(choice('overlay', 'root'), { default: 'overlay', afterOpening: true }),
  /**
   * Who makes the root: the agent, or the script that was planned when the image was built, which
   * the agent verifies afterwards.
   */
  first: setting(choice('agent', 'script'), { default: 'agent', optionalInFiles: true }),
};

export type SettingName = keyof typeof SETTINGS;

export type Settings = {
  [Name in SettingName]: (typeof SETTINGS)[Name] extends SettingRow<infer Value> ? Value : never;
};

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export const isSetting = (key: string): key is SettingName => Object.hasOwn(SETTINGS, key);

/** A row for those who treat all settings alike. */
export const settingRow = (name: SettingName): SettingRow<unknown> => SETTINGS[name];

export const DEFAULTS = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, SETTINGS[name].default]),
) as unknown as Settings;

/** Where a setting can come from, weakest first, and how a sentence names that place. */
const ORIGINS = {
  default: () => null,
  '/etc/mountroot.json': () => '/etc/mountroot.json',
  fstools_overlay_name: () => 'fstools_overlay_name= on the kernel command line',
  mountroot: (name: SettingName) => `mountroot.${name}= on the kernel command line`,
  flag: (name: SettingName) => `--set ${name}=`,
};

export type SettingOrigin = keyof typeof ORIGINS;

export const SETTING_ORIGINS = Object.keys(ORIGINS) as SettingOrigin[];

/** What a setting was set with, for a sentence; null if it has its default. */
export const setWith = (name: SettingName, origin: SettingOrigin = 'default'): string | null =>
  ORIGINS[origin](name);
