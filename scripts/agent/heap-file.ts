/**
 * The file that Node's --build-snapshot writes (SnapshotData::ToBlob, src/node_snapshotable.cc). It
 * contains V8's heap, Node's own data, and at its end V8's code cache of each of Node's modules: a
 * count, then for each module length, name, length, bytes. Lengths are the board's: 32 bits,
 * little-endian.
 */

/** Upper limits: of the number of modules, and of the length of their names. */
const MOST = 2000;
const LONGEST_NAME = 200;

/** Returns the end of the list that begins at `start`; null if no list begins there. */
function endOfCodeCache(blob: Buffer, start: number): number | null {
  const count = blob.readUInt32LE(start);
  if (count === 0 || count > MOST) return null;
  let at = start + 4;
  for (let each = 0; each < count; each++) {
    for (const longest of [LONGEST_NAME, blob.length]) {
      if (at + 4 > blob.length) return null;
      const length = blob.readUInt32LE(at);
      if (length === 0 || length > longest) return null;
      at += 4 + length;
    }
  }
  return at;
}

/**
 * Removes the code cache from a heap. The heap itself contains the compiled functions of a start.
 * The cache is half of the file, and reading it cost 16 of 390 ms warm and 4 MiB of memory on the
 * board. Node compiles a function that it misses. Returns null if this Node's file has another
 * layout: the heap works with the cache too.
 */
export function withoutCodeCache(blob: Buffer): Buffer | null {
  const found: number[] = [];
  for (let at = 0; at + 8 <= blob.length; at++)
    if (endOfCodeCache(blob, at) === blob.length) found.push(at);
  return found.length === 1 ? Buffer.concat([blob.subarray(0, found[0]), Buffer.alloc(4)]) : null;
}
