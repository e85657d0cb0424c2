import type { Details, Reader } from './port.js';
import { sourceOf } from './kernel-file.js';
import { SystemError } from './system-error.js';

type Looks = Pick<Reader, 'details'>;

const OTHERS_MAY_WRITE = 0o022;
const STICKY = 0o1000;

/** The directories above a path and the path itself, the topmost first. */
const stepsTo = (path: string): string[] =>
  path
    .split('/')
    .slice(1)
    .map((_, index, parts) => `/${parts.slice(0, index + 1).join('/')}`);

const isOurs = (uid: number): boolean => uid === 0 || uid === process.getuid?.();

/**
 * Where a part of the path stands. In a shared directory, as /tmp is at the top, others may make
 * files, but the sticky bit keeps ours.
 */
interface Place {
  itself: boolean;
  shared: boolean;
}

function faultOf(path: string, details: Details, { itself, shared }: Place): string | null {
  const { kind, uid, mode, links } = details;
  if (!itself && kind !== 'directory') return `${path} is a ${kind} and no directory`;
  if (kind === 'symlink') return `${path} is a symlink`;
  if (!isOurs(uid)) return `${path} belongs to user ${uid}`;
  const isSafe = (mode & OTHERS_MAY_WRITE) === 0 || (shared && (mode & STICKY) !== 0);
  if (!isSafe) return `others may write to ${path} (mode ${mode.toString(8).padStart(4, '0')})`;
  return kind === 'file' && links > 1 ? `${path} has ${links} names` : null;
}

/** The part of a path that somebody other than root may have made, and the reason as a clause. */
interface Foreign {
  at: string;
  why: string;
}

/**
 * Whether somebody other than root may have made a path; null if only root can have made it, or if
 * it is missing. Anybody may write to /tmp. The check goes from the top down: once a directory is
 * root's and nobody else may write to it, nobody else can exchange what is in it, so the path can
 * be used by its name afterwards.
 * @param shared whether any part may be a directory in which others can make files.
 */
export function foreignIn(reader: Looks, path: string, shared = false): Foreign | null {
  const steps = stepsTo(path);
  for (const [index, at] of steps.entries()) {
    const source = sourceOf(() => reader.details(at));
    if (source.is === 'unreadable' && source.error instanceof SystemError)
      return { at, why: `${at} cannot be examined (${source.errno})` };
    if (source.is !== 'there') continue;
    const place = { itself: index === steps.length - 1, shared: shared || index === 0 };
    const why = faultOf(at, source.value, place);
    if (why !== null) return { at, why };
  }
  return null;
}

/** The reason why a path is not believed, as a clause; null if only root can have made it. */
export const whyNotRoots = (reader: Looks, path: string): string | null =>
  foreignIn(reader, path)?.why ?? null;

/** @throws {SystemError} EPERM for a directory in which others could exchange a file of ours. */
export function refuseForeign(
  reader: Looks,
  path: string,
  attempt: { what: string; syscall: string; path: string },
): void {
  const why = foreignIn(reader, path, true)?.why ?? null;
  if (why !== null)
    throw new SystemError({ ...attempt, what: `${attempt.what}, because ${why}`, errno: 'EPERM' });
}
