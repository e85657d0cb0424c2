import type { Reader } from './port.js';
import { sourceOf } from './kernel-file.js';

/** A new name beside a path that nobody can foresee. Linux makes the random words itself. */
export function asideName(path: string, reader: Pick<Reader, 'readText'>): string {
  const source = sourceOf(() => reader.readText('/proc/sys/kernel/random/uuid').trim());
  const word = source.is === 'there' ? source.value : String(process.hrtime.bigint());
  return `${path}.not-ours-${word}`;
}
