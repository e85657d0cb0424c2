/** The facts for verbs: those of this machine, or those in a file from another one. */
import { LARGEST_BUNDLE, looksLikeBundle, textInBundle } from '../bundle/read-bundle.js';
import type { Facts } from '../facts/facts.js';
import { gather } from '../facts/gather.js';
import type { Handing } from '../facts/handover.js';
import { withOrigin } from '../facts/origin.js';
import { withRootdisk } from '../facts/rootdisk.js';
import { parseFacts } from '../facts/validate.js';
import { reader } from '../system/files.js';
import { readKernelRecords } from '../system/kernel-records.js';
import { beginningOf } from './from-file.js';
import { asUsageError, UsageError } from './usage-error.js';

/** This machine's facts. @param flags `KEY=VALUE` settings, which win over the board's own. */
export const localFacts = (flags: readonly string[] = [], asked?: Handing['asked']): Facts =>
  withRootdisk(
    reader,
    gather(reader, {
      platform: process.platform,
      arch: process.arch,
      uid: process.getuid?.() ?? -1,
      env: process.env,
      flags,
      handing: { pid: process.pid, asked, args: [], self: process.argv[1] ?? '' },
    }),
  );

/** This machine's facts with the origin of its root, which takes a boot too long to gather. */
export const factsWithOrigin = (): Facts => withOrigin(reader, readKernelRecords, localFacts());

/** A text that is no object is refused by its beginning, however long it is. */
const objectIn = (bytes: Buffer): string =>
  /^\s*\{/.test(bytes.toString('latin1', 0, 100))
    ? bytes.toString()
    : bytes.toString('utf8', 0, 100);

/**
 * Another machine's facts, from a facts file or a bundle.
 * @param wanted the files in a bundle that may hold them; the first that is there counts.
 * @throws {UsageError}
 */
export function factsFrom(file: string, wanted: readonly string[] = ['facts.json']): Facts {
  return asUsageError(() => {
    const bytes = beginningOf(file, LARGEST_BUNDLE);
    if (!looksLikeBundle(bytes.toString('utf8', 0, 4))) return parseFacts(objectIn(bytes), file);
    return parseFacts(textInBundle(bytes, file, wanted), file);
  });
}

/** @throws {UsageError} for settings with a facts file, which already holds settings. */
export function checkFactsOptions(file: string | undefined, settings: readonly string[]): void {
  if (file !== undefined && settings.length > 0)
    throw new UsageError(
      '--set changes what is gathered from this machine, and --facts FILE was gathered before; ' +
        'use one of them',
    );
}
