/** Sentences about one run of a verb, which status, journal and timeline share. */
import { duration } from '../../text/units.js';
import type { Failure } from './boot-runs.js';

/**
 * How a run ended.
 * @param ok null if it was cut off.
 * @param ms null if the journal has no end of it.
 */
export function outcomeWords(ok: boolean | null, ms: number | null): string {
  if (ok === null) return 'was cut off';
  return `${ok ? 'took' : 'failed after'} ${duration(ms ?? 0)}`;
}

/** The warnings of a run, each once, without those that a failed step has told already. */
export function untoldWarnings(run: {
  warnings: readonly string[];
  failed: readonly Failure[];
}): string[] {
  const told = new Set(run.failed.map(({ error }) => error));
  return [...new Set(run.warnings)].filter((warning) => !told.has(warning));
}
