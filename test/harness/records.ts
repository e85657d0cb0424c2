import type { Machine } from '../../scripts/emulator/machine.js';
import { RECORD_FOLDERS } from '../../src/facts/places.js';

/** The fields of state.json that tests on boards look at. */
export interface BootState {
  rung: string;
  reason: string | null;
  because: string | null;
  exit: number;
  persistent: boolean;
  failures: { error: string }[];
  limits: string[];
}

/**
 * A file of the boot's records: in /run if that was in memory when the start began, else in /tmp.
 */
export const record = (machine: Machine, name: string): Promise<string> =>
  machine.output(
    `for folder in ${RECORD_FOLDERS.join(' ')}; do ` +
      `[ ! -e $folder ] || exec cat $folder/${name}; done; exit 1`,
  );

export const bootState = async (machine: Machine): Promise<BootState> =>
  JSON.parse(await record(machine, 'state.json')) as BootState;
