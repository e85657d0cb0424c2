/** Exit statuses, the same for every verb. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  degraded: 3,
  problems: 4,
  refused: 5,
  unreachable: 6,
  notUnderstood: 7,
} as const;
