/** The walk of native/tree-copy.h through a tree and its copy. */
import { errnoName } from './errno.js';
import { kernelTime } from './file-time.js';
import type { CopyPair, CopyPoint, CopyStep, CopyWalk, Folder, FolderEntry } from './tree-door.js';
import { LISTING, treeLibrary, read, real, space, type RealFolder } from './tree-library.js';
import { decodeEntries, statesOf, decodeName, writeText } from './tree-records.js';

/** The numbers of `what`. */
const [GOES_ON, NAMES, FOLDER, UNDESCRIBED] = [2, 3, 4, 5];

/** The size of `struct copied`. */
const COPIED = 56;
/** The size of `struct copy_begin`. */
const BEGIN = 24;

/** The bits of `state`. */
const IS_IN_COPY = 2;
const IS_EXTRA = 4;
const ERROR_BITS = 3;

const errorOf = (state: number): string | null =>
  state >> ERROR_BITS === 0 ? null : errnoName(state >> ERROR_BITS);

/** The records of names. */
function pairsOf(entries: readonly FolderEntry[], states: readonly number[]): CopyPair[] {
  const pairs: CopyPair[] = [];
  for (let at = 0; at < entries.length; at++) {
    const [one, state] = [entries[at]!, states[at]!];
    const errno = errorOf(state);
    if ((state & IS_EXTRA) !== 0) pairs.push([null, one, errno]);
    else pairs.push([one, (state & IS_IN_COPY) !== 0 ? entries[++at]! : null, errno]);
  }
  return pairs;
}

/** What the walk waits for, from the space. */
function stepOf(top: RealFolder, copy: RealFolder, bytes: number): CopyStep | null {
  const what = space.readUInt32LE(0);
  if (what <= GOES_ON) return null;
  const length = space.readUInt32LE(48);
  // A path ends with a slash.
  const path = length === 0 ? '' : decodeName(space, COPIED, COPIED + length - 1);
  const folder = ({ path: above }: RealFolder, fd: number, device: number): RealFolder => ({
    fd: space.readInt32LE(fd),
    path: `${above}/${path}`,
    device: Number(space.readBigUInt64LE(device)),
    inode: -1,
  });
  const at: CopyPoint = {
    path,
    from: path === '' ? top : folder(top, 4, 32),
    to: path === '' ? copy : folder(copy, 8, 40),
    moved: space.readUInt32LE(12) !== 0,
  };
  const records = (COPIED + length + 7) & ~7;
  const entries = decodeEntries(space, records, bytes);
  const states = statesOf(space, records, bytes);
  if (what === NAMES) return { what: 'names', at, pairs: pairsOf(entries, states) };
  const [entry] = entries;
  if (what === FOLDER) return { what: 'folder', at, name: entry!.name, errno: errorOf(states[0]!) };
  if (what !== UNDESCRIBED) throw new Error(`a copy waits for ${what}`);
  return { what: 'undescribed', at, original: entry!, errno: errorOf(states[0]!)! };
}

/** What the walk did itself. */
function progressOf(): CopyStep | null {
  const [files, removed] = [space.readUInt32LE(16), space.readUInt32LE(20)];
  const bytes = Number(space.readBigUInt64LE(24));
  return files === 0 && removed === 0 ? null : { what: 'progress', files, bytes, removed };
}

function* steps(number: number, top: RealFolder, copy: RealFolder): Generator<CopyStep, void> {
  const library = treeLibrary();
  try {
    for (let isOn = true; isOn;) {
      const bytes = read(() => library.tree_copy_next(number), LISTING, top.path);
      // A stand-in of the library gives nothing.
      isOn = bytes >= COPIED && space.readUInt32LE(0) >= GOES_ON;
      const [progress, step] = [progressOf(), isOn ? stepOf(top, copy, bytes) : null];
      if (progress !== null) yield progress;
      if (step !== null) yield step;
    }
  } finally {
    library.tree_copy_end(number);
  }
}

/** As TreeDoor.copy. */
export function copyWalk(
  from: Folder,
  to: Folder,
  { scratch, ours, since, moved }: CopyWalk,
): Generator<CopyStep, void> | null {
  const library = treeLibrary();
  const { seconds, nanoseconds } = kernelTime(since ?? 0n);
  space.writeBigInt64LE(seconds, 0);
  space.writeUInt32LE(nanoseconds, 8);
  space.writeUInt32LE(since === null ? 0 : 1, 12);
  space.writeUInt32LE(moved ? 1 : 0, 16);
  writeText(space, BEGIN, ours);
  const number = library.tree_copy(real(from).fd, real(to).fd, real(scratch).fd);
  return number < 0 ? null : steps(number, real(from), real(to));
}
