import { duration } from '../../text/units.js';

/**
 * How a run of a verb ended.
 * @param ok null where it was cut off.
 * @param ms null where the journal has no end of it.
 */
export function outcomeWords(ok: boolean | null, ms: number | null): string {
  if (ok === null) return 'was cut off';
  return `${ok ? 'took' : 'failed after'} ${duration(ms ?? 0)}`;
}
