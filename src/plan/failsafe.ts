/** How a person gets at the settings that a start did not use. */
import type { Facts } from '../facts/facts.js';
import { STAGING } from '../facts/places.js';
import { quote } from '../text/shell.js';
import { fstypeOf } from '../volumes/mountable.js';
import { isFileSystem } from '../volumes/file-systems.js';
import { isHidden } from './behind.js';
import type { Plan } from './plan.js';

/** The command that shows the settings; null if the volume cannot be mounted as far as is known. */
function mountCommand(facts: Facts): string | null {
  const { volume } = facts;
  const { found, attach } = volume;
  if (attach !== null) return `ubiattach -m ${attach}`;
  if (isHidden(facts) && isFileSystem(facts.rootdisk!.content.kind)) {
    const { device, offset, content } = facts.rootdisk!;
    return (
      `mkdir -p ${STAGING} && ` +
      `mount -t ${content.kind} -o loop,offset=${offset} /dev/${device} ${STAGING}`
    );
  }
  const [device] = found;
  const fstype = found.length === 1 ? fstypeOf(device!, volume) : undefined;
  if (fstype === undefined) return null;
  return `mkdir -p ${STAGING} && mount -t ${fstype} ${quote(device!.source)} ${STAGING}`;
}

/** The way to the settings as a clause; null if none is known. */
export function reachWords(facts: Facts): string | null {
  const command = mountCommand(facts);
  if (command === null) return null;
  return facts.volume.attach === null
    ? `to get at the settings meanwhile, run \`${command}\`: they are in ${STAGING}/upper`
    : `to get at the settings meanwhile, run \`${command}\`, and mount the volume that appears`;
}

/** Notes of a start in failsafe mode: whoever calls it wants the settings. */
export function failsafeNotes(facts: Facts, { last, rung }: Plan): string[] {
  if (facts.failsafe !== true || !last) return [];
  if (rung === 'kept-read-only')
    return [
      'the settings are in /overlay/upper, read-only; ' +
        'to change them, run `mount -o remount,rw /overlay`',
    ];
  if (rung !== 'persistent') return [reachWords(facts)].filter((each) => each !== null);
  const limit = facts.configuration.settings.boot_limit;
  const attempts = facts.opened?.attempts ?? 0;
  return limit > 0 && attempts >= limit
    ? [
        `${attempts} starts in a row never reached \`done\`; in failsafe mode the settings are ` +
          'used nevertheless, and this start does not count',
      ]
    : [];
}
