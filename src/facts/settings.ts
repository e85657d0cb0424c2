import type { FactsProblem } from '../text/problem-text.js';
import { parseCommandLine } from './cmdline.js';

/** What a board's maintainer may choose. Times in seconds. */
export interface Settings {
  /**
   * The data volume: a name (of an mtd partition, UBI volume or partition label), `mtd:NAME`,
   * `mtdN`, `ubiN:NAME`, a device node, `PARTLABEL=`, `PARTUUID=`, `LABEL=` or `UUID=`.
   */
  volume: string;
  /**
   * How long to wait for a volume that is not there yet; mtd partitions are there from the
   * beginning.
   */
  wait: number;
  /**
   * After so many starts that never reached `done` the next one leaves the data volume out; 0:
   * never.
   */
  boot_limit: number;
  /** How many boots the journal on the data volume holds. */
  journal: number;
  /** A watchdog to feed while a start is busy, or ''. */
  watchdog: string;
  /** What `reset` keeps, absolute paths. */
  keep: string[];
  /** An external volume, named as `volume` is, or ''. */
  extroot: string;
  /** What the external volume holds: an overlay like the internal one, or a whole root. */
  extroot_target: 'overlay' | 'root';
  /**
   * Who makes the root: the agent, or the script that was planned when the image was built, which
   * the agent then verifies.
   */
  first: 'agent' | 'script';
}

export const DEFAULTS: Settings = {
  volume: 'rootfs_data',
  wait: 10,
  boot_limit: 5,
  journal: 8,
  watchdog: '',
  keep: [],
  extroot: '',
  extroot_target: 'overlay',
  first: 'agent',
};

type SettingName = keyof Settings;

/** Where a setting came from, weakest first. */
type SettingOrigin =
  'default' | '/etc/mountroot.json' | 'fstools_overlay_name' | 'mountroot' | 'flag';

export interface Configuration {
  settings: Settings;
  /** Only what is not the default. */
  origins: Partial<Record<SettingName, SettingOrigin>>;
}

type SettingReading = { value: Settings[SettingName] } | { expected: string };

const count =
  (least: number, most: number) =>
  (value: unknown): SettingReading => {
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' &&
      Number.isInteger(number) &&
      number >= least &&
      number <= most
      ? { value: number }
      : { expected: `a whole number from ${least} to ${most}` };
  };
const PRINTABLE = /^[^\0-\x1f\x7f]{0,255}$/;
const text = (value: unknown): SettingReading =>
  typeof value === 'string' && PRINTABLE.test(value)
    ? { value }
    : { expected: 'a text of at most 255 characters' };
const name = (value: unknown): SettingReading =>
  value === '' ? { expected: 'the name of a volume' } : text(value);
const device = (value: unknown): SettingReading =>
  value === '' || (typeof value === 'string' && PRINTABLE.test(value) && value.startsWith('/dev/'))
    ? { value }
    : { expected: 'a path below /dev' };
/**
 * A path that a reset keeps, in its plain form, `/etc/config` for `/etc//config/`; null for what
 * names no path below the root.
 */
export function keepPath(path: unknown): string | null {
  if (typeof path !== 'string' || !/^\/[^\0]*$/.test(path)) return null;
  const parts = path.split('/').filter((part) => part !== '');
  return parts.length === 0 || parts.includes('.') || parts.includes('..')
    ? null
    : `/${parts.join('/')}`;
}

const paths = (value: unknown): SettingReading => {
  const list: unknown =
    typeof value === 'string' ? value.split(',').filter((path) => path !== '') : value;
  const plain = Array.isArray(list) ? list.map(keepPath) : [null];
  return plain.every((path) => path !== null)
    ? { value: plain }
    : { expected: 'a list of absolute paths without . and ..' };
};
const target = (value: unknown): SettingReading =>
  value === 'overlay' || value === 'root' ? { value } : { expected: '"overlay" or "root"' };

const first = (value: unknown): SettingReading =>
  value === 'agent' || value === 'script' ? { value } : { expected: '"agent" or "script"' };

const READ: Record<SettingName, (value: unknown) => SettingReading> = {
  volume: name,
  wait: count(0, 600),
  boot_limit: count(0, 1000),
  journal: count(0, 1000),
  watchdog: device,
  keep: paths,
  extroot: text,
  extroot_target: target,
  first,
};

