import fc from 'fast-check';
import t from 'tap';
import type { LogEntry } from '../../../../scripts/emulator/write-log.js';
import { random } from '../../../fixtures/random.js';
import { TORN, diskStates, flashStates, type CutState } from '../../../harness/cuts/states.js';
import { sampleByClass } from '../../../harness/cuts/trial.js';
import { changedRange, rises, tearsOf } from '../../../harness/cuts/torn.js';

const SIZE = 4096;

const entry = (offset: number, data: Buffer | null, more: Partial<LogEntry> = {}): LogEntry => ({
  offset,
  length: data?.length ?? 0,
  data,
  flush: false,
  fua: false,
  discard: false,
  ...more,
});

/** The content of the medium in each state. */
function* contents(
  before: Buffer,
  states: Iterable<CutState>,
): Generator<CutState & { content: Buffer }> {
  const content = Buffer.from(before);
  for (const state of states) {
    for (const { offset, data } of state.changes) data.copy(content, offset);
    yield { ...state, content: Buffer.from(content) };
  }
}

const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));

t.test('a torn program only clears bits, and only those that were to fall', async () => {
  fc.assert(
    fc.property(bytes(64), bytes(64), fc.integer(), (old, mask, seed) => {
      const next = Buffer.from(old.map((byte, at) => byte & mask[at]!));
      const range = changedRange(old, next);
      if (range === null) return old.equals(next);
      return tearsOf(old, next, random(seed)).every(
        ({ content }) =>
          content.length === old.length &&
          !rises(old, content) &&
          content.every((byte, at) => (byte & next[at]!) === next[at]),
      );
    }),
  );
});

t.test('the range of a change has whole words and all that differs', async () => {
  fc.assert(
    fc.property(bytes(32), bytes(32), (old, next) => {
      const range = changedRange(old, next);
      if (range === null) return old.equals(next);
      const { from, to } = range;
      return (
        from % 4 === 0 &&
        to % 4 === 0 &&
        old.subarray(0, from).equals(next.subarray(0, from)) &&
        old.subarray(to).equals(next.subarray(to))
      );
    }),
  );
});

t.test(
  'the states of a chip have each prefix whole, in order, with torn ones between',
  async (t) => {
    const before = Buffer.alloc(SIZE, 0xff);
    const log = [
      entry(0, Buffer.alloc(1024, 0x0f)),
      entry(0, Buffer.alloc(1024, 0x0f)),
      entry(0, Buffer.alloc(1024, 0xff)),
      entry(2048, Buffer.alloc(512, 0xf0)),
    ];
    const all = [...contents(before, flashStates(before, log, { seed: 1, tears: 2 }))];
    t.same(
      all.map(({ id }) => id),
      all.map((_, index) => index),
    );
    const whole = all.filter(({ kind }) => kind === 'whole');
    t.same(
      whole.map(({ entries, content }) => [entries, content[0], content[2048]]),
      [
        [0, 0xff, 0xff],
        [1, 0x0f, 0xff],
        [3, 0xff, 0xff],
        [4, 0xff, 0xf0],
      ],
      'an entry that changes nothing is no state of its own',
    );
    t.equal(all.filter(({ kind }) => kind === 'erase at zeros').length, 2);
    t.equal(all.filter(({ kind }) => kind === 'words missing').length, 4);
    const again = [...contents(before, flashStates(before, log, { seed: 1, tears: 2 }))];
    t.same(again, all, 'a seed gives the same states again');
  },
);

t.test('a disk keeps what was flushed or forced; of the rest any part may be lost', async () => {
  const writes = fc.array(
    fc.record({
      sector: fc.nat(SIZE / 512 - 2),
      fill: fc.nat(255),
      kind: fc.constantFrom('write', 'write', 'write', 'flush', 'fua'),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(writes, fc.integer({ min: 1, max: 1000 }), (made, seed) => {
      const before = Buffer.alloc(SIZE);
      const log = made.map(({ sector, fill, kind }) =>
        kind === 'flush'
          ? entry(0, null, { flush: true })
          : entry(sector * 512, Buffer.alloc(1024, fill), { fua: kind === 'fua' }),
      );
      for (const { entries, kind, content } of contents(
        before,
        diskStates(before, log, { seed, tears: 3 }),
      )) {
        // The contents that each sector may have: that of the last sure write, or of a later one.
        for (let at = 0; at < SIZE; at += 512) {
          let allowed = new Set([0]);
          for (const { offset, data, flush, fua } of log.slice(0, entries)) {
            const here = data !== null && offset <= at && at < offset + data.length;
            if (flush) allowed = new Set([[...allowed].at(-1)!]);
            if (!here) continue;
            allowed.delete(data[0]!);
            allowed = fua ? new Set([data[0]!]) : allowed.add(data[0]!);
          }
          const value = content[at]!;
          if (!content.subarray(at, at + 512).every((byte) => byte === value)) return false;
          if (!allowed.has(value)) return false;
          if (kind === 'whole' && value !== [...allowed].at(-1)) return false;
        }
      }
      return true;
    }),
    { numRuns: 300 },
  );
});

t.test('a state tells whether a write arrived in part', async (t) => {
  const log = [0, 1, 2, 3].map((at) => entry(at * 1024, Buffer.alloc(1024, at + 1)));
  const seen = { whole: 0, torn: 0 };
  for (let seed = 1; seed <= 50; seed++)
    for (const { kind, content } of contents(
      Buffer.alloc(SIZE),
      diskStates(Buffer.alloc(SIZE), log, { seed, tears: 3 }),
    )) {
      const inPart = log.some(({ offset }) => content[offset] !== content[offset + 512]);
      if (inPart) t.equal(kind, TORN);
      seen[kind === TORN ? 'torn' : 'whole']++;
    }
  t.ok(seen.whole > 100 && seen.torn > 100, JSON.stringify(seen));
});

t.test('a sample has some of each class, and the first and the last', async (t) => {
  const all = Array.from({ length: 100 }, (_, id) => ({ id, kind: id < 90 ? 'many' : 'few' }));
  const chosen = sampleByClass(all, ({ kind }) => kind, 20, 1);
  t.equal(chosen.length, 20);
  t.match([chosen[0], chosen.at(-1)], [{ id: 0 }, { id: 99 }]);
  t.equal(chosen.filter(({ kind }) => kind === 'few').length, 10, 'all that there are');
  t.same(
    sampleByClass(all, ({ kind }) => kind, 20, 1),
    chosen,
    'the same for the same seed',
  );
  t.same(
    sampleByClass(all, ({ kind }) => kind, 200, 1),
    all,
  );
});
