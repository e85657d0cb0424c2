import { writeRomRecord as record, type RomToRecord } from '../tree/rom-record.js';
import type { StepKind } from './step-kind.js';

/**
 * Records on the data volume what the files of the image are, and over which of them the upper
 * layer's files were written.
 */
export const recordRom: StepKind<RomToRecord> = {
  inverse: () => null,
  condition: () => ({ kind: 'nothing' }),
  execute: (action, system) => record(system, action),
  busy: null,
  shownAs: 'one call',
  shell: () => ':',
};
