import { lastStart } from '../diagnose/read-journal.js';
import { renderStatus, status, type StatusInput } from '../diagnose/status.js';
import { JOURNAL_FILE } from '../execute/journal.js';
import { STATE_FILE, parseState } from '../facts/gather.js';
import { parseMountinfo } from '../facts/mountinfo.js';
import { EXIT } from '../plan/plan.js';
import { reader } from '../system/files.js';

function orElse<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch {
    return fallback;
  }
}

function rungOf(text: string): StatusInput['rung'] {
  const { rung, reason } = parseState(text) ?? {};
  const { because } = JSON.parse(text) as { because?: unknown };
  return rung === undefined || reason === undefined ? null : { rung, reason, because: typeof because === 'string' ? because : null };
}

/** `status`: what the root is now, and how the last start went. */
export function printStatus(json: boolean, print: (text: string) => void): number {
  const now = status({
    mounts: parseMountinfo(reader.readText('/proc/self/mountinfo')),
    // No journal is a fact like others: there was no start in this boot.
    journal: lastStart(orElse('', () => reader.readText(JOURNAL_FILE))),
    rung: orElse(null, () => rungOf(reader.readText(STATE_FILE))),
    space: (path) => orElse(null, () => reader.space(path)),
  });
  print(json ? `${JSON.stringify(now, null, 2)}\n` : renderStatus(now));
  return EXIT.done;
}
