/**
 * The target of `import`: a layer that is not in use is replaced at once, the root's own layer at
 * the next start.
 */
import { basename, dirname, join, resolve } from 'node:path';
import type { Facts } from '../facts/facts.js';
import { reader } from '../system/files.js';
import { localFacts } from './local-facts.js';
import { namedUpper } from './named-upper.js';
import { RefusedError, UsageError } from './usage-error.js';

export interface TargetNow {
  when: 'now';
  upper: string;
}

/** The next start replaces the layer. `at` is the mountpoint of the data volume. */
export interface TargetLater {
  when: 'next start';
  upper: string;
  at: string;
}

export type ImportTarget = TargetNow | TargetLater;

async function laterTarget(facts: Facts): Promise<TargetLater> {
  const { orderTrouble } = await import('../layer/archive/archive-places.js');
  const trouble = orderTrouble(facts);
  if (trouble !== null) throw new UsageError(trouble);
  const { at } = facts.opened!;
  return { when: 'next start', upper: `${at}/upper`, at };
}

/** The directory that `--upper` names and its path without symlinks; it may be missing. */
function namedDirectory(named: string): { upper: string; missing: boolean } {
  const [path, parent] = [resolve(named), dirname(resolve(named))];
  if (reader.kind(named) === 'missing' && reader.kind(parent) === 'directory')
    return { upper: join(reader.realPath(parent), basename(path)), missing: true };
  return { upper: reader.realPath(namedUpper(named)), missing: false };
}

/**
 * @param named the value of `--upper`.
 * @throws {UsageError} for a directory that cannot be exchanged.
 * @throws {RefusedError} for a layer of an overlay that is mounted.
 */
export async function importTarget(named: string | undefined): Promise<ImportTarget> {
  const facts = localFacts();
  if (named === undefined) return laterTarget(facts);
  const { upper, missing } = namedDirectory(named);
  if (missing) return { when: 'now', upper };
  const { overlaysOver, rootLayers } = await import('../layer/archive/archive-places.js');
  const [over] = overlaysOver(reader, facts.mounts, upper);
  const ofRoot = rootLayers(reader, facts.mounts)?.upper;
  if (ofRoot !== undefined && reader.realPath(ofRoot) === upper) return laterTarget(facts);
  if (over !== undefined)
    throw new RefusedError(
      `${upper} is a layer of the overlay mounted on ${over.mountpoint}, ` +
        'and must not change under it; unmount that first',
    );
  if (facts.mounts.some(({ mountpoint }) => mountpoint === upper))
    throw new UsageError(
      `cannot exchange ${upper} for another directory, because something is mounted on it; ` +
        'name a directory within it',
    );
  return { when: 'now', upper };
}
