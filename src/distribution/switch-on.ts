/** Carries out `enable`: every change has its way back, which is gone if one fails. */
import { ENABLED } from '../facts/installation.js';
import { SETTINGS_FILE } from '../facts/places.js';
import type { System } from '../system/port.js';
import { listed } from '../text/listed.js';
import { toBeMade, type Initramfs, type SwitchFacts } from './enable-checks.js';
import { backupOf } from './switch-places.js';

/** One change of the machine. */
export interface Change {
  /** What is changed, as the rest of "this changes …". */
  what: string;
  carryOut: () => void;
  takeBack: () => void;
}

/** The settings file as it was and as it is to be; the same text if nothing changes. */
export interface SettingsChange {
  before: string | null;
  after: string | null;
}

/** The text of the settings file with another volume. */
export const withVolume = (settings: Record<string, unknown> | null, volume: string): string =>
  `${JSON.stringify({ ...settings, volume }, null, 2)}\n`;

/** The settings that the words of `enable` name. */
export interface WantedSettings {
  volume: string | undefined;
  persist?: readonly string[];
}

/** The text of the settings file after `enable`; the same if nothing changes. */
export function settingsAfter(
  { text, values }: { text: string | null; values: Record<string, unknown> | null },
  { volume, persist = [] }: WantedSettings,
): string | null {
  const withPaths =
    persist.length === 0 || JSON.stringify(values?.['persist']) === JSON.stringify(persist)
      ? { text, values }
      : jsonOf({ ...values, persist });
  return volume === undefined || values?.['volume'] === volume
    ? withPaths.text
    : withVolume(withPaths.values, volume);
}

const jsonOf = (values: Record<string, unknown>): { text: string; values: typeof values } => ({
  text: `${JSON.stringify(values, null, 2)}\n`,
  values,
});

/** Puts a file to a content, or removes it. */
function put(system: System, path: string, content: string | null): void {
  if (content !== null) system.replace(path, content, 0o644);
  else if (system.kind(path) !== 'missing') system.unlink(path);
}

const fileChange = (
  system: System,
  path: string,
  { before, after }: SettingsChange,
  what: string,
): Change => ({
  what,
  carryOut: () => put(system, path, after),
  takeBack: () => put(system, path, before),
});

function imageChange(system: System, image: Initramfs, make: (image: Initramfs) => void): Change {
  const backup = backupOf(image.file);
  return {
    what: `${image.file} is made anew, and stays as ${backup}`,
    carryOut: () => {
      if (system.kind(backup) !== 'missing') system.unlink(backup);
      system.copyFile(image.file, backup, 0o600);
      make(image);
    },
    takeBack: () => {
      const half = `${image.file}.new`;
      if (system.kind(half) !== 'missing') system.unlink(half);
      if (system.kind(backup) !== 'missing') system.rename(backup, image.file);
    },
  };
}

/** What `enable` changes, in this order: the file that switches mountroot on comes last. */
export function changesOf(
  system: System,
  input: SwitchFacts,
  settings: SettingsChange,
  make: (image: Initramfs) => void,
): Change[] {
  const images = toBeMade(input).map((image) => imageChange(system, image, make));
  const volume = input.facts.volume.wanted;
  const { persist } = input.facts.configuration.settings;
  const file =
    settings.before === settings.after
      ? []
      : [
          fileChange(
            system,
            SETTINGS_FILE,
            settings,
            `${SETTINGS_FILE} names the volume ${volume}` +
              (persist.length === 0 ? '' : ` and what lasts (${listed(persist)})`),
          ),
        ];
  const mark = {
    before: input.enabled === null ? null : `${input.enabled}\n`,
    after: `${input.way}\n`,
  };
  return [
    ...images,
    ...file,
    fileChange(
      system,
      ENABLED,
      mark,
      `${ENABLED} says ` +
        (input.decision.decision === 'go' && input.decision.reason === 'persist'
          ? 'that the volume is used'
          : `that the root is ${input.way}`),
    ),
  ];
}

/**
 * Carries out changes, and takes all of them back if one fails.
 * @throws {Error} the failure, with what could not be taken back.
 */
export function carryOut(changes: readonly Change[], onDone: (what: string) => void): void {
  const begun: Change[] = [];
  for (const change of changes) {
    begun.push(change);
    try {
      change.carryOut();
    } catch (error) {
      const left = takeBack(begun);
      throw new Error(
        `${(error as Error).message}; ` +
          (left.length === 0
            ? 'everything was taken back'
            : `and not everything could be taken back: ${left.join('; ')}`),
        { cause: error },
      );
    }
    onDone(change.what);
  }
}

function takeBack(begun: readonly Change[]): string[] {
  return begun.toReversed().flatMap((change) => {
    try {
      change.takeBack();
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}
