import type { MessageRow } from './message-row.js';

/** A complaint after which process 1 does not go on by itself: it waits in a shell, or freezes. */
export const stops =
  (tells: MessageRow['tells']): MessageRow['tells'] =>
  (seen, match, line) => {
    seen.stop ??= { value: true, ...line };
    tells(seen, match, line);
  };
