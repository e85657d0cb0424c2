/** The part of `import` that changes something. */
import { basename, dirname, join } from 'node:path';
import { ownFolder } from '../execute/own-folder.js';
import { recordFile, recordFolder } from '../facts/own-files.js';
import { LOCK, META, NEXT_UPPER } from '../facts/places.js';
import type { CheckedArchive, Layering } from '../layer/archive/import-archive.js';
import type { Log } from '../log/log.js';
import { reader } from '../system/files.js';
import type { System } from '../system/port.js';
import type { TargetLater, TargetNow } from './import-target.js';
import { loadSystem } from './open-system.js';
import { RefusedError } from './usage-error.js';

/** Opens the kernel, and locks out starts, resets and other imports until this process ends. */
async function openLocked(log: Log): Promise<System> {
  const system = await loadSystem();
  let ours = true;
  try {
    ownFolder(recordFolder(reader), (message) => log.warn(message));
    ours = system.lock(recordFile(reader, LOCK));
  } catch (error) {
    log.warn(`${(error as Error).message}; going on without a lock`);
  }
  if (!ours)
    throw new RefusedError(
      'import was refused because another mountroot is at work here; wait until it has ended',
    );
  return system;
}

/** Cancels the waiting import. Returns whether there was one. */
export async function cancelImport({ at }: TargetLater, log: Log): Promise<boolean> {
  const { cancelAt } = await import('../layer/archive/waiting.js');
  return cancelAt(await openLocked(log), at);
}

/** Prepares the layer on the data volume, and orders the next start to use it. Returns warnings. */
export async function orderImport(
  job: Layering,
  checked: CheckedArchive,
  { at }: TargetLater,
  log: Log,
): Promise<string[]> {
  const { prepare } = await import('../layer/archive/import-archive.js');
  const { cancelAt, orderAt } = await import('../layer/archive/waiting.js');
  const system = await openLocked(log);
  const meta = system.kind(`${at}/${META}`);
  if (meta === 'missing') system.mkdir(`${at}/${META}`, 0o755);
  else if (meta !== 'directory')
    throw new Error(`cannot put anything into ${at}/${META}: it is a ${meta}; remove it`);
  if (cancelAt(system, at)) log.info('the import that waited before is taken back');
  const warnings = await prepare(system, job, checked, `${at}/${NEXT_UPPER}`);
  orderAt(system, at, {
    file: job.file,
    mode: job.merge ? 'merge' : 'replace',
    counts: checked.counts,
  });
  return warnings;
}

/** An interrupted import leaves the layer that it had moved away. */
function checkNoFormer(former: string, upper: string, job: Layering): void {
  if (reader.kind(former) === 'missing') return;
  const cure = job.upper === null ? `rename it to ${upper}` : 'remove it if it is not needed';
  throw new Error(
    `${former} is there: it is what an import before this one that was cut off ` +
      `had taken away from ${upper}; ${cure}, and import again`,
  );
}

/** Prepares the layer beside the existing one, and exchanges them. Returns warnings. */
export async function importNow(
  job: Layering,
  checked: CheckedArchive,
  { upper }: TargetNow,
): Promise<string[]> {
  const { prepare, syncFolder } = await import('../layer/archive/import-archive.js');
  const { freeName, takePlace } = await import('../layer/archive/take-place.js');
  const beside = (what: string): string =>
    join(dirname(upper), `.${basename(upper)}.mountroot-${what}`);
  const former = beside('former');
  const system = await loadSystem();
  checkNoFormer(former, upper, job);
  const { next, warnings } = freeName(
    system,
    (attempt) => beside(attempt === 1 ? 'next' : `next-${attempt}`),
    process.getuid!(),
  );
  warnings.push(...(await prepare(system, job, checked, next)));
  if (job.upper !== null) {
    return [...warnings, ...takePlace(system, { next, place: upper, former })];
  }
  system.rename(next, upper);
  try {
    syncFolder(dirname(upper));
  } catch (error) {
    warnings.push(
      'the new layer is in its place, and may not be there after a power cut: ' +
        (error as Error).message,
    );
  }
  return warnings;
}
