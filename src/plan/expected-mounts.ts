import type { Mount } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { FLAG_OPTIONS } from '../steps/mount-options.js';
import type { Step } from '../steps/step.js';

/** A mount as it must be behind a plan. */
export interface ExpectedMount {
  mountpoint: string;
  fstype: string;
  source: string;
  /**
   * The mount that was there before the plan, which moving does not change; null for one that the
   * plan makes.
   */
  id: number | null;
  /** Options that must be shown. */
  options: string[];
  writable: boolean;
}

const isBelow = (path: string, top: string): boolean => path === top || path.startsWith(`${top}/`);
const under = (top: string, path: string): string => (path === '/' ? top : `${top}${path}`);

/**
 * The mounts behind a plan whose every step was done, from those before it. Pure: each step moves,
 * adds or renames lines of the table, as the kernel does.
 */
export function expectedMounts(before: readonly Mount[], steps: readonly Step[]): ExpectedMount[] {
  let table = before.map(({ id, mountpoint, fstype, source }): ExpectedMount => ({
    id,
    mountpoint,
    fstype,
    source,
    options: [],
    writable: false,
  }));
  const rename = (each: (path: string) => string): void => {
    table = table.map((mount) => ({ ...mount, mountpoint: each(mount.mountpoint) }));
  };
  for (const { action } of steps)
    switch (action.kind) {
      case 'mount':
        table.push({
          id: null,
          mountpoint: action.target,
          fstype: action.fstype,
          source: action.source,
          options: [
            ...action.flags.map((flag) => FLAG_OPTIONS[flag] ?? flag),
            ...(action.data?.split(/(?<!\\),/) ?? []),
          ],
          writable: action.writable,
        });
        break;
      case 'umount':
        table = table.filter(({ mountpoint }) => mountpoint !== action.path);
        break;
      case 'move':
        rename((path) =>
          isBelow(path, action.from) ? `${action.to}${path.slice(action.from.length)}` : path,
        );
        break;
      case 'pivot-root':
        rename((path) =>
          isBelow(path, action.newRoot)
            ? path.slice(action.newRoot.length) || '/'
            : under(action.putOld.slice(action.newRoot.length), path),
        );
        break;
      default:
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
  // The source of what has no device is free text, and some file systems drop it.
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

/** How mounts differ from those that a plan makes, a sentence each. */
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
