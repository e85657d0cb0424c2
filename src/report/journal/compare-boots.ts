import type { ImageMark } from '../../execute/journal.js';
import {
  imageMarkOf,
  isConfirmed,
  rungOf,
  startRunOf,
  type Boot,
  type JournalRun,
} from './boot-runs.js';
import { duration, size, stamp } from '../../text/units.js';

export interface Difference {
  what:
    | 'rung'
    | 'reason'
    | 'image'
    | 'kernel'
    | 'mountroot'
    | 'node'
    | 'duration'
    | 'warning'
    | 'failed'
    | 'unconfirmed'
    | 'crash';
  before: string | null;
  now: string | null;
  /** One sentence for a person. */
  says: string;
}

/** A start that takes this much longer or shorter is another one; the rest is the weather. */
const NOTICEABLE = { share: 0.25, ms: 250 };

const imageName = ({ size: bytes, modified }: ImageMark): string =>
  `${size(bytes)} of ${stamp(modified)}`;
const sameImage = (a: ImageMark, b: ImageMark): boolean =>
  a.size === b.size && a.modified === b.modified && a.inode === b.inode;

function texts(boot: Boot, of: (run: JournalRun) => string[]): Set<string> {
  return new Set(boot.runs.flatMap(of));
}
/** Counters and times in a warning do not make it another one. */
const kind = (text: string): string => text.replace(/\d+/g, '#');
const fresh = (now: Set<string>, before: Set<string>): string[] => {
  const known = new Set([...before].map(kind));
  return [...now].filter((text) => !known.has(kind(text)));
};

/** What this boot has that the one before it had not. */
export function compareBoots(now: Boot, before: Boot): Difference[] {
  const out: Difference[] = [];
  const changed = (
    what: Difference['what'],
    a: string | null,
    b: string | null,
    says: string,
  ): void => void (a !== b && out.push({ what, before: a, now: b, says }));
  const [is, was] = [rungOf(now), rungOf(before)];
  changed(
    'rung',
    was.rung,
    is.rung,
    `the rung is ${is.rung ?? 'not known'}, and was ${was.rung ?? 'not known'}`,
  );
  changed(
    'reason',
    was.reason,
    is.reason,
    is.reason === null
      ? `${was.reason} is over`
      : was.reason === null
        ? `the reason ${is.reason} is new`
        : `the reason is ${is.reason}, and was ${was.reason}`,
  );
  const [image, old] = [imageMarkOf(now), imageMarkOf(before)];
  if (image !== null && old !== null && !sameImage(image, old))
    out.push({
      what: 'image',
      before: imageName(old),
      now: imageName(image),
      says: `the image is another one: ${imageName(image)}, and was ${imageName(old)}`,
    });
  const [start, earlier] = [startRunOf(now), startRunOf(before)];
  for (const [what, name] of [
    ['kernel', 'the kernel is Linux'],
    ['version', 'mountroot is'],
    ['node', 'Node.js is'],
  ] as const)
    if (start?.[what] && earlier?.[what])
      changed(
        what === 'version' ? 'mountroot' : what,
        earlier[what],
        start[what],
        `${name} ${start[what]}, and was ${earlier[what]}`,
      );
  if (start?.ms != null && earlier?.ms != null) {
    const more = start.ms - earlier.ms;
    if (Math.abs(more) >= NOTICEABLE.ms && Math.abs(more) >= earlier.ms * NOTICEABLE.share)
      out.push({
        what: 'duration',
        before: duration(earlier.ms),
        now: duration(start.ms),
        says: `the start took ${duration(start.ms)}, and ${duration(earlier.ms)} before`,
      });
  }
  const failures = (boot: Boot): Set<string> =>
    texts(boot, ({ failed }) => failed.map(({ id }) => id));
  for (const id of fresh(failures(now), failures(before)))
    out.push({
      what: 'failed',
      before: null,
      now: id,
      says: `step ${id} failed, and did not before`,
    });
  const told = texts(now, ({ failed }) => failed.map(({ error }) => error));
  for (const warning of fresh(
    texts(now, ({ warnings }) => warnings),
    texts(before, ({ warnings }) => warnings),
  ))
    if (!told.has(warning))
      out.push({ what: 'warning', before: null, now: warning, says: `a new warning: ${warning}` });
  if (earlier?.ok === true && earlier.rung === 'persistent' && !isConfirmed(before))
    out.push({
      what: 'unconfirmed',
      before: null,
      now: null,
      says: 'the boot before was never confirmed by done: its power went, or done was not called',
    });
  if (now.crash.length > 0)
    out.push({
      what: 'crash',
      before: null,
      now: now.crash[0]!,
      says: `the boot before crashed: ${now.crash[0]}`,
    });
  return out;
}
