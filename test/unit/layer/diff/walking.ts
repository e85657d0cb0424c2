/** The walk of an upper layer, as its tests call it. */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import type { Attributes } from '../../../../src/layer/diff/attributes.js';
import { eachOf, type DiffEntry, type NameResult } from '../../../../src/layer/diff/diff-entry.js';
import { walk, type WalkOptions } from '../../../../src/layer/diff/walk.js';

/** The attributes of files, by path and name. */
export type Notes = Map<string, Record<string, string>>;

/**
 * Reads attributes from a map instead of the files, because only root can set those of overlay.
 * The walk names a file by its directory's descriptor, which is resolved here.
 */
export function noted(notes: Notes): Attributes {
  const of = (path: string): Record<string, string> =>
    notes.get(join(fs.realpathSync(dirname(path)), path.slice(path.lastIndexOf('/') + 1))) ?? {};
  return {
    names: (path) => Object.keys(of(path)),
    value: (path, name) => (of(path)[name] === undefined ? null : Buffer.from(of(path)[name]!)),
  };
}
export const NO_NOTES = noted(new Map());

export const diff = (
  upper: string,
  lower: string,
  options: Partial<WalkOptions> = {},
): NameResult[] => [...walk({ upper, lower, attributes: NO_NOTES, ...options })].flatMap(eachOf);
export const entries = (told: readonly NameResult[]): DiffEntry[] =>
  told.filter((each): each is DiffEntry => each !== null && !('problem' in each));
export const lines = (told: readonly NameResult[]): string[] =>
  entries(told).map(({ kind, path }) => `${kind} ${path}`);

/** How the tests' layers mark a whiteout, with an attribute in the notes. */
export const WHITEOUT = '(overlay-whiteout)';
