import { FULL } from '../system/errno.js';
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
