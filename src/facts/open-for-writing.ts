import type { Reader } from '../system/port.js';

/** How many files are named; whoever sees these finds the others. */
const NAMED = 5;

/** O_WRONLY and O_RDWR, as /proc/PID/fdinfo/FD shows them (octal `flags:`). */
const opensForWriting = (fdinfo: string): boolean =>
  (parseInt(/^flags:\s*(\d+)$/m.exec(fdinfo)?.[1] ?? '0', 8) & 3) !== 0;

function quiet<T>(otherwise: T, look: () => T): T {
  try {
    return look();
  } catch {
    // Processes end while one looks at them.
    return otherwise;
  }
}

/** The mount that a file descriptor is on, by its number in mountinfo (proc_pid_fdinfo(5)). */
const mountOf = (fdinfo: string): string | undefined => /^mnt_id:\s*(\d+)$/m.exec(fdinfo)?.[1];

/**
 * Which processes hold which files on a mount open for writing, as words to stand after "because
 * of".
 */
export function writersOn(reader: Reader, mountpoint: string): string {
  const mounts = quiet('', () => reader.readText('/proc/self/mountinfo'))
    .split('\n')
    .map((line) => line.split(' '));
  const ids = new Set(mounts.filter((words) => words[4] === mountpoint).map(([id]) => id));
  const held: string[] = [];
  for (const pid of quiet([] as string[], () => reader.list('/proc')).filter((name) =>
    /^\d+$/.test(name),
  ))
    for (const fd of quiet([] as string[], () => reader.list(`/proc/${pid}/fd`))) {
      const info = quiet('', () => reader.readText(`/proc/${pid}/fdinfo/${fd}`));
      if (!opensForWriting(info) || !ids.has(mountOf(info))) continue;
      const name = quiet('?', () => reader.readText(`/proc/${pid}/comm`)).trim();
      held.push(
        `${quiet('a file', () => reader.readLink(`/proc/${pid}/fd/${fd}`))} that process ${pid} (${name}) has open for writing`,
      );
    }
  if (held.length === 0) return 'something on it that is open for writing';
  return (
    held.slice(0, NAMED).join(', ') +
    (held.length > NAMED ? ` and ${held.length - NAMED} more` : '')
  );
}
