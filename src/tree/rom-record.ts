/**
 * Keeps two records on the data volume: what the image's files are (the manifest), and what they
 * were when those of the upper layer were written (the baseline); see facts/rom-manifest.ts.
 */
import { JOURNAL_FOLDER, ROM_BASELINE, ROM_CURSOR, ROM_MANIFEST } from '../facts/places.js';
import { identityOf } from '../facts/rom-identity.js';
import {
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
import type { System } from '../system/port.js';
import { nextBaseline } from './rom-baseline.js';
import { fillManifest } from './rom-files.js';
import { SECOND } from './rom-fingerprint.js';
import { quiet } from './rom-walk.js';

/** A record may take one part in this many of the space that is free. */
const SHARE = 8;

/** Bytes. */
const LONGEST_RECORD = 4 << 20;
const LEAST_RECORD = 16 << 10;

/** Where an image, its upper layer and the records of both are. Absolute paths. */
export interface RomToRecord {
  /** The data volume, for the records. */
  at: string;
  upper: string;
  rom: string;
  /** What is mounted at `rom`. */
  fstype: string;
  /** `major:minor`, as in mountinfo. */
  device: string;
}

interface Clocks {
  /** Milliseconds that only ever grow. */
  ms: () => number;
  moment: Moment;
}

const momentOf = (system: System): Moment => ({
  // A start writes this file first of all.
  start: quiet(null, () => Number(system.details(`${JOURNAL_FOLDER}/facts.json`).mtime / SECOND)),
  now: Math.floor(Date.now() / 1000),
  uptime: Number(process.hrtime.bigint() / SECOND),
});

const textOf = (system: System, path: string): string | null =>
  quiet(null, () =>
    system.kind(path) === 'file'
      ? Buffer.from(system.readBytes(path, 0, LONGEST_RECORD)).toString('utf8')
      : null,
  );

/** The manifest as it is on the volume. */
interface ManifestOnVolume {
  text: string | null;
  /** It is of the image that is there now. */
  sameImage: boolean;
  /** It is of that image, and complete. */
  upToDate: boolean;
  /** Null where it is not needed, missing or damaged. */
  manifest: RomManifest | null;
}

interface BaselineOnVolume {
  text: string | null;
  /** Empty where it is missing or damaged. */
  baseline: Baseline;
  cursorText: string | null;
  cursor: Cursor;
}

const BEGINNING: Cursor = { from: '', whole: false };
/** Where the last `done` came to the end. */
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

  /** The baseline goes first, because it may rest on the manifest of the image before. */
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
    // After the baseline: what a power cut takes between the two is done again.
    const isThrough = cursor.from === '' && cursor.whole;
    if (!isThrough) {
      if (encodeCursor(cursor) !== old.cursorText) this.replace(ROM_CURSOR, encodeCursor(cursor));
    } else if (old.cursorText !== null) this.remove(ROM_CURSOR);
  }

  private updateManifest(identity: string, old: ManifestOnVolume): void {
    const { system, task, clocks } = this;
    // A full volume is not worth the time.
    if (this.hasRoom(LEAST_RECORD)) {
      const begun =
        old.sameImage && old.manifest !== null
          ? old.manifest
          : { identity, complete: false, files: new Map() };
      const filled = encodeManifest(fillManifest(system, task.rom, begun, clocks.ms));
      if (this.hasRoom(filled.length)) return this.replace(ROM_MANIFEST, filled);
    }
    // A manifest of an older image would be taken for that of the image before this one for ever.
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
 * Brings both records up to date. In most boots that is a look at the first line of the manifest
 * and a walk through the upper layer, and nothing is written.
 * @returns whether anything was written, and what a person should know.
 * @throws {SystemError} when a record cannot be written.
 */
export function writeRomRecord(
  system: System,
  task: RomToRecord,
  clocks: Clocks = { ms: () => performance.now(), moment: momentOf(system) },
): { changed: boolean; warnings: string[] } {
  const recorder = new RomRecorder(system, task, clocks);
  recorder.run();
  return { changed: recorder.changed, warnings: recorder.warnings };
}