const isSetting = (key: string): key is SettingName => Object.hasOwn(READ, key);

/**
 * Takes settings from one source over those from weaker ones. What is not understood goes to
 * `problems`, and the weaker value holds.
 */
function take(
  { settings, origins }: Configuration,
  values: Iterable<[string, unknown]>,
  origin: SettingOrigin,
  from: string,
  problems: FactsProblem[],
): void {
  for (const [key, value] of values) {
    if (!isSetting(key)) {
      problems.push({ code: 'unknown-setting', from, setting: key, known: Object.keys(READ) });
      continue;
    }
    const reading = READ[key](value);
    if ('expected' in reading)
      problems.push({
        code: 'bad-setting',
        from,
        setting: key,
        value: JSON.stringify(value).slice(0, 80),
        expected: reading.expected,
        holds: JSON.stringify(settings[key]),
      });
    else {
      // Each reader gives the type of its own key; TypeScript sees only the union.
      (settings as unknown as Record<string, unknown>)[key] = reading.value;
      origins[key] = origin;
    }
  }
}

/** The settings of a JSON file: an object of them by name. */
function fileSettings(
  file: string,
  content: string,
  problems: FactsProblem[],
): [string, unknown][] {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return Object.entries(value);
    problems.push({ code: 'settings-no-object', file, list: Array.isArray(value) });
  } catch (error) {
    problems.push({ code: 'settings-no-json', file, why: (error as Error).message.slice(0, 120) });
  }
  return [];
}

/**
 * Settings on the kernel command line: `mountroot.KEY=VALUE`, where `-` and `_` are the same, as
 * the kernel has it (lib/cmdline: parameqn).
 */
function commandLineSettings(commandLine: string): {
  ours: [string, string][];
  overlayName: string | undefined;
} {
  const words = parseCommandLine(commandLine);
  const ours = [...words]
    .filter(([key]) => key.startsWith('mountroot.'))
    .map(([key, value]): [string, string] => [
      key.slice('mountroot.'.length).replaceAll('-', '_'),
      value,
    ]);
  return { ours, overlayName: words.get('fstools_overlay_name') };
}

export interface SettingSources {
  commandLine: string;
  /** The text of /etc/mountroot.json, null where there is none. */
  file: string | null;
  /** `KEY=VALUE` from the command line of the verb. */
  flags: readonly string[];
}

/**
 * What holds, from defaults to flags. It never throws: a bad configuration must not stop a boot, so
 * it is reported in `problems` and the next weaker value holds.
 */
export function configure(
  { commandLine, file, flags }: SettingSources,
  problems: FactsProblem[],
): Configuration {
  const configuration: Configuration = { settings: { ...DEFAULTS, keep: [] }, origins: {} };
  if (file !== null)
    take(
      configuration,
      fileSettings('/etc/mountroot.json', file, problems),
      '/etc/mountroot.json',
      '/etc/mountroot.json',
      problems,
    );
  const { ours, overlayName } = commandLineSettings(commandLine);
  if (overlayName)
    take(
      configuration,
      [['volume', overlayName]],
      'fstools_overlay_name',
      'the kernel command line (fstools_overlay_name=)',
      problems,
    );
  take(configuration, ours, 'mountroot', 'the kernel command line (mountroot.)', problems);
  const pairs = flags.map((flag): [string, string] => [
    flag.split('=')[0]!.replaceAll('-', '_'),
    flag.slice(flag.indexOf('=') + 1),
  ]);
  take(configuration, pairs, 'flag', '--set', problems);
  return configuration;
}

/**
 * What the data volume's own /etc/mountroot.json changes: only what is decided after the volume was
 * opened.
 */
export function overlaid(
  configuration: Configuration,
  file: string,
  content: string,
  problems: FactsProblem[],
): Configuration {
  const later: Configuration = {
    settings: { ...configuration.settings },
    origins: { ...configuration.origins },
  };
  const weaker = fileSettings(file, content, problems).filter(
    ([key]) =>
      ['boot_limit', 'journal', 'keep', 'extroot', 'extroot_target', 'wait'].includes(key) &&
      (!isSetting(key) || ['/etc/mountroot.json', undefined].includes(later.origins[key])),
  );
  take(later, weaker, '/etc/mountroot.json', file, problems);
  return later;
}
