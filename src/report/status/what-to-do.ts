import { REASONS, type Reason } from '../../plan/reasons.js';

/** The cure for a root with this reason; null if none is known. */
export const whatToDo = (reason: string | null): string | null =>
  reason !== null && Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].cure : null;
