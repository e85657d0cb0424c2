/** Makes damaged inputs of good ones. The same seed makes the same inputs. */

/** Numbers below a limit (xorshift32). */
type RandomBelow = (below: number) => number;

function randomFrom(seed: number): RandomBelow {
  let state = (Math.imul(seed, 0x9e3779b9) ^ 0x2545f491) >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

/** What often leads a parser astray. */
const PIECES = [
  ...['', '\0', '\n', ' ', '"', '\\', '/', '..', '%', '=', '-1', '0', '{', '[', ']}', '\x1b['],
  ...['99999999999999999999', '4294967295', '0x', '-0', '1e309', '\u202e', '__proto__'],
  '\xff\xff\xff\xff',
  '[['.repeat(200),
].map((piece) => Buffer.from(piece, 'latin1'));

const replaced = (bytes: Buffer, at: number, count: number, by: Buffer): Buffer =>
  Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + count)]);

/** A piece of `bytes` by place and length. */
function pieceOf(bytes: Buffer, below: RandomBelow): { at: number; count: number } {
  const at = below(bytes.length + 1);
  return { at, count: below(Math.min(bytes.length - at, 64) + 1) };
}

const CHANGES: readonly ((bytes: Buffer, other: Buffer, below: RandomBelow) => Buffer)[] = [
  (bytes, _, below) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[below(changed.length)]! ^= 1 << below(8);
    return changed;
  },
  (bytes, _, below) => {
    const changed = Buffer.from(bytes);
    if (changed.length > 0) changed[below(changed.length)] = below(256);
    return changed;
  },
  (bytes, _, below) => {
    const { at, count } = pieceOf(bytes, below);
    return replaced(bytes, at, count, PIECES[below(PIECES.length)]!);
  },
  (bytes, _, below) => {
    const { at, count } = pieceOf(bytes, below);
    return replaced(bytes, at, count, Buffer.alloc(0));
  },
  (bytes, other, below) => {
    const from = pieceOf(other, below);
    const { at } = pieceOf(bytes, below);
    return replaced(bytes, at, 0, other.subarray(from.at, from.at + from.count));
  },
  (bytes, _, below) => bytes.subarray(0, below(bytes.length + 1)),
];

/** Longer inputs only cost time. */
const LONGEST = 1 << 18;

/** Inputs without end, made of the seeds. */
export function* mutations(seeds: readonly Buffer[], seed: number): Generator<Buffer, never> {
  const below = randomFrom(seed);
  const any = (): Buffer => seeds[below(seeds.length)]!;
  for (;;) {
    let bytes = any();
    for (let left = 1 + below(5); left > 0; left--) {
      const change = CHANGES[below(8) === 0 ? 5 : below(5)]!;
      bytes = change(bytes, any(), below);
    }
    yield bytes.subarray(0, LONGEST);
  }
}
