/**
 * The steps that mount the overlay, over the data volume or in memory. Every rung of the ladder
 * uses them. The steps that make the overlay the root are in pivot.ts.
 */
import type { Facts, Mount } from '../facts/facts.js';
import { lacksType } from '../facts/kernel-sources.js';
import { hiddenMounts } from '../facts/mountinfo.js';
import { DATA, FLASH_SOURCE, NEW_ROOTS, RAM, RAM_SOURCE, TMP_RECORDS } from '../facts/places.js';
import { loadSteps } from './load.js';
import { overlayOptions } from './overlay-options.js';
import { imageMountpoint, isFree, newRootOf, lowerName } from './mountpoints.js';
import type { Propagation } from '../steps/restore-propagation.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir, mount, lastingFolder, warn } from './steps.js';

export const isLegacy = (facts: Facts): boolean => lacksType(facts, 'overlay');

/** pivot_root(2) and MS_MOVE refuse to work next to shared mounts. */
export const makeRootPrivate = ({ mounts }: Facts): Step =>
  fatal('private', 'pivot_root(2) and MS_MOVE refuse to work next to shared mounts.', {
    kind: 'make-private',
    path: '/',
    before: propagation(mounts),
  });

/**
 * The steps that move the data volume to /overlay, and its mountpoint after them. If the image has
 * no /overlay, the volume stays where it is.
 */
export interface Placed {
  at: string;
  steps: Step[];
}

export function placeData(facts: Facts, from: string): Placed {
  if (from === DATA) return { at: from, steps: [] };
  // An initramfs is writable, so we make the directory there: upperdir= is then the same as in an
  // ordinary boot.
  const made = imageMountpoint(facts) !== null && facts.paths[DATA] === 'missing';
  if (!made && !isFree(facts, DATA)) return { at: from, steps: [] };
  return {
    at: DATA,
    steps: [
      ...(made
        ? [fatal('data-folder', 'The initramfs does not have this directory yet.', mkdir(DATA))]
        : []),
      fatal('data-place', 'The data volume is mounted, so it moves to its place.', {
        kind: 'move',
        from,
        to: DATA,
      }),
    ],
  };
}

/**
 * The overlay that keeps its changes below `at`. The out-of-tree overlayfs has another layout on
 * the volume: the volume's root is its upperdir, and it has no workdir.
 */
export function flashOverlay(facts: Facts, at: string): Step[] {
  const legacy = isLegacy(facts);
  const upper = legacy ? at : `${at}/upper`;
  const work = `${at}/work`;
  const options = overlayOptions({
    lower: [imageMountpoint(facts) ?? '/'],
    upper,
    ...(!legacy && { work }),
  });
  const directories = legacy
    ? []
    : [
        fatal(
          'work',
          'overlay prepares changes here before they appear; it must be on the same ' +
            'mount as the upper layer.',
          mkdir(work),
        ),
        warn(
          'work-clean',
          'Kernels before 4.8 mount the overlay read-only, without a message, if a ' +
            'power cut left files here.',
          { kind: 'remove-tree', path: `${work}/work` },
        ),
      ];
  return [
    ...directories,
    ...overlay(
      facts,
      FLASH_SOURCE,
      options,
      `The new root: ${lowerName(facts)} with the settings over it.`,
    ),
  ];
}

/**
 * An overlay that keeps its changes in memory.
 * @param kept an upper layer to use as a second, read-only lower layer; null for the image alone.
 */
export function ramOverlay(facts: Facts, kept: string | null): Step[] {
  const lower = [...(kept === null ? [] : [kept]), imageMountpoint(facts) ?? '/'];
  const legacy = isLegacy(facts);
  const upper = legacy ? RAM : `${RAM}/upper`;
  const work = `${RAM}/work`;
  return [
    fatal('ram-place', 'The changes are kept here, in memory.', mkdir(RAM)),
    fatal(
      'ram',
      'A file system in memory: its files are lost at power-off.',
      mount('tmpfs', RAM, 'tmpfs', { data: 'mode=0755' }),
    ),
    ...(legacy
      ? []
      : [
          fatal('ram-upper', 'The upper layer, in memory.', lastingFolder(upper)),
          fatal(
            'ram-work',
            'overlay prepares changes here before they appear.',
            lastingFolder(work),
          ),
        ]),
    ...overlay(
      facts,
      RAM_SOURCE,
      overlayOptions({ lower, upper, ...(!legacy && { work }) }),
      lower.length > 1
        ? 'The new root: the image, the settings on flash over it, and new changes ' +
            'in memory over both.'
        : `The new root: ${lowerName(facts)} with new changes in memory over it.`,
    ),
  ];
}

function overlay(facts: Facts, source: string, options: string, why: string): Step[] {
  const newRoot = newRootOf(facts);
  // The name is fixed, so that the next start recognises a probe that a power cut left.
  const probe = `${newRoot}/.mountroot-probe`;
  const made =
    newRoot === NEW_ROOTS[0]
      ? []
      : [
          ...(imageMountpoint(facts) === null
            ? [
                warn(
                  'new-root-above',
                  'The directory for all files of mountroot on /tmp.',
                  mkdir(TMP_RECORDS),
                ),
              ]
            : []),
          fatal(
            'new-root',
            imageMountpoint(facts) === null
              ? 'The image has no free /mnt, so the new root is mounted here.'
              : 'The new root is mounted here.',
            mkdir(newRoot),
          ),
        ];
  const type = isLegacy(facts) ? 'overlayfs' : 'overlay';
  return [
    ...loadSteps(facts, type),
    ...made,
    fatal('overlay', why, mount(source, newRoot, type, { data: options })),
    fatal(
      'writable',
      'Only a write shows that flash is full or write-protected, and after the ' +
        'pivot it is too late to find out.',
      { kind: 'write-probe', path: probe },
    ),
    fatal('probe-gone', 'The probe was only there to test whether writing works.', {
      kind: 'remove-tree',
      path: probe,
    }),
  ];
}

/**
 * The mounts whose propagation must be restored if the start is undone. The kernel gives a new peer
 * group the lowest free number, so restoring groups in the order of their numbers gives each its
 * old number.
 */
function propagation(mounts: readonly Mount[]): Propagation[] {
  // A mount that another one hides cannot be reached by its path: the change would be made to the
  // visible mount.
  const hidden = hiddenMounts(mounts);
  const reachable = mounts.filter(({ id }) => !hidden.has(id));
  const shared = reachable
    .filter((mount) => mount.shared !== undefined)
    .sort((a, b) => a.shared! - b.shared!);
  const unbindable = reachable.filter((mount) => mount.unbindable);
  return [
    ...shared.map(({ mountpoint }): Propagation => ({ mountpoint, was: 'shared' })),
    ...unbindable.map(({ mountpoint }): Propagation => ({ mountpoint, was: 'unbindable' })),
  ];
}
