import type { ImageMark } from '../../execute/journal.js';
import { duration, size, stamp } from '../../text/units.js';
import {
  imageMarkOf,
  isConfirmed,
  rungOf,
  startRunOf,
  type Boot,
  type JournalRun,
} from './boot-runs.js';

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

/** Two boots with their starts. */
interface BootPair {
  now: Boot;
  before: Boot;
  start: JournalRun | null;
  earlier: JournalRun | null;
}

type Compare = (pair: BootPair) => Difference[];

/** A difference, unless both values are the same. */
const changed = (difference: Difference): Difference[] =>
  difference.before === difference.now ? [] : [difference];

const rung: Compare = ({ now, before }) => {
  const [is, was] = [rungOf(now).rung, rungOf(before).rung];
  const says = `the rung is ${is ?? 'not known'}, and was ${was ?? 'not known'}`;
  return changed({ what: 'rung', before: was, now: is, says });
};

function reasonWords(is: string | null, was: string | null): string {
  if (is === null) return `${was} is over`;
  return was === null ? `the reason ${is} is new` : `the reason is ${is}, and was ${was}`;
}

const reason: Compare = ({ now, before }) => {
  const [is, was] = [rungOf(now).reason, rungOf(before).reason];
  return changed({ what: 'reason', before: was, now: is, says: reasonWords(is, was) });
};

const imageName = ({ size: bytes, modified }: ImageMark): string =>
  `${size(bytes)} of ${stamp(modified)}`;
const sameImage = (a: ImageMark, b: ImageMark): boolean =>
  a.size === b.size && a.modified === b.modified && a.inode === b.inode;

const image: Compare = ({ now, before }) => {
  const [is, was] = [imageMarkOf(now), imageMarkOf(before)];
  if (is === null || was === null || sameImage(is, was)) return [];
  const [isName, wasName] = [imageName(is), imageName(was)];
  const says = `the image is another one: ${isName}, and was ${wasName}`;
  return [{ what: 'image', before: wasName, now: isName, says }];
};

/** A version that both journals have. */
const version =
  (what: 'kernel' | 'mountroot' | 'node', field: 'kernel' | 'version' | 'node', name: string) =>
  ({ start, earlier }: BootPair): Difference[] => {
    const [is, was] = [start?.[field], earlier?.[field]];
    return is && was
      ? changed({ what, before: was, now: is, says: `${name} ${is}, and was ${was}` })
      : [];
  };

/** A smaller change in the duration of a start is chance. */
const NOTICEABLE = { share: 0.25, ms: 250 };

const startTime: Compare = ({ start, earlier }) => {
  const [ms, before] = [start?.ms ?? null, earlier?.ms ?? null];
  if (ms === null || before === null) return [];
  const more = Math.abs(ms - before);
  if (more < NOTICEABLE.ms || more < before * NOTICEABLE.share) return [];
  const [is, was] = [duration(ms), duration(before)];
  return [
    { what: 'duration', before: was, now: is, says: `the start took ${is}, and ${was} before` },
  ];
};

/** Two texts that differ only in numbers, such as counts and times, are the same text. */
const withoutNumbers = (text: string): string => text.replace(/\d+/g, '#');

/** All messages of a boot's runs, each text once. */
const saidIn = (boot: Boot, said: (run: JournalRun) => string[]): string[] => [
  ...new Set(boot.runs.flatMap(said)),
];

/** The texts that this boot has and the previous one does not. */
function fresh({ now, before }: BootPair, said: (run: JournalRun) => string[]): string[] {
  const known = new Set(saidIn(before, said).map(withoutNumbers));
  return saidIn(now, said).filter((text) => !known.has(withoutNumbers(text)));
}

const failedSteps: Compare = (pair) =>
  fresh(pair, ({ failed }) => failed.map(({ id }) => id)).map((id) => ({
    what: 'failed',
    before: null,
    now: id,
    says: `step ${id} failed, and did not before`,
  }));

const warnings: Compare = (pair) => {
  const told = new Set(saidIn(pair.now, ({ failed }) => failed.map(({ error }) => error)));
  return fresh(pair, (run) => run.warnings)
    .filter((warning) => !told.has(warning))
    .map((warning) => ({
      what: 'warning',
      before: null,
      now: warning,
      says: `a new warning: ${warning}`,
    }));
};

const unconfirmed: Compare = ({ before, earlier }) =>
  earlier?.ok === true && earlier.rung === 'persistent' && !isConfirmed(before)
    ? [
        {
          what: 'unconfirmed',
          before: null,
          now: null,
          says:
            'the boot before was never confirmed by done: ' +
            'its power failed, or done was not called',
        },
      ]
    : [];

const crash: Compare = ({ now }) =>
  now.crash.slice(0, 1).map((line) => ({
    what: 'crash',
    before: null,
    now: line,
    says: `the boot before crashed: ${line}`,
  }));

/** In the order of the report. */
const COMPARISONS: readonly Compare[] = [
  rung,
  reason,
  image,
  version('kernel', 'kernel', 'the kernel is Linux'),
  version('mountroot', 'version', 'mountroot is'),
  version('node', 'node', 'Node.js is'),
  startTime,
  failedSteps,
  warnings,
  unconfirmed,
  crash,
];

/** The differences between this boot and the previous one. */
export function compareBoots(now: Boot, before: Boot): Difference[] {
  const pair = { now, before, start: startRunOf(now), earlier: startRunOf(before) };
  return COMPARISONS.flatMap((compare) => compare(pair));
}
