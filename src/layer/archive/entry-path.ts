/** Names in an archive as paths below a layer's root. */
import { utf8 } from '../../text/printable.js';
import { refuseArchive } from './archive-error.js';
import { ARCHIVE_LIMITS as LIMITS } from '../../text/input-limits.js';
import { WHITEOUT } from './marks.js';

/** Text that the kernel accepts as a name. @param what it is, for the error. */
export function textOf(bytes: Buffer, what: string): string {
  const found = utf8(bytes);
  if (found === null) return refuseArchive({ code: 'not-utf8', what, bytes });
  return found.includes('\0') ? refuseArchive({ code: 'nul', what }) : found;
}

/** The prefix of a whiteout makes a name of full length longer than the limit. */
const longest = (part: string): number =>
  LIMITS.name + (part.startsWith(WHITEOUT) ? WHITEOUT.length : 0);

/** A path below the root, without `.` and empty parts. @param what it is, for the error. */
export function pathInside(bytes: Buffer, what: string): string {
  const path = textOf(bytes, what);
  if (path.startsWith('/')) refuseArchive({ code: 'absolute', what });
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) refuseArchive({ code: 'dot-dot', what });
  if (path === '') refuseArchive({ code: 'no-name', what });
  if (bytes.length > LIMITS.path || parts.some((part) => Buffer.byteLength(part) > longest(part)))
    refuseArchive({ code: 'long-name', what });
  return parts.join('/');
}

/** The directory of a path; '' for the root and for a path directly in it. */
export const above = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
