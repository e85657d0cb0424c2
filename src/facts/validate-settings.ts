import * as v from 'valibot';
import {
  SETTING_NAMES,
  SETTING_ORIGINS,
  settingRow,
  type SettingName,
  type Settings,
} from './setting-rows.js';
import type { Configuration } from './settings.js';
import { count } from './validate-fields.js';

function schemaOf(name: SettingName): v.GenericSchema {
  const { stored } = settingRow(name);
  if (stored === 'text') return v.string();
  if (stored === 'count') return count;
  return stored === 'list' ? v.array(v.string()) : v.picklist(stored);
}

function settingSchema(name: SettingName): v.GenericSchema {
  const { optionalInFiles, default: byDefault } = settingRow(name);
  return optionalInFiles === true ? v.optional(schemaOf(name), byDefault) : schemaOf(name);
}

const forEach = (schema: (name: SettingName) => v.GenericSchema): v.GenericSchema =>
  v.object(Object.fromEntries(SETTING_NAMES.map((name) => [name, schema(name)])));

// The entries come from the same rows as the types, but TypeScript cannot see that.
export const settings = forEach(settingSchema) as v.GenericSchema<unknown, Settings>;

const origin = v.exactOptional(v.picklist(SETTING_ORIGINS));
export const origins = forEach(() => origin) as v.GenericSchema<unknown, Configuration['origins']>;
