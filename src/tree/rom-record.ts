/**
 * Keeps two records on the data volume: the image's files (the manifest), and the image's files at
 * the time when those of the upper layer were written (the baseline). See facts/rom-manifest.ts.
 */
import { ROM_BASELINE, ROM_CURSOR, ROM_MANIFEST } from '../facts/places.js';
import { identityOf } from '../facts/rom-identity.js';
import {
  LONGEST_RECORD,
  decodeBaseline,
  decodeCursor,
  decodeManifest,
  encodeBaseline,
  encodeCursor,
  encodeManifest,
  headOf,
  type Baseline,
  type Cursor,
  type Moment,
  type RomManifest,
} from '../facts/rom-manifest.js';
import { thisMoment } from '../facts/this-moment.js';
import type { System } from '../system/port.js';
import { nextBaseline } from './rom-baseline.js';
import { fillManifest } from './rom-files.js';
import { quiet } from './rom-walk.js';

/** A record may take this fraction of the free space: one part in so many. */
const SHARE = 8;

/** Bytes that a record may always take. */
const LEAST_RECORD = 16 << 10;

/** The places of an image, its upper layer and their records. Absolute paths. */
export interface RomToRecord {
  /** The data volume, for the records. */
  at: string;
  upper: string;
  rom: string;
  /** The mount at `rom`. */
  fstype: string;
  /** `major:minor`, as in mountinfo. */
  device: string;
}

interface Clocks {
  /** A monotonic clock in milliseconds. */
  ms: () => number;
  moment: Moment;
}

const textOf = (system: System, path: string): string | null =>
  quiet(null, () =>
    system.kind(path) === 'file'
      ? Buffer.from(system.readBytes(path, 0, LONGEST_RECORD)).toString('utf8')
      : null,
  );

/** The manifest on the volume. */
interface ManifestOnVolume {
  text: string | null;
  /** It belongs to the present image. */
  sameImage: boolean;
  /** It belongs to the present image and is complete. */
  upToDate: boolean;
  /** Null if it is unnecessary, missing or damaged. */
  manifest: RomManifest | null;
}

interface BaselineOnVolume {
  text: string | null;
  /** Empty if it is missing or damaged. */
  baseline: Baseline;
  cursorText: string | null;
  cursor: Cursor;
}

const BEGINNING: Cursor = { from: '', whole: false };
/** The last `done` came to the end. */
const ALL_SEEN: Cursor = { from: '', whole: true };

/** One `done`'s work on the records of one volume. */
class RomRecorder {
  readonly warnings: string[] = [];
  changed = false;

  constructor(
    private readonly system: System,
    private readonly task: RomToRecord,
    private readonly clocks: Clocks,
  ) {}

  /** The baseline is first, because it may depend on the manifest of the previous image. */
  run(): void {
    const { rom, fstype, device } = this.task;
    const identity = identityOf(this.system, { path: rom, fstype, device });
    const old = this.readManifest(identity);
    this.updateBaseline(old);
    if (!old.upToDate) this.updateManifest(identity, old);
  }

  private path = (file: string): string => `${this.task.at}/${file}`;

  private readManifest(identity: string): ManifestOnVolume {
    const path = this.path(ROM_MANIFEST);
    const text = textOf(this.system, path);
    if (text === null) return { text, sameImage: false, upToDate: false, manifest: null };
    const head = headOf(text);
    const sameImage = head?.identity === identity;
    if (sameImage && head.complete) return { text, sameImage, upToDate: true, manifest: null };
    const manifest = decodeManifest(text);
    if (manifest !== 'damaged') return { text, sameImage, upToDate: false, manifest };
    this.warnings.push(`${path} is damaged and is made anew`);
    return { text, sameImage, upToDate: false, manifest: null };
  }

  private readBaseline(sameImage: boolean): BaselineOnVolume {
    const path = this.path(ROM_BASELINE);
    const text = textOf(this.system, path);
    const cursorText = textOf(this.system, this.path(ROM_CURSOR));
    const fresh: BaselineOnVolume = {
      text,
      baseline: new Map(),
      cursorText,
      cursor: BEGINNING,
    };
    if (text === null) return fresh;
    const baseline = decodeBaseline(text);
    if (baseline === 'damaged') {
      this.warnings.push(
        `${path} is damaged and begins anew: which settings were written before an upgrade of ` +
          'the image cannot be told',
      );
      return fresh;
    }
    if (!sameImage) return { ...fresh, baseline };
    return {
      ...fresh,
      baseline,
      cursor: cursorText === null ? ALL_SEEN : decodeCursor(cursorText),
    };
  }

  private updateBaseline({ sameImage, manifest }: ManifestOnVolume): void {
    const { system, task, clocks } = this;
    const old = this.readBaseline(sameImage);
    const { baseline, cursor } = nextBaseline({
      system,
      upper: task.upper,
      rom: task.rom,
      old: old.baseline,
      cursor: old.cursor,
      sameImage,
      circumstances: { before: sameImage ? null : manifest, moment: clocks.moment },
      ms: clocks.ms,
    });
    const next = encodeBaseline(baseline);
    if (next !== old.text) {
      if (!this.hasRoom(next.length)) return;
      this.replace(ROM_BASELINE, next);
    }
    // This follows the baseline. After a power cut between the two, the next `done` repeats the
    // work.
    const isThrough = cursor.from === '' && cursor.whole;
    if (!isThrough) {
      if (encodeCursor(cursor) !== old.cursorText) this.replace(ROM_CURSOR, encodeCursor(cursor));
    } else if (old.cursorText !== null) this.remove(ROM_CURSOR);
  }

  private updateManifest(identity: string, old: ManifestOnVolume): void {
    const { system, task, clocks } = this;
    // On a full volume the work would be in vain.
    if (this.hasRoom(LEAST_RECORD)) {
      const begun =
        old.sameImage && old.manifest !== null
          ? old.manifest
          : { identity, complete: false, files: new Map() };
      const filled = encodeManifest(fillManifest(system, task.rom, begun, clocks.ms));
      if (this.hasRoom(filled.length)) return this.replace(ROM_MANIFEST, filled);
    }
    // Otherwise we would always mistake the manifest of an older image for the previous image's.
    if (old.text !== null && !old.sameImage) this.remove(ROM_MANIFEST);
  }

  private hasRoom(bytes: number): boolean {
    const free = (): number => quiet(0, () => this.system.space(this.task.at).free);
    return bytes <= LONGEST_RECORD && bytes * SHARE <= free();
  }

  private replace(file: string, text: string): void {
    this.system.replace(this.path(file), text, 0o644);
    this.changed = true;
  }

  private remove(file: string): void {
    this.system.unlink(this.path(file));
    this.changed = true;
  }
}

/**
 * Brings both records up to date. In most boots it only reads the first line of the manifest and
 * walks through the upper layer, and writes nothing.
 * @returns whether it wrote anything, and notes for a person.
 * @throws {SystemError} when a record cannot be written.
 */
export function writeRomRecord(
  system: System,
  task: RomToRecord,
  clocks: Clocks = { ms: () => performance.now(), moment: thisMoment(system) },
): { changed: boolean; warnings: string[] } {
  const recorder = new RomRecorder(system, task, clocks);
  recorder.run();
  return { changed: recorder.changed, warnings: recorder.warnings };
}
