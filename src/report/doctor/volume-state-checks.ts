/** The pending work on the data volume, and the external volume that replaces it. */
import type { Facts, MountedVolume, Volume } from '../../facts/facts.js';
import { persistObstacle } from '../../plan/persist.js';
import { sentenceOf } from '../../plan/reasons.js';
import { boardNames, otherOwner } from '../../plan/external-owner.js';
import { volumeTrouble } from '../../plan/volume.js';
import { listed } from '../../text/listed.js';
import { describe } from '../../volumes/device.js';
import { ok, problemOf, warning, type CheckInputs, type Finding } from './check-rule.js';

/** An order to reset, whether it can be carried out or not. */
function resetOrder({ at, order }: MountedVolume): Finding | null {
  const file = `${at}/.mountroot/reset.json`;
  if (order === null) return null;
  if (order === 'unreadable')
    return warning(
      'an order to reset could not be read, so it is not carried out, and stays there',
      file,
      'look at the kernel log for errors of the flash, ' +
        'and order it again with `mountroot reset`',
    );
  if (order === 'damaged')
    return warning(
      'an order to reset is damaged, so it is not carried out',
      file,
      'order it again with `mountroot reset`, or let it be: the next start puts it aside',
    );
  const but = order.keep.length > 0 ? ` but ${listed(order.keep)}` : '';
  return warning(
    `an order to reset waits: the next start removes all settings${but}`,
    file,
    `nothing if that was meant; else delete ${file}`,
  );
}

function importOrder({ at, imported }: MountedVolume): Finding | null {
  if (!imported?.ordered) return null;
  return warning(
    'an import waits to be carried out: ' +
      'the next start puts its settings in place of those on the volume',
    `${at}/.mountroot/import.json`,
    'nothing if that was meant; else `mountroot import --cancel`',
  );
}

function stateMark({ at, state }: MountedVolume): Finding | null {
  if (state !== 'damaged') return null;
  return warning(
    "OpenWrt's mark of the volume's state has a value that is not known",
    `${at}/.fs_state`,
    'nothing: the next start puts it aside and makes a new one',
  );
}

export function orders({ now: { opened } }: CheckInputs): Finding[] | null {
  if (opened === null) return null;
  const out = [resetOrder(opened), importOrder(opened), stateMark(opened)].filter(
    (finding) => finding !== null,
  );
  if (out.length > 0) return out;
  return [ok('no reset and no import waits to be carried out', `${opened.at}/.mountroot`)];
}

function externalTrouble(facts: Facts, volume: Volume): string | null {
  if (volume.found.length === 0) return 'no device of this name is there';
  const trouble = volumeTrouble(facts, volume, undefined);
  return trouble === null ? null : sentenceOf(trouble);
}

export function externalVolume({ now }: CheckInputs): Finding | null {
  const { external, opened } = now;
  if (external === null) return null;
  const { wanted, at, readonly, found, content } = external;
  const asked = `the external volume ${wanted}`;
  const trouble = externalTrouble(now, external);
  if (trouble !== null) return problemOf('extroot-missing', `${asked} cannot be used`, trouble);
  if (at !== null && readonly)
    return problemOf(
      'extroot-failed',
      `${asked} can only be mounted read-only`,
      `/proc/self/mountinfo: ${at}`,
    );
  const owner = at === null || opened === null ? null : otherOwner(external, opened);
  if (owner !== null)
    return problemOf(
      'extroot-mismatch',
      `${asked} belongs to another board`,
      `its etc/.extroot-uuid says ${owner}, and ${boardNames(external, opened!)}`,
    );
  return ok(`${asked} is ${describe(found[0]!)}`, content?.evidence ?? '/sys/class/block');
}

/** The directories that are to last on a root in memory. */
export function lastingPaths({ now, start }: CheckInputs): Finding[] | null {
  const facts = start ?? now;
  if (facts.persist === undefined) return null;
  const evidence = '`persist` in the configuration, and the directories of the image';
  const troubles = facts.persist.flatMap((place) => {
    const obstacle = persistObstacle(facts, place);
    return obstacle === null
      ? []
      : [problemOf('persist-failed', `${place.path} would not last: ${obstacle}`, evidence)];
  });
  if (troubles.length > 0) return troubles;
  const paths = listed(facts.persist.map(({ path }) => path));
  return [ok(`on a root in memory, ${paths} can last`, evidence)];
}
