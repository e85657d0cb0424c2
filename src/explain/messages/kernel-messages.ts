import type { KernelLog } from '../../facts/kernel-log.js';
import { mendLines, type Speaker, type SpokenLine } from './broken-lines.js';
import { BOOT_MESSAGES } from './boot-messages.js';
import { INIT_MESSAGES } from './init-messages.js';
import type { KernelMessages, MessageRow, NumberedLine } from './message-row.js';
import { PROGRAM_MESSAGES } from './program-messages.js';
import { RAMDISK_MESSAGES } from './ramdisk-messages.js';
import { ROOT_MESSAGES } from './root-messages.js';
import { rowsAbout } from './rows-about.js';
import { DRIVER_MESSAGES } from './driver-messages.js';
import { COMPLAINT_MESSAGES } from './complaints/index.js';

/** The messages that show decisions. Each line of a log is compared with all of them. */
const OTHER_MESSAGES: readonly MessageRow[] = [
  ...BOOT_MESSAGES,
  ...RAMDISK_MESSAGES,
  ...ROOT_MESSAGES,
  ...INIT_MESSAGES,
  ...PROGRAM_MESSAGES,
  ...DRIVER_MESSAGES,
];

/**
 * Every message that explain understands, from Linux 2.6 to 6.x. The first row whose pattern
 * matches a line counts, and no other row gets that line.
 */
export const MESSAGES: readonly MessageRow[] = [...OTHER_MESSAGES, ...COMPLAINT_MESSAGES];

const about = rowsAbout(MESSAGES);

/** Longer lines are no complaint: the kernel's have 1,000 characters at most. */
const LONGEST_COMPLAINT = 2000;
const COMPLAINTS = new Set(COMPLAINT_MESSAGES);

const notComplaints = (rows: readonly MessageRow[]): MessageRow[] =>
  rows.filter((row) => !COMPLAINTS.has(row));

/** The lines of the kernel and of programs, in their order. */
function spokenLines({ lines, others = [], foreign }: KernelLog): SpokenLine[] {
  if (foreign === true) return [];
  const by = lines.some(({ time }) => time !== null) || others.length > 0 ? 'kernel' : 'unknown';
  const out: SpokenLine[] = [];
  let next = 0;
  for (const [index, { text }] of lines.entries()) {
    for (; next < others.length && others[next]!.after <= index; next++)
      out.push({ text: others[next]!.text, by: 'program' });
    out.push({ text, by });
  }
  for (const { text } of others.slice(next)) out.push({ text, by: 'program' });
  return out;
}

/** A program may write to the kernel's log, but the kernel never writes like a program. */
const mayPrint = ({ by }: MessageRow, speaker: Speaker): boolean =>
  by !== undefined || speaker !== 'program';

/** Finds the kernel's decisions in its messages. */
export function readKernelMessages(log: KernelLog | null): KernelMessages {
  const seen: KernelMessages = {
    mounted: [],
    devices: [],
    runs: [],
    failures: [],
    scanned: [],
    programs: [],
    complaints: [],
    fileSystems: [],
    ubi: [],
    cards: [],
    handovers: [],
    whole: log !== null && log.fromStart && log.allLevels,
    recognised: 0,
    lines: 0,
    last: null,
  };
  let continued: MessageRow['continues'];
  const spoken = log === null ? [] : mendLines(spokenLines(log));
  const rowsOf = about(spoken.map(({ text }) => text));
  for (const [at, { text, by }] of spoken.entries()) {
    if (by !== 'program') [seen.last, seen.lines] = [text, seen.lines + 1];
    const further = by === 'program' ? null : (continued?.pattern.exec(text) ?? null);
    if (further !== null) {
      continued!.tells(seen, further, { said: text, at });
      continue;
    }
    const rows = rowsOf(at);
    const possible = text.length > LONGEST_COMPLAINT ? notComplaints(rows) : rows;
    const row = readAs(possible, seen, { said: text, at }, by);
    if (row !== undefined && row.weak !== true) seen.recognised++;
    if (by !== 'program') continued = row?.continues;
  }
  return seen;
}

/** Returns the first row that the line belongs to. */
function readAs(
  rows: readonly MessageRow[],
  seen: KernelMessages,
  line: NumberedLine,
  by: Speaker,
): MessageRow | undefined {
  for (const row of rows) {
    if (!mayPrint(row, by)) continue;
    const match = row.pattern.exec(line.said);
    if (match === null || row.when?.(seen) === false) continue;
    row.tells(seen, match, line);
    return row;
  }
  return undefined;
}

/** The message that shows that the kernel began to mount a root itself; null if none does. */
export function mountsItself(seen: KernelMessages): string | null {
  const sights = [
    ...seen.mounted,
    seen.cannotOpen,
    seen.noneCould,
    seen.image,
    seen.linuxrc,
    seen.waiting,
    seen.delay,
    seen.noEarlyInit,
    seen.panic?.value.kind === 'no-root' ? seen.panic : undefined,
  ];
  return sights.find((sight) => sight !== undefined)?.said ?? null;
}
