/**
 * The steps from a mounted data volume, or from none, to an overlay that may become the root: the
 * part that every rung of the ladder shares. How it becomes the root is in pivot.ts.
 */
import type { Facts, Mount } from '../facts/facts.js';
import { hiddenMounts } from '../facts/mountinfo.js';
import { DATA, FLASH_SOURCE, NEW_ROOTS, RAM, RAM_SOURCE } from '../facts/places.js';
import { overlayOptions } from './overlay-options.js';
import { imageMountpoint, isFree, newRootOf } from './mountpoints.js';
import type { Propagation } from '../steps/restore-propagation.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir, mount, lastingFolder, warn } from './steps.js';

export const isLegacy = ({ kernel: { filesystems } }: Facts): boolean =>
  !filesystems.includes('overlay');

/** pivot_root(2) and MS_MOVE refuse to work next to shared mounts. */
export const makeRootPrivate = ({ mounts }: Facts): Step =>
  fatal('private', 'pivot_root(2) and MS_MOVE refuse to work next to shared mounts.', {
    kind: 'make-private',
    path: '/',
    before: propagation(mounts),
  });

/**
 * Where the data volume stands while the overlay is built: at its place, or where it is when the
 * image has no such directory.
 */
export interface Placed {
  at: string;
  steps: Step[];
}

export function placeData(facts: Facts, from: string): Placed {
  if (from === DATA) return { at: from, steps: [] };
  // An initramfs can be given the place, so that upperdir= reads the same as on any other boot.
  const made = imageMountpoint(facts) !== null && facts.paths[DATA] === 'missing';
  if (!made && !isFree(facts, DATA)) return { at: from, steps: [] };
  return {
    at: DATA,
    steps: [
      ...(made ? [fatal('data-folder', 'The initramfs has no such place yet.', mkdir(DATA))] : []),
      fatal('data-place', 'It mounted, so it goes to its place.', { kind: 'move', from, to: DATA }),
    ],
  };
}

/**
 * The overlay that keeps its changes in `at`. The out-of-tree overlayfs keeps its upper layer in
 * the volume's root and has no workdir: another on-disk layout.
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
          'What a power cut left half-prepared makes kernels before 4.8 mount ' +
            'read-only and say nothing.',
          { kind: 'remove-tree', path: `${work}/work` },
        ),
      ];
  return [
    ...directories,
    ...overlay(
      facts,
      FLASH_SOURCE,
      options,
      'The new root: the read-only image with the settings over it.',
    ),
  ];
}

/**
 * An overlay whose changes live in memory, over the image and, where there are any, the settings as
 * they are.
 */
export function ramOverlay(facts: Facts, kept: string | null): Step[] {
  const lower = [...(kept === null ? [] : [kept]), imageMountpoint(facts) ?? '/'];
  const legacy = isLegacy(facts);
  const upper = legacy ? RAM : `${RAM}/upper`;
  const work = `${RAM}/work`;
  return [
    fatal('ram-place', 'Changes are held in memory, here.', mkdir(RAM)),
    fatal(
      'ram',
      'A file system in memory: what is written to it is gone at power-off.',
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
        ? 'The new root: the image, over it the settings as they are on flash, over ' +
            'those what changes from now on.'
        : 'The new root: the read-only image under what changes from now on.',
    ),
  ];
}

function overlay(facts: Facts, source: string, options: string, why: string): Step[] {
  const newRoot = newRootOf(facts);
  // A fixed name, so that one left by a power cut is known for what it is.
  const probe = `${newRoot}/.mountroot-probe`;
  const made =
    newRoot === NEW_ROOTS[0]
      ? []
      : [
          ...(imageMountpoint(facts) === null
            ? [
                warn(
                  'new-root-above',
                  'The folder of everything that is ours on /tmp.',
                  mkdir('/tmp/mountroot'),
                ),
              ]
            : []),
          fatal(
            'new-root',
            imageMountpoint(facts) === null
              ? 'The image has no free /mnt, so the new root is put together here.'
              : 'The new root is put together here.',
            mkdir(newRoot),
          ),
        ];
  return [
    ...made,
    fatal(
      'overlay',
      why,
      mount(source, newRoot, isLegacy(facts) ? 'overlayfs' : 'overlay', { data: options }),
    ),
    fatal(
      'writable',
      'Full or write-protected flash shows only when it is written to, and behind ' +
        'the pivot it is too late to learn it.',
      { kind: 'write-probe', path: probe },
    ),
    fatal('probe-gone', 'The probe was only to see whether writing works.', {
      kind: 'remove-tree',
      path: probe,
    }),
  ];
}

/**
 * Peer groups get the lowest free number, so restoring them in the order of their numbers gives
 * them the same ones again.
 */
function propagation(mounts: readonly Mount[]): Propagation[] {
  // A mount that another one hides cannot be reached by its path: what is put back there would be
  // put on the other one.
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
