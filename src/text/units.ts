/** How reports spell times and sizes. */

/**
 * The last moment that a date can tell (ECMA-262, "Time Values and Time Range"); a damaged journal
 * may have a later one.
 */
const LAST_MOMENT = 8.64e15;
export const isMoment = (ms: number): boolean => Math.abs(ms) <= LAST_MOMENT;

/** As ISO 8601; null for an invalid time. */
export const isoDate = (ms: number): string | null =>
  isMoment(ms) ? new Date(ms).toISOString() : null;

/** `2026-11-20 14:02:11`, in UTC, which boards in different places have in common. */
export const stamp = (ms: number): string =>
  isoDate(ms)?.slice(0, 19).replace('T', ' ') ?? 'no date';

/**
 * `0.4 ms`, `907 ms`, `12.4 s`, `5 min 3 s`, `2 h 5 min`, `3 days 4 h`: two figures that matter.
 */
export function duration(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 9999.5) return `${ms.toFixed(0)} ms`;
  const seconds = ms / 1000;
  if (seconds < 99.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(seconds / 3600);
  return `${Math.floor(hours / 24)} days ${hours % 24} h`;
}

/** `1.52 s`: a moment since the kernel started. */
export const moment = (ms: number): string =>
  ms < 600_000 ? `${(ms / 1000).toFixed(2)} s` : duration(ms);

/** `12.0 KiB`, `62.0 MiB`, `1.5 GiB`. */
export function size(bytes: number): string {
  for (const [unit, factor] of [
    ['GiB', 2 ** 30],
    ['MiB', 2 ** 20],
    ['KiB', 2 ** 10],
  ] as const)
    if (bytes >= factor || (unit === 'KiB' && bytes > 0))
      return `${(bytes / factor).toFixed(1)} ${unit}`;
  return '0 bytes';
}

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
