import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join, relative } from 'node:path';
import { say } from './report.js';

/**
 * The only folder outside the checkout that scripts write. It has the results of long builds, named
 * after the digest of their inputs.
 */
export const cacheRoot =
  process.env['MOUNTROOT_CACHE'] ??
  join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'mountroot');

/**
 * Returns the SHA-256 of files, and of all files in folders. Names relative to the argument count
 * too, so a renamed file is a change.
 */
export function digest(...paths: string[]): string {
  const hash = createHash('sha256');
  for (const top of paths) {
    const files = statSync(top).isDirectory()
      ? readdirSync(top, { recursive: true, withFileTypes: true })
          .filter((entry) => !entry.isDirectory())
          .map((entry) => join(entry.parentPath, entry.name))
          .sort()
      : [top];
    for (const file of files)
      hash
        .update(`${relative(top, file)}\0`)
        .update(readFileSync(file))
        .update('\0');
  }
  return hash.digest('hex');
}

/** What this process is making: a second caller waits for it. */
const making = new Map<string, Promise<string>>();

/**
 * Returns the folder that `make` fills, from the cache if it is there. The folder appears complete
 * or not at all: it is made under another name and then renamed, so an interrupted build leaves
 * nothing that a later run could mistake for a finished one.
 * @param inputs any JSON value. It must contain every version and digest on which the result
 *   depends.
 */
export async function cached(
  kind: string,
  inputs: unknown,
  make: (folder: string) => Promise<void> | void,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(inputs)).digest('hex').slice(0, 16);
  const folder = join(cacheRoot, `${kind}-${key}`);
  if (existsSync(folder)) {
    const now = new Date();
    utimesSync(folder, now, now);
    return folder;
  }
  const begun = making.get(folder) ?? makeFolder(kind, folder, make);
  making.set(folder, begun);
  try {
    return await begun;
  } finally {
    making.delete(folder);
  }
}

async function makeFolder(
  kind: string,
  folder: string,
  make: (folder: string) => Promise<void> | void,
): Promise<string> {
  prune();
  const work = `${folder}.partial-${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    await make(work);
    renameSync(work, folder);
  } catch (error) {
    // Another run may have finished the same build in the meantime. Then we use its result.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`${kind}: kept in ${folder}`);
  return folder;
}

const UNUSED_AFTER_MS = 14 * 24 * 3600 * 1000;

/**
 * Removes results that no run has used for two weeks. Every change of the sources leaves some
 * results that nobody needs again.
 */
function prune(): void {
  if (!existsSync(cacheRoot)) return;
  for (const name of readdirSync(cacheRoot)) {
    // MOUNTROOT_CACHE may contain other files. They are not ours, so we leave them.
    if (!/^[a-z-]+-[0-9a-f]{16}(\.partial-\d+)?$/.test(name)) continue;
    const path = join(cacheRoot, name);
    // Another run may be renaming or removing it at this moment.
    const status = lstatSync(path, { throwIfNoEntry: false });
    if (status !== undefined && Date.now() - status.mtimeMs > UNUSED_AFTER_MS)
      rmSync(path, { recursive: true, force: true });
  }
}
