import type { Mount } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import type { ExpectedMount, MountTable } from '../steps/mount-table.js';
import { kindOf, pathAfter, type Step } from '../steps/step.js';

/**
 * Computes the mounts after a plan from the mounts before it, if every step is done. Pure: each
 * step moves, adds or removes lines of the table, as the kernel does.
 */
export function expectedMounts(before: readonly Mount[], steps: readonly Step[]): MountTable {
  let table: MountTable = before.map(({ id, mountpoint, fstype, source }) => ({
    id,
    mountpoint,
    fstype,
    source,
    options: [],
    writable: false,
  }));
  for (const { action } of steps) {
    table = kindOf(action).remakeTable?.(action, table) ?? table;
    table = table.map((each) => ({ ...each, mountpoint: pathAfter(action, each.mountpoint) }));
  }
  return table;
}

const isReadonly = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');

function complaintOf(expected: ExpectedMount, mounts: readonly Mount[]): string[] {
  const { mountpoint, fstype, source, id, options, writable } = expected;
  const is = visibleAt(mounts, mountpoint);
  if (is === undefined)
    return [`${fstype} ${source} should be mounted on ${mountpoint}, and nothing is`];
  // The source of a mount without a device is free text, and some file systems drop it.
  const isIt =
    id === null
      ? is.fstype === fstype && (source === fstype || is.source === source)
      : is.id === id;
  if (!isIt)
    return [
      `${fstype} ${source} should be mounted on ${mountpoint}, and ${is.fstype} ${is.source} is`,
    ];
  const lacks = options.filter(
    (option) => !is.options.includes(option) && !is.superOptions.includes(option),
  );
  return [
    ...lacks.map((option) => `${mountpoint} is mounted without the option ${option}`),
    ...(writable && isReadonly(is) ? [`${mountpoint} is mounted read-only`] : []),
  ];
}

/** The differences between mounts and those that a plan makes, one sentence each. */
export function mountDifferences(
  expected: readonly ExpectedMount[],
  mounts: readonly Mount[],
  { isPrivate }: { isPrivate: boolean },
): string[] {
  const known = expected.map(({ mountpoint }) => mountpoint);
  const others = mounts
    .filter(({ mountpoint }) => !known.includes(mountpoint))
    .map(
      ({ mountpoint, fstype, source }) =>
        `${fstype} ${source} is mounted on ${mountpoint}, where nothing should be`,
    );
  const shared = isPrivate
    ? mounts
        .filter((mount) => mount.shared !== undefined)
        .map(({ mountpoint }) => `${mountpoint} is shared, and should be private`)
    : [];
  return [...expected.flatMap((each) => complaintOf(each, mounts)), ...others, ...shared];
}
