/** Where a walk is, and what is there. */
import * as fs from 'node:fs';
import { META, STATE_LINK } from '../../facts/places.js';
import type { FileStat } from '../../system/tree-pairs.js';
import { whatOf } from './lower-files.js';
import type { LayerName, LayerPair } from './pairs.js';

/** The directory of the image to compare with one of the upper layer. */
export interface Shows {
  /** Its path; null if there is none. */
  lower: string | null;
  /** Whether its names show through. */
  merged: boolean;
  redirected: boolean;
}

/** A directory on the walk's current path. */
export interface Frame extends Omit<Shows, 'redirected'> {
  path: string;
  fd: number;
  /** The path that leads to its names. */
  at: string;
  /** Whether whiteouts may be files with an attribute here (since 6.7). */
  marked: boolean;
  pairs: Iterator<LayerName[]>;
  /** The last ones that it gave, and how many of them are done. */
  some: readonly LayerName[];
  next: number;
}

/** The current name of the walk, in both layers. */
export interface Found {
  /** Within the layers. */
  path: string;
  /** Its path in the upper layer. */
  at: string;
  stat: FileStat;
  /** Its path in the image, even if nothing is there; null if the image cannot have it. */
  lower: string | null;
  /** The file of the image at that path. */
  below: FileStat | null;
  /** Whether the files may have extended attributes. */
  marked: LayerPair['marked'];
  /** Whether both hold the same; null if nobody looked. */
  content: LayerPair['content'];
}

export const MARKED = { upper: true, lower: true } as const;

export const pathIn = (folder: string, name: string): string =>
  folder === '' ? name : `${folder}/${name}`;

/** Without /proc, on a workstation that is not Linux, names are reached by path. */
const DESCRIPTORS = fs.existsSync('/proc/self/fd');
export const through = (fd: number, path: string): string =>
  DESCRIPTORS ? `/proc/self/fd/${fd}` : path;

export const isFolder = (stat: FileStat | null): boolean =>
  stat !== null && whatOf(stat) === 'directory';

/** Whether a name is a directory that can be looked at. */
export const isOpened = ({ upper, lower }: LayerPair): boolean =>
  upper !== null && typeof upper !== 'string' && typeof lower !== 'string' && isFolder(upper);

/** Our own records: the upper layer of the out-of-tree overlayfs is the root of the volume. */
export const isOurs = ({ path }: Frame, { name }: LayerPair): boolean =>
  path === '' && (name === META || name === STATE_LINK);

/** The last name of a path. */
export const lastOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
