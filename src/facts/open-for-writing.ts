import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';

/** The highest number of files to name. With these a user can find the others. */
const NAMED = 5;

/** O_WRONLY and O_RDWR, as /proc/PID/fdinfo/FD shows them (octal `flags:`). */
const opensForWriting = (fdinfo: string): boolean =>
  (parseInt(/^flags:\s*(\d+)$/m.exec(fdinfo)?.[1] ?? '0', 8) & 3) !== 0;

/** The mount that a file descriptor is on, by its number in mountinfo (proc_pid_fdinfo(5)). */
const mountOf = (fdinfo: string): string | undefined => /^mnt_id:\s*(\d+)$/m.exec(fdinfo)?.[1];

/**
 * Lists the files that one process has open for writing on these mounts. The process may end
 * meanwhile.
 */
function heldBy(reader: Reader, pid: string, mounts: ReadonlySet<string | undefined>): string[] {
  const fds = orElse([] as string[], () => reader.list(`/proc/${pid}/fd`));
  return fds.flatMap((fd) => {
    const info = orElse('', () => reader.readText(`/proc/${pid}/fdinfo/${fd}`));
    if (!opensForWriting(info) || !mounts.has(mountOf(info))) return [];
    const name = orElse('?', () => reader.readText(`/proc/${pid}/comm`)).trim();
    const file = orElse('a file', () => reader.readLink(`/proc/${pid}/fd/${fd}`));
    return [`${file} that process ${pid} (${name}) has open for writing`];
  });
}

/** Names the processes and their files open for writing on a mount, as words after "because of". */
export function writersOn(reader: Reader, mountpoint: string): string {
  const mounts = orElse('', () => reader.readText('/proc/self/mountinfo'))
    .split('\n')
    .map((line) => line.split(' '));
  const ids = new Set(mounts.filter((words) => words[4] === mountpoint).map(([id]) => id));
  const processes = orElse([] as string[], () => reader.list('/proc')).filter((name) =>
    /^\d+$/.test(name),
  );
  const held = processes.flatMap((pid) => heldBy(reader, pid, ids));
  if (held.length === 0) return 'something on it that is open for writing';
  const more = held.length > NAMED ? ` and ${held.length - NAMED} more` : '';
  return held.slice(0, NAMED).join(', ') + more;
}
