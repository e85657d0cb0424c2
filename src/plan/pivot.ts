/**
 * The steps that make a mounted new root `/`.
 *
 * Every step before pivot_root, or before the switch, can be undone. If one fails, all are undone,
 * and the root is as it was before. No step after pivot_root can be undone. So everything that may
 * fail comes before it, and no step after it is fatal.
 */
import type { Facts } from '../facts/facts.js';
import { DATA, OLD_ROOT } from '../facts/places.js';
import { mountsToMove } from './moves.js';
import { imageMountpoint, newRootOf } from './mountpoints.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir, slug, warn } from './steps.js';

/** No init runs without these mounts. If another mount cannot move, that is only a warning. */
const ESSENTIAL = ['/dev', '/tmp', '/sys'];

/**
 * The steps that make the new root `/` and keep every other mount at its path. OpenWrt's program
 * moves most mounts after pivot_root, and a failure then leaves the board without /dev. Here they
 * move before pivot_root, and move back if one fails.
 * @param data the mountpoint of the data volume; null if none is mounted.
 * @param putOld the old root's directory in the new one (put_old of pivot_root(2)).
 */
export function pivotTo(facts: Facts, data: string | null, putOld: string = OLD_ROOT): Step[] {
  if (imageMountpoint(facts) !== null) return switchTo(facts, newRootOf(facts), data);
  const newRoot = newRootOf(facts);
  const moves = [
    ...mountsToMove(facts.mounts).filter((path) => path !== DATA),
    ...(data === DATA ? [DATA] : []),
  ];
  // A mount cannot move to a place below itself, so the mount that holds the new root moves later.
  const [late, early] = [
    moves.filter((path) => newRoot.startsWith(`${path}/`)),
    moves.filter((path) => !newRoot.startsWith(`${path}/`)),
  ];
  const intoNewRoot = (path: string): Step =>
    (ESSENTIAL.includes(path) ? fatal : warn)(
      `move-${slug(path)}`,
      `${path} moves to its place in the new root.`,
      { kind: 'move', from: path, to: `${newRoot}${path}` },
    );
  const outOfOldRoot = (path: string): Step =>
    warn(
      `move-${slug(path)}`,
      `${path} moves back from ${putOld}${path}, where it went with the old root.`,
      { kind: 'move', from: `${putOld}${path}`, to: path },
    );
  const ownMount =
    data !== null && data !== DATA
      ? [
          warn(
            `move-${slug(DATA)}`,
            'The data volume moves to its place, which the image does not have.',
            { kind: 'move', from: data, to: DATA },
          ),
        ]
      : [];
  return [
    ...prepareMountpoints(newRoot, putOld, moves, data !== null),
    fatal('move-proc', 'No step in the new root can be verified without /proc.', {
      kind: 'move',
      from: '/proc',
      to: `${newRoot}/proc`,
    }),
    ...early.map(intoNewRoot),
    fatal('pivot', 'From here on the overlay is / for every process, and no step can be undone.', {
      kind: 'pivot-root',
      newRoot,
      putOld: `${newRoot}${putOld}`,
    }),
    warn('chdir', 'The kernel changes the working directory only if it was the old root.', {
      kind: 'chdir',
      path: '/',
    }),
    ...late.map(outOfOldRoot),
    ...ownMount,
  ];
}

/**
 * The steps that make missing mountpoints in the new root. The image has them, but a whiteout in
 * the upper layer may hide one. They are made before pivot_root, where a failure can be undone.
 */
function prepareMountpoints(
  newRoot: string,
  putOld: string | null,
  moves: readonly string[],
  data: boolean,
): Step[] {
  const why = (path: string): string => `${path} is mounted there after the pivot.`;
  const essential = [...(putOld === null ? [] : [putOld]), '/proc', ...(data ? [DATA] : [])].map(
    (path) => fatal(`dir-${slug(path)}`, why(path), mkdir(`${newRoot}${path}`)),
  );
  // A mountpoint may also be a file, so any existing file type is accepted.
  const others = moves
    .filter((path) => path !== DATA)
    .map((path) => warn(`dir-${slug(path)}`, why(path), mkdir(`${newRoot}${path}`, 'anything')));
  return [...essential, ...others];
}

/**
 * The same for an initramfs, where pivot_root(2) cannot work. Every mount moves into the new root,
 * the new root becomes `/`, and the files of the initramfs are removed to free their memory.
 * @param newRoot the overlay, or the image itself if there is no overlay.
 */
export function switchTo(facts: Facts, newRoot: string, data: string | null): Step[] {
  const image = imageMountpoint(facts)!;
  const over = newRoot !== image;
  const moves = mountsToMove(facts.mounts).filter((path) => path !== image && path !== data);
  const intoNewRoot = (path: string): Step =>
    (ESSENTIAL.includes(path) ? fatal : warn)(
      `move-${slug(path)}`,
      `${path} moves to its place in the new root.`,
      { kind: 'move', from: path, to: `${newRoot}${path}` },
    );
  const init = facts.handover!.programs.find(({ trouble }) => trouble === null)!.path;
  return [
    ...prepareMountpoints(newRoot, over ? OLD_ROOT : null, moves, data !== null),
    // It moves first: it may be mounted below /tmp, which also moves.
    ...(data === null
      ? []
      : [
          fatal(`move-${slug(DATA)}`, 'The data volume moves to its place.', {
            kind: 'move',
            from: data,
            to: `${newRoot}${DATA}`,
          }),
        ]),
    ...(over
      ? [
          fatal(
            `move-${slug(OLD_ROOT)}`,
            `The image moves to ${OLD_ROOT}, where it is in an ordinary boot too.`,
            { kind: 'move', from: image, to: `${newRoot}${OLD_ROOT}` },
          ),
        ]
      : []),
    fatal('move-proc', 'No step in the new root can be verified without /proc.', {
      kind: 'move',
      from: '/proc',
      to: `${newRoot}/proc`,
    }),
    ...moves.map(intoNewRoot),
    fatal(
      'switch',
      'pivot_root(2) cannot leave an initramfs. From here on the new root is /, and ' +
        'no step can be undone.',
      { kind: 'switch-root', newRoot, init },
    ),
    warn('memory', 'The initramfs uses memory until its files are removed.', {
      kind: 'free-memory',
    }),
  ];
}
