/**
 * The names of a directory in the upper layer, each with the file of the image that it changes:
 * many in one call through the native parts, else one after the other by their paths.
 */
import * as fs from 'node:fs';
import { kernelTime } from '../../system/file-time.js';
import type { FileStat, LoneFiles, Pair } from '../../system/tree-pairs.js';
import { codeOf, namesIn, openDirectory, readLink, statOrNull } from './lower-files.js';

/** As openPairs() of src/system/tree-pairs-ffi.ts. */
export interface PairReaders {
  pairs: (
    fd: number,
    beside: { open: () => number; close: (fd: number) => void },
    path: string,
  ) => Iterable<Pair[]>;
  both: (
    of: { fd: number; beside: number; countsBlocks: boolean },
    path: string,
  ) => Iterable<(Pair | LoneFiles)[]> | null;
}

/** A name that only the image has, in a directory that hides it, has no upper file. */
export interface LayerPair extends Omit<Pair, 'upper'> {
  upper: FileStat | string | null;
}

/** A name in both layers, or files that only the upper one has. */
export type LayerName = LayerPair | LoneFiles;

/** What is not known without a look at the attributes or the content. */
const UNKNOWN = {
  ...{ marked: { upper: true, lower: true }, content: null },
  ...{ entered: false, folder: null },
} as const;

/** lstat(2), with the target of a symlink; null if the path does not exist. */
export function fileStat(path: string): FileStat | null {
  const stat = statOrNull(path);
  if (stat === null) return null;
  const { seconds, nanoseconds } = kernelTime(stat.mtimeNs);
  return {
    mode: Number(stat.mode),
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    links: Number(stat.nlink),
    size: Number(stat.size),
    blocks: Number(stat.blocks),
    device: Number(stat.dev),
    inode: Number(stat.ino),
    node: Number(stat.rdev),
    seconds: Number(seconds),
    nanoseconds,
    target: stat.isSymbolicLink() ? readLink(path) : '',
  };
}

export interface Folders {
  /** The upper directory, its descriptor, and the path that leads to its names. */
  fd: number;
  at: string;
  /** The directory of the image; null if there is none. */
  lower: string | null;
  /** Whether the names of the image show through, or there are none. */
  simple: boolean;
}

export interface Reading {
  /** null without the native parts. */
  readers: PairReaders | null;
  countsBlocks: boolean;
  /**
   * Whether a name is looked at; the others come without their files. null if all are.
   */
  wants: ((name: string) => boolean) | null;
}

/**
 * The names of a directory, or of all below it as far as it is simple; with the names that only the
 * image has if it is not. @throws as readdir(3)
 */
export function pairsOf(
  { fd, at, lower, simple }: Folders,
  { readers, countsBlocks, wants }: Reading,
): Iterable<LayerName[]> {
  const open = (): number => (lower === null ? -1 : openDirectory(lower));
  const calls = wants === null ? readers : null;
  const both = simple && calls !== null ? bothOf(calls, { fd, open, countsBlocks }, at) : null;
  if (both !== null) return both;
  const pairs =
    calls === null
      ? byPath(at, lower, wants ?? (() => true))
      : calls.pairs(fd, { open, close: fs.closeSync }, at);
  return simple || lower === null ? pairs : withHidden(pairs, lower);
}

/** null if too many such walks are going on. */
function bothOf(
  readers: PairReaders,
  { open, ...of }: { fd: number; open: () => number; countsBlocks: boolean },
  at: string,
): Iterable<LayerName[]> | null {
  const beside = open();
  try {
    return readers.both({ ...of, beside }, at);
  } finally {
    if (beside >= 0) fs.closeSync(beside);
  }
}

function* byPath(
  at: string,
  lower: string | null,
  wants: (name: string) => boolean,
): Generator<LayerPair[], void> {
  for (const name of namesIn(at)) {
    if (!wants(name)) {
      yield [{ name, upper: null, lower: null, ...UNKNOWN }];
      continue;
    }
    const below = lower === null ? null : sideOf(`${lower}/${name}`);
    const upper = sideOf(`${at}/${name}`);
    // null: it was removed since its directory was read.
    if (upper !== null) yield [{ name, upper, lower: below, ...UNKNOWN }];
  }
}

/** @returns the name of the error if the file cannot be looked at. */
function sideOf(path: string): FileStat | string | null {
  try {
    return fileStat(path);
  } catch (error) {
    return codeOf(error);
  }
}

/** The same, with the names that only the image has, in the order of their bytes. */
function* withHidden(all: Iterable<LayerPair[]>, lower: string): Generator<LayerPair[], void> {
  const names = namesIn(lower);
  let next = 0;
  const hidden = (name: string): LayerPair => ({
    ...{ name, upper: null, lower: sideOf(`${lower}/${name}`) },
    ...UNKNOWN,
  });
  for (const pairs of all)
    for (const pair of pairs) {
      while (next < names.length && names[next]! < pair.name) yield [hidden(names[next++]!)];
      if (names[next] === pair.name) next++;
      yield [pair];
    }
  while (next < names.length) yield [hidden(names[next++]!)];
}
