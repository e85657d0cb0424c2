/** Gathers what `maintain` and `commit` must know of the file system below the overlay. */
import { isClosedAfter, lowerOf, type LowerLook } from '../distribution/maintain-checks.js';
import type { Facts } from '../facts/facts.js';
import { OLD_ROOT } from '../facts/places.js';
import { rootProtection } from '../facts/root-protection.js';
import { reader } from '../system/files.js';
import { pathOf } from '../system/names.js';
import { orElse } from '../system/or-else.js';

export const lowerLook = (facts: Facts): LowerLook => ({
  facts,
  isProtected: rootProtection(reader, facts.mounts, OLD_ROOT).rootProtected === true,
});

/** Whether a path below leads where it says, to the same kind of file. */
export const isSameBelow = (path: string): boolean =>
  orElse(false, () => {
    const below = `${OLD_ROOT}${path}`;
    return (
      // A name that is no text cannot be handed on.
      typeof pathOf(path) === 'string' &&
      reader.realPath(below) === below &&
      reader.details(below).kind ===
        (reader.details(path).kind === 'directory' ? 'directory' : 'file')
    );
  });

export const closesAfter = (facts: Facts): boolean => isClosedAfter(lowerOf(facts)!);
