import { writeRomRecord as record, type RomToRecord } from '../tree/rom-record.js';
import type { StepKind } from './step-kind.js';

/**
 * Records the files of the image on the data volume, and which version of them each file of the
 * upper layer replaced.
 */
export const recordRom: StepKind<RomToRecord> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: (action, system) => record(system, action),
  busy: null,
  shownAs: 'one call',
  shell: () => ':',
};
