/**
 * The file that Node's --build-snapshot writes (SnapshotData::ToBlob, src/node_snapshotable.cc):
 * V8's heap, what Node needs to go on with it, and last V8's code cache of each of Node's own
 * modules: how many there are, and each as length, name, length, bytes. Lengths are those of the
 * board, 32 bits, little-endian.
 */

/** More than any Node has modules, and longer than any has a name. */
const MOST = 2000;
const LONGEST_NAME = 200;

/** Where the list that begins here ends; null when there is none. */
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
 * A kept heap without the code cache: what a start calls is compiled in the heap itself, and
 * reading the cache, which is half of the file, cost 16 of 390 ms warm and 4 MiB of memory on the
 * board. Node compiles what it then misses. null when this Node writes its file in another way: the
 * heap is right as it is, too.
 */
export function withoutCodeCache(blob: Buffer): Buffer | null {
  const found: number[] = [];
  for (let at = 0; at + 8 <= blob.length; at++)
    if (endOfCodeCache(blob, at) === blob.length) found.push(at);
  return found.length === 1 ? Buffer.concat([blob.subarray(0, found[0]), Buffer.alloc(4)]) : null;
}
