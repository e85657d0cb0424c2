import { SECOND } from '../system/file-time.js';
import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { folderTrouble, recordFolder } from './own-files.js';
import { FACTS_OF_START } from './places.js';
import type { Moment } from './rom-manifest.js';

/** When this boot's start began; null without one, or if somebody else may have made its file. */
function startTime(reader: Reader): number | null {
  const folder = recordFolder(reader);
  if (folderTrouble(reader, folder) !== null) return null;
  // A start writes this file before all others.
  return Number(reader.details(`${folder}/${FACTS_OF_START}`).mtime / SECOND);
}

/** This moment by the machine's clocks. Never throws. */
export const thisMoment = (reader: Reader): Moment => ({
  start: orElse(null, () => startTime(reader)),
  now: Math.floor(Date.now() / 1000),
  uptime: Number(process.hrtime.bigint() / SECOND),
});
