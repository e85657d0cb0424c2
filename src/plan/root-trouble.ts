import type { Facts } from '../facts/facts.js';
import { FULL } from '../system/errno.js';
import { describe } from '../volumes/device.js';
import type { StageResult } from './plan.js';
import { troubleOf, type Trouble } from './reasons.js';
import { firstMatch, otherwise, type PlanRule } from './rule-table.js';

/** A root that failed, with the kernel's errors before it. */
interface FailedRoot extends NonNullable<StageResult['failed']> {
  /** See StageResult. */
  warned: readonly string[];
}

/** The steps that write to the data volume. If they fail with EIO, the flash itself is bad. */
const WRITING = ['upper', 'work', 'writable'];

/** mount(2) of the overlay returned 0, but the overlay is read-only. */
const isSilent = ({ errno, step }: FailedRoot): boolean => errno === null && step === 'overlay';

const said =
  (reason: 'full' | 'write-protected' | 'overlay-failed') =>
  ({ error }: FailedRoot): Trouble =>
    troubleOf(reason, error, null);

export const ROOT_FAILURES: readonly PlanRule<FailedRoot, Trouble>[] = [
  { id: 'full', when: ({ errno }) => FULL.includes(errno ?? ''), then: said('full') },
  {
    // On a full volume overlay comes up read-only. That it is full showed before, when the count of
    // starts could not be written.
    id: 'full-silently',
    when: (failed) => isSilent(failed) && failed.warned.some((errno) => FULL.includes(errno)),
    then: () =>
      troubleOf('full', 'the data volume is full, so overlay can only be mounted read-only'),
  },
  { id: 'read-only', when: ({ errno }) => errno === 'EROFS', then: said('write-protected') },
  {
    id: 'flash-fails',
    when: ({ errno, step }) => errno === 'EIO' && WRITING.includes(step),
    then: said('write-protected'),
  },
  { id: 'read-only-silently', when: isSilent, then: said('write-protected') },
  { id: 'otherwise', when: otherwise, then: said('overlay-failed') },
];

/**
 * The reason why a persistent root failed, from the kernel's error and the step; null if none
 * failed.
 */
export const rootTrouble = (result: StageResult | undefined): Trouble | null =>
  result?.failed ? firstMatch(ROOT_FAILURES, { ...result.failed, warned: result.warned }) : null;

/**
 * The volume could be mounted for reading only. UBI stops writing too, when a block goes bad and
 * none is left in its reserve (drivers/mtd/ubi/wl.c, erase_worker).
 */
export function readOnlyTrouble({ volume }: Facts): Trouble {
  const device = volume.found[0]!;
  const found = `${describe(device)} can only be mounted read-only: `;
  if (device.kind !== 'ubi')
    return troubleOf(
      'write-protected',
      `${found}the flash or its partition is write-protected, or the kernel found an error on it ` +
        '(see the kernel log)',
    );
  return troubleOf(
    'write-protected',
    `${found}the flash is write-protected, or UBI or UBIFS found an error and stopped writing; ` +
      'the kernel log says which',
    'save the settings (`mountroot export`); take a write protection off, and start anew; a chip ' +
      'with more bad blocks than UBI has in reserve must be replaced',
  );
}
