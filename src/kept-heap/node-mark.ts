/**
 * Where the Node that runs has its code, and the id of that file (NT_GNU_BUILD_ID of ELF). Node
 * compares its version with that of a heap, but another build of the same version may have other
 * functions in other places.
 */
import { readFileSync, readSync, openSync, closeSync, fstatSync } from 'node:fs';
import type { NodeMark } from './same-program.js';

const PT_NOTE = 4;
const NT_GNU_BUILD_ID = 3;
const NAME = 'GNU\0';

/** The mapped file with the most code whose name is Node's. */
function fileOfNode(maps: string): string {
  let [found, most] = [process.execPath, 0];
  for (const [, from, to, path] of maps.matchAll(
    /^(\w+)-(\w+) r-xp \S+ \S+ \d+ +(\/.*\/(?:lib)?node[^/]*)$/gm,
  )) {
    const size = parseInt(to!, 16) - parseInt(from!, 16);
    if (size > most) [found, most] = [path!, size];
  }
  return found;
}

interface Range {
  at: number;
  size: number;
}

/** The notes of an ELF file, from its program headers. */
function notesOf(read: (range: Range) => Buffer): Range[] {
  const head = read({ at: 0, size: 64 });
  const wide = head[4] === 2;
  const [table, size, count] = wide
    ? [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)]
    : [head.readUInt32LE(28), head.readUInt16LE(42), head.readUInt16LE(44)];
  const programs = read({ at: table, size: size * count });
  return Array.from({ length: count }, (_, index) =>
    programs.subarray(index * size, (index + 1) * size),
  )
    .filter((header) => header.readUInt32LE(0) === PT_NOTE)
    .map((header) =>
      wide
        ? { at: Number(header.readBigUInt64LE(8)), size: Number(header.readBigUInt64LE(32)) }
        : { at: header.readUInt32LE(4), size: header.readUInt32LE(16) },
    );
}

const padded = (length: number): number => (length + 3) & ~3;

/** The place of the build id within notes; null if it is not among them. */
function idWithin(notes: Buffer): Range | null {
  for (let at = 0; at + 12 <= notes.length;) {
    const [name, size, type] = [0, 4, 8].map((offset) => notes.readUInt32LE(at + offset));
    const start = at + 12 + padded(name!);
    if (type === NT_GNU_BUILD_ID && notes.toString('latin1', at + 12, at + 12 + name!) === NAME)
      return { at: start, size: size! };
    at = start + padded(size!);
  }
  return null;
}

/** The mark of this Node. */
export function nodeMark(): NodeMark {
  const path = fileOfNode(readFileSync('/proc/self/maps', 'utf8'));
  const file = openSync(path, 'r');
  const read = ({ at, size }: Range): Buffer => {
    const bytes = Buffer.alloc(size);
    return bytes.subarray(0, readSync(file, bytes, 0, size, at));
  };
  try {
    const { size } = fstatSync(file);
    for (const note of notesOf(read)) {
      const within = idWithin(read(note));
      if (within === null) continue;
      const place = { at: note.at + within.at, size: within.size };
      return { path, size, at: place.at, id: read(place).toString('latin1') };
    }
    return { path, size, at: 0, id: '' };
  } finally {
    closeSync(file);
  }
}
