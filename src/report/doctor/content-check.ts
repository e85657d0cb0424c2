/** The content of the data volume: whether a start can mount it. */
import { REASONS } from '../../plan/reasons.js';
import { describe, type Device } from '../../volumes/device.js';
import type { Content } from '../../volumes/index.js';
import { DISK_MAKERS, fstypeOf, unmountableText, whyUnmountable } from '../../volumes/mountable.js';
import {
  RUN_AS_ROOT,
  ok,
  problem,
  unknown,
  warning,
  type CheckInputs,
  type Finding,
} from './check-rule.js';

/** The errors of the kernel for somebody who is not root; the evidence names them. */
const NOT_ALLOWED = /EACCES|EPERM/;

function unreadable(device: Device, evidence: string, isRoot: boolean): Finding {
  const on = describe(device);
  if (!isRoot && NOT_ALLOWED.test(evidence))
    return unknown(
      `the content of ${on} is not known, because only root may look at it`,
      evidence,
      RUN_AS_ROOT,
    );
  return warning(
    `the content of ${on} could not be looked at`,
    evidence,
    device.kind === 'mtd'
      ? 'build the kernel with CONFIG_MTD_BLOCK=y, so that content is known before it is mounted'
      : 'see the kernel log for errors of the device',
  );
}

const markedForErase = (on: string, evidence: string): Finding =>
  warning(
    `${on} is marked to be erased: the next start leaves it out, and mountroot done erases it`,
    evidence,
    'nothing if that was meant; else save the partition first (`cat /dev/mtdN >FILE`), ' +
      'because nothing takes the mark back',
  );

function unmountable(device: Device, content: Content): Finding {
  const { kind, evidence } = content;
  const { reason } = whyUnmountable(device, content);
  const cure =
    kind === 'blank'
      ? `make a file system on it (${DISK_MAKERS} ${device.source})`
      : REASONS[reason].cure;
  return problem(unmountableText(describe(device), device.kind, kind), evidence, cure, reason);
}

/** Whether the kernel has the file system is another check. */
function mountable(on: string, fstype: string, content: Content): Finding {
  const { kind, evidence, behind, unfinished } = content;
  if (kind === 'blank') return ok(`${on} is blank, and ${fstype} makes it its own`, evidence);
  if (unfinished)
    return ok(
      `${fstype} had not made itself on ${on} to the end, and a start makes it anew`,
      evidence,
    );
  if (behind === undefined) return ok(`${on} holds ${kind}`, evidence);
  return warning(
    `${on} holds ${kind}, behind a damaged beginning`,
    evidence,
    'save the settings (`mountroot export`); the file system goes on without the damaged block',
  );
}

export function content({ now }: CheckInputs): Finding | null {
  const { volume, uid, opened } = now;
  const [device] = volume.found;
  if (device === undefined || volume.content === null) return null;
  const { kind, evidence } = volume.content;
  const on = describe(device);
  if (kind === 'unreadable' && opened !== null)
    return ok(`${on} is mounted as ${opened.fstype}`, '/proc/self/mountinfo');
  if (kind === 'unreadable') return unreadable(device, evidence, uid === 0);
  if (kind === 'erase-marker') return markedForErase(on, evidence);
  const fstype = fstypeOf(device, volume);
  return fstype === undefined
    ? unmountable(device, volume.content)
    : mountable(on, fstype, volume.content);
}
