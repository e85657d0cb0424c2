import { dirname } from 'node:path';
import { reader } from '../system/files.js';
import { putWhole } from '../bundle/whole-file.js';
import { asUsageError } from './usage-error.js';

/**
 * Replaces a report by a newer one atomically, because somebody may read it at any moment. @throws
 * {UsageError}
 */
export function writeReport(path: string, text: string): void {
  asUsageError(() => {
    if (reader.kind(dirname(path)) === 'missing')
      throw new Error(`cannot write ${path}: there is no directory ${dirname(path)}`);
    if (reader.kind(path) === 'directory')
      throw new Error(`cannot write ${path}: it is a directory`);
    putWhole(path, Buffer.from(text), 0o644);
  });
}
