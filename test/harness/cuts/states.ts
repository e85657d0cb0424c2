/** The states that a medium can be in after a power cut, from what was written to it. */
import { random, type Random } from '../../fixtures/random.js';
import type { LogEntry } from '../../../scripts/emulator/write-log.js';
import { changedRange, tearsOf } from './torn.js';

const SECTOR = 512;

/** A change of the medium's content. */
interface Change {
  offset: number;
  data: Buffer;
}

export interface CutState {
  id: number;
  /** So many entries of the log were complete. */
  entries: number;
  /** `whole`, the way in which the next entry was torn, or how the cache arrived. */
  kind: string;
  /** The changes since the state before. */
  changes: Change[];
}

export interface HowToCut {
  seed: number;
  /** flash: 1 for each way to tear each entry once. disk: the number of subsets for each entry. */
  tears: number;
}

const discarded = (entry: LogEntry): Buffer => Buffer.alloc(entry.length);
const written = (entry: LogEntry): Buffer | null =>
  entry.data ?? (entry.discard ? discarded(entry) : null);

/** Each prefix of the writes to a flash chip, and each prefix with a torn write behind it. */
export function* flashStates(
  before: Buffer,
  log: readonly LogEntry[],
  { seed, tears }: HowToCut,
): Generator<CutState> {
  const image = Buffer.from(before);
  const chance = random(seed);
  let id = 0;
  yield { id: id++, entries: 0, kind: 'whole', changes: [] };
  for (const [index, entry] of log.entries()) {
    const next = written(entry);
    if (next === null) continue;
    const old = image.subarray(entry.offset, entry.offset + next.length);
    const range = changedRange(old, next);
    if (range === null) continue;
    const offset = entry.offset + range.from;
    const [from, to] = [
      Buffer.from(old.subarray(range.from, range.to)),
      next.subarray(range.from, range.to),
    ];
    for (let round = 0; round < tears; round++)
      for (const { kind, content } of tearsOf(from, to, chance))
        yield { id: id++, entries: index, kind, changes: [{ offset, data: content }] };
    to.copy(image, offset);
    yield { id: id++, entries: index + 1, kind: 'whole', changes: [{ offset, data: to }] };
  }
}

/** A write since the last flush. It is sure to arrive if it was forced (FUA). */
interface Held extends Change {
  sure: boolean;
}

/** A disk with a cache, of which only what was flushed or forced is sure to be on the medium. */
class Cache {
  private held: Held[] = [];

  constructor(private readonly durable: Buffer) {}

  take(entry: LogEntry): void {
    if (entry.flush) {
      for (const { offset, data } of this.held) data.copy(this.durable, offset);
      this.held = [];
    }
    const data = written(entry);
    if (data !== null) this.held.push({ offset: entry.offset, data, sure: entry.fua });
  }

  /** How many writes may be lost. */
  get unsure(): number {
    return this.held.filter(({ sure }) => !sure).length;
  }

  /** What is on the medium at the places of all writes that are held, when some of them arrived. */
  with(choose: () => 'lost' | 'there' | 'torn', chance: Random): Change[] {
    const places = new Map<number, Buffer>();
    for (const { offset, data, sure } of this.held) {
      const choice = sure ? 'there' : choose();
      for (let at = 0; at < data.length; at += SECTOR) {
        const place = offset + at;
        const old = places.get(place) ?? this.durable.subarray(place, place + SECTOR);
        const arrived = choice === 'there' || (choice === 'torn' && chance(2) === 0);
        places.set(place, arrived ? data.subarray(at, at + SECTOR) : old);
      }
    }
    return joined([...places].map(([offset, data]) => ({ offset, data })));
  }
}

/** Joins sectors that follow each other. */
function joined(sectors: Change[]): Change[] {
  sectors.sort((a, b) => a.offset - b.offset);
  const runs: { offset: number; parts: Buffer[] }[] = [];
  let end = -1;
  for (const { offset, data } of sectors) {
    if (offset === end) runs.at(-1)!.parts.push(data);
    else runs.push({ offset, parts: [data] });
    end = offset + data.length;
  }
  return runs.map(({ offset, parts }) => ({ offset, data: Buffer.concat(parts) }));
}

/** A state of a disk with a write of which only some sectors have arrived. */
export const TORN = 'reordered and torn';

/**
 * Each prefix of the writes to a disk, and of each prefix some of the many states that a cache
 * leaves that has written its content in any order.
 */
export function* diskStates(
  before: Buffer,
  log: readonly LogEntry[],
  { seed, tears }: HowToCut,
): Generator<CutState> {
  const cache = new Cache(Buffer.from(before));
  const chance = random(seed);
  let id = 0;
  yield { id: id++, entries: 0, kind: 'whole', changes: [] };
  for (const [index, entry] of log.entries()) {
    cache.take(entry);
    const entries = index + 1;
    const rounds = entry.data === null || cache.unsure === 0 ? 0 : tears;
    for (let round = 0; round < rounds; round++) {
      const likely = 1 + chance(7);
      let kind = 'reordered';
      const changes = cache.with(() => {
        if (chance(8) < likely) return 'there';
        if (chance(4) !== 0) return 'lost';
        kind = TORN;
        return 'torn';
      }, chance);
      yield { id: id++, entries, kind, changes };
    }
    // It comes last: what a later flush makes durable is then on the medium.
    yield { id: id++, entries, kind: 'whole', changes: cache.with(() => 'there', chance) };
  }
}
