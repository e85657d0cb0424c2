import { REASONS, type Reason } from '../../plan/reasons.js';

/** What to do about a root that is no better for this reason; null where nothing is known of it. */
export const whatToDo = (reason: string | null): string | null =>
  reason !== null && Object.hasOwn(REASONS, reason) ? REASONS[reason as Reason].cure : null;
