/**
 * Fills the manifest of an image, which identifies each of its files (see facts/rom-manifest.ts).
 */
import type { RomManifest } from '../facts/rom-manifest.js';
import type { Details, System } from '../system/port.js';
import { fingerprintOf } from './rom-fingerprint.js';
import { quiet, walk } from './rom-walk.js';

/** The limits of one `done` for the image. The next one does the rest. */
export const MANIFEST_BUDGET = { ms: 400, files: 6000, leastFiles: 200 } as const;

/**
 * The only directory whose files get checksums. People change files here, and it is small. Reading
 * a whole image would take seconds on a board.
 */
const READ_WHOLE = 'etc';

/**
 * Adds files to a manifest: first /etc with checksums, then all other files by size and time alone.
 * Skips files that are already in it. Changes the given map.
 * @param rom absolute path of the image.
 * @param ms milliseconds that only ever grow.
 */
export function fillManifest(
  system: System,
  rom: string,
  manifest: RomManifest,
  ms: () => number,
): RomManifest {
  const end = ms() + MANIFEST_BUDGET.ms;
  const { files } = manifest;
  // If flash is so slow that the time is over before the walk reaches a new file, we still add some
  // files.
  const least = files.size + MANIFEST_BUDGET.leastFiles;
  const note = (path: string, is: Details, read: boolean): void => {
    if (is.kind !== 'file' || files.has(path)) return;
    quiet(undefined, () => {
      files.set(path, fingerprintOf(system, `${rom}/${path}`, is, read));
    });
  };
  const parts = [
    { top: `${rom}/${READ_WHOLE}`, prefix: `${READ_WHOLE}/`, read: true },
    { top: rom, prefix: '', read: false },
  ];
  for (const { top, prefix, read } of parts) {
    if (quiet(true, () => system.kind(top) !== 'directory')) continue;
    for (const { path, is } of walk(system, top, (inner) => read || inner !== READ_WHOLE)) {
      if (files.size >= MANIFEST_BUDGET.files) return { ...manifest, complete: true };
      if (ms() > end && files.size >= least) return { ...manifest, complete: false };
      note(`${prefix}${path}`, is, read);
    }
  }
  return { ...manifest, complete: true };
}
