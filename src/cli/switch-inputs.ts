/** Gathers what `enable` and `disable` decide by. */
import type { SwitchFacts } from '../distribution/enable-checks.js';
import type { WantedSettings } from '../distribution/switch-on.js';
import { DRACUT_MODULE, INITRAMFS_SOURCE } from '../distribution/switch-places.js';
import { ENABLED, PREINITS, type EnabledWay } from '../facts/installation.js';
import { initramfsImages, lackingPrograms } from '../distribution/initramfs.js';
import { SETTINGS_FILE } from '../facts/places.js';
import { textUpTo } from '../facts/read-whole.js';
import { planWhole } from '../plan/whole-plan.js';
import { beforeStart } from '../report/root/before-pivot.js';
import { reader } from '../system/files.js';
import { orElse } from '../system/or-else.js';
import { JSON_LIMITS } from '../text/input-limits.js';
import { readObject } from '../text/read-json.js';
import { localFacts } from './local-facts.js';

/** The settings file: its text and content, or why it cannot be changed. */
export interface SettingsFile {
  text: string | null;
  values: Record<string, unknown> | null;
  trouble: string | null;
}

export function settingsFile(): SettingsFile {
  const kind = reader.kind(SETTINGS_FILE);
  if (kind === 'missing') return { text: null, values: null, trouble: null };
  const none = { text: null, values: null };
  if (kind !== 'file') return { ...none, trouble: `${SETTINGS_FILE} is a ${kind}, and no file` };
  try {
    const text = textUpTo(reader, SETTINGS_FILE, JSON_LIMITS.settings.length);
    const values = readObject(text, JSON_LIMITS.settings);
    return values === null
      ? { ...none, trouble: `${SETTINGS_FILE} is no JSON object` }
      : { text, values, trouble: null };
  } catch (error) {
    return { ...none, trouble: (error as Error).message };
  }
}

/** The first line of a file that switches mountroot on; null without it. */
export const markedAt = (path: string): string | null =>
  orElse(null, () => (reader.kind(path) === 'file' ? reader.readText(path).split('\n')[0]! : null));

const FILES = [
  INITRAMFS_SOURCE,
  `${DRACUT_MODULE}/module-setup.sh`,
  PREINITS.persistent,
  PREINITS.volatile,
];

export function switchFacts(
  way: EnabledWay,
  { volume, persist = [] }: WantedSettings,
  settings: SettingsFile,
): SwitchFacts {
  const facts = localFacts([
    ...(volume === undefined ? [] : [`volume=${volume}`]),
    ...(persist.length === 0 ? [] : [`persist=${persist.join(',')}`]),
  ]);
  const verb = way === 'volatile' ? 'ram' : 'start';
  const before = beforeStart(facts).facts;
  const lacking = lackingPrograms();
  return {
    facts,
    way,
    decision: planWhole(verb, before, { dryRun: true, force: false }),
    enabled: markedAt(ENABLED),
    images: lacking.length > 0 ? [] : initramfsImages(),
    bootFree: orElse(0, () => reader.space('/boot').free),
    missing: FILES.filter((path) => reader.kind(path) === 'missing'),
    lacking,
    settingsTrouble: settings.trouble,
  };
}
