import { dirname } from 'node:path';
import { reader, writer } from '../system/files.js';
import { UsageError } from './usage-error.js';

/**
 * Puts a report into the place of the one before it, whole or not at all, for somebody may read it
 * at any moment.
 */
export function writeReport(path: string, text: string): void {
  try {
    if (reader.kind(dirname(path)) === 'missing')
      throw new Error(`cannot write ${path}: there is no directory ${dirname(path)}`);
    if (reader.kind(path) === 'directory')
      throw new Error(`cannot write ${path}: it is a directory`);
    writer.replace(path, text, 0o644);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
