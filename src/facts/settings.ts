import { JSON_LIMITS } from '../text/input-limits.js';
import { printableJson, printableLine } from '../text/printable.js';
import type { FactsProblem } from '../text/problem-text.js';
import { JsonRefused, readJson } from '../text/read-json.js';
import { parseCommandLine } from './cmdline.js';
import {
  DEFAULTS,
  SETTING_NAMES,
  isSetting,
  settingRow,
  type SettingName,
  type SettingOrigin,
  type Settings,
} from './setting-rows.js';
import { SETTINGS_FILE } from './places.js';

export interface Configuration {
  settings: Settings;
  /** Only for settings that differ from their default. */
  origins: Partial<Record<SettingName, SettingOrigin>>;
}

/** The settings of one source: values by name, before any check. */
interface SettingSource {
  origin: SettingOrigin;
  /** The source's name for a person. */
  from: string;
  values: readonly [key: string, value: unknown][];
}

/** The number of characters of a wrong name or value to show. */
const LONGEST_SHOWN = 80;

/**
 * Applies a source's settings over those of weaker sources. A setting that we do not understand
 * goes to `problems`, and the weaker value remains.
 */
function take(
  { settings, origins }: Configuration,
  { origin, from, values }: SettingSource,
  problems: FactsProblem[],
): void {
  for (const [key, value] of values) {
    if (!isSetting(key)) {
      problems.push({
        code: 'unknown-setting',
        from,
        setting: printableLine(key.slice(0, LONGEST_SHOWN)),
        known: SETTING_NAMES,
      });
      continue;
    }
    const { read, expected } = settingRow(key);
    const taken = read(value);
    if (taken === undefined) {
      problems.push({
        code: 'bad-setting',
        from,
        setting: key,
        value: printableJson(value).slice(0, LONGEST_SHOWN),
        expected,
        holds: printableJson(settings[key]),
      });
      continue;
    }
    // The row of a setting reads values of its type; TypeScript sees only the union.
    (settings as Record<SettingName, unknown>)[key] = taken;
    origins[key] = origin;
  }
}

const notTaken = (file: string, error: Error): FactsProblem =>
  error instanceof JsonRefused && error.code !== 'no-json'
    ? { code: 'settings-refused', file, why: error.message }
    : { code: 'settings-no-json', file, why: error.message };

/** Reads the settings of a JSON file, which has an object of them by name. */
function fromFile(file: string, content: string, problems: FactsProblem[]): SettingSource {
  const source = { origin: SETTINGS_FILE, from: file } as const;
  try {
    const value = readJson(content, JSON_LIMITS.settings);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ...source, values: Object.entries(value) };
    problems.push({ code: 'settings-no-object', file, list: Array.isArray(value) });
  } catch (error) {
    problems.push(notTaken(file, error as Error));
  }
  return { ...source, values: [] };
}

/** In a parameter's name the kernel treats `-` and `_` as equal (kernel/params.c: parameq). */
const withUnderscores = (key: string): string => key.replaceAll('-', '_');

const PREFIX = 'mountroot.';

/**
 * Reads settings from the kernel command line: other programs' words for them, then
 * `mountroot.KEY=`.
 */
function fromCommandLine(commandLine: string): SettingSource[] {
  const words = parseCommandLine(commandLine);
  const foreign = SETTING_NAMES.flatMap((name): SettingSource[] => {
    const { kernelWord } = settingRow(name);
    const value = kernelWord === undefined ? undefined : words.get(kernelWord);
    return kernelWord === undefined || !value
      ? []
      : [
          {
            origin: kernelWord,
            from: `the kernel command line (${kernelWord}=)`,
            values: [[name, value]],
          },
        ];
  });
  const own = [...words].filter(([key]) => key.startsWith(PREFIX));
  return [
    ...foreign,
    {
      origin: 'mountroot',
      from: `the kernel command line (${PREFIX})`,
      values: own.map(([key, value]) => [withUnderscores(key.slice(PREFIX.length)), value]),
    },
  ];
}

const fromFlags = (flags: readonly string[]): SettingSource => ({
  origin: 'flag',
  from: '--set',
  values: flags.map((flag) => [
    withUnderscores(flag.split('=')[0]!),
    flag.slice(flag.indexOf('=') + 1),
  ]),
});

export interface SettingSources {
  commandLine: string;
  /** The text of /etc/mountroot.json; null if there is no such file. */
  file: string | null;
  /** `KEY=VALUE` from the command line of the verb. */
  flags: readonly string[];
}

/**
 * Returns the effective settings, from defaults to flags. Never throws, because a bad configuration
 * must not stop a boot. A bad setting goes to `problems`, and the next weaker value remains.
 */
export function configure(
  { commandLine, file, flags }: SettingSources,
  problems: FactsProblem[],
): Configuration {
  const configuration: Configuration = {
    settings: { ...DEFAULTS, keep: [...DEFAULTS.keep], persist: [...DEFAULTS.persist] },
    origins: {},
  };
  const sources = [
    ...(file === null ? [] : [fromFile(SETTINGS_FILE, file, problems)]),
    ...fromCommandLine(commandLine),
    fromFlags(flags),
  ];
  for (const source of sources) take(configuration, source, problems);
  return configuration;
}

/**
 * Applies the data volume's own /etc/mountroot.json to a configuration. It changes only settings
 * that are decided after the volume was opened, and only where no source stronger than a file has
 * set them.
 */
export function overlaid(
  { settings, origins }: Configuration,
  file: string,
  content: string,
  problems: FactsProblem[],
): Configuration {
  const later: Configuration = { settings: { ...settings }, origins: { ...origins } };
  const source = fromFile(file, content, problems);
  const values = source.values.filter(
    ([key]) =>
      isSetting(key) &&
      settingRow(key).afterOpening === true &&
      [SETTINGS_FILE, undefined].includes(origins[key]),
  );
  take(later, { ...source, values }, problems);
  return later;
}
