import * as v from 'valibot';
import { VOLUME_TYPES, type ContentKind } from '../volumes/index.js';

/** Fields that several parts of a facts file share. */
export const count = v.pipe(v.number(), v.integer(), v.minValue(0));

export const pathKind = v.picklist([
  'missing',
  'directory',
  'file',
  'symlink',
  'block',
  'character',
  'fifo',
  'socket',
  'other',
]);

export const contentKind = v.picklist(Object.keys(VOLUME_TYPES) as ContentKind[]);
