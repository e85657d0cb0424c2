/**
 * The steps from a new root that is ready, mounted somewhere, to the one that is `/`.
 *
 * Up to pivot_root, or the switch, each step can be undone, and is when one fails: the root is then
 * as it was found. Behind it there is no way back, so whatever could fail is tried before it, and
 * what comes after it is not fatal.
 */
import type { Facts } from '../facts/facts.js';
import { DATA, OLD_ROOT } from '../facts/places.js';
import { mountsToMove } from './moves.js';
import { imageMountpoint, newRootOf } from './mountpoints.js';
import type { Step } from '../steps/step.js';
import { fatal, mkdir, slug, warn } from './steps.js';

/** Without these no init runs; whatever else stays behind is only missed. */
const ESSENTIAL = ['/dev', '/tmp', '/sys'];

/**
 * From a file system mounted at the new root's place to one that is /, with every other mount where
 * it was. OpenWrt's program moves most mounts behind pivot_root, where a failure leaves a board
 * without /dev; here they move before it, and are moved back when one fails.
 * @param data where the data volume stands; null where none is mounted.
 * @param putOld where the old root goes, in the new one.
 */
export function pivotTo(facts: Facts, data: string | null, putOld: string = OLD_ROOT): Step[] {
  if (imageMountpoint(facts) !== null) return switchTo(facts, newRootOf(facts), data);
  const newRoot = newRootOf(facts);
  const moves = [
    ...mountsToMove(facts.mounts).filter((path) => path !== DATA),
    ...(data === DATA ? [DATA] : []),
  ];
  // A mount cannot move below itself, so what the new root stands on follows it.
  const [late, early] = [
    moves.filter((path) => newRoot.startsWith(`${path}/`)),
    moves.filter((path) => !newRoot.startsWith(`${path}/`)),
  ];
  const along = (path: string): Step =>
    (ESSENTIAL.includes(path) ? fatal : warn)(
      `move-${slug(path)}`,
      `${path} goes where it is to be in the new root.`,
      { kind: 'move', from: path, to: `${newRoot}${path}` },
    );
  const behind = (path: string): Step =>
    warn(
      `move-${slug(path)}`,
      `${path} goes where it was; the old root took it along to ${putOld}${path}.`,
      { kind: 'move', from: `${putOld}${path}`, to: path },
    );
  const ownMount =
    data !== null && data !== DATA
      ? [
          warn(
            `move-${slug(DATA)}`,
            'The data volume goes to its place, which the image has not.',
            { kind: 'move', from: data, to: DATA },
          ),
        ]
      : [];
  return [
    ...prepareMountpoints(newRoot, putOld, moves, data !== null),
    fatal('move-proc', 'Without /proc in the new root nothing can be verified in it.', {
      kind: 'move',
      from: '/proc',
      to: `${newRoot}/proc`,
    }),
    ...early.map(along),
    fatal('pivot', 'From here on the overlay is / for every process, and nothing is undone.', {
      kind: 'pivot-root',
      newRoot,
      putOld: `${newRoot}${putOld}`,
    }),
    warn('chdir', 'The kernel moves the working directory along only where it was the old root.', {
      kind: 'chdir',
      path: '/',
    }),
    ...late.map(behind),
    ...ownMount,
  ];
}

/**
 * Mountpoints come from the image, but the upper layer may hide one behind a whiteout; then it is
 * made again while a failure can still be undone.
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
  // A mountpoint may as well be a file, so anything that is there will do.
  const others = moves
    .filter((path) => path !== DATA)
    .map((path) => warn(`dir-${slug(path)}`, why(path), mkdir(`${newRoot}${path}`, 'anything')));
  return [...essential, ...others];
}

/**
 * The same out of an initramfs, where pivot_root(2) cannot work: all that is mounted goes into the
 * new root, then that becomes `/`, and the old one's memory is given back.
 * @param newRoot the overlay, or the image itself where there is none.
 */
export function switchTo(facts: Facts, newRoot: string, data: string | null): Step[] {
  const image = imageMountpoint(facts)!;
  const over = newRoot !== image;
  const moves = mountsToMove(facts.mounts).filter((path) => path !== image && path !== data);
  const along = (path: string): Step =>
    (ESSENTIAL.includes(path) ? fatal : warn)(
      `move-${slug(path)}`,
      `${path} goes where it is to be in the new root.`,
      { kind: 'move', from: path, to: `${newRoot}${path}` },
    );
  const init = facts.handover!.programs.find(({ trouble }) => trouble === null)!.path;
  return [
    ...prepareMountpoints(newRoot, over ? OLD_ROOT : null, moves, data !== null),
    // First: it may stand on /tmp, which goes too.
    ...(data === null
      ? []
      : [
          fatal(`move-${slug(DATA)}`, 'The data volume goes to its place.', {
            kind: 'move',
            from: data,
            to: `${newRoot}${DATA}`,
          }),
        ]),
    ...(over
      ? [
          fatal(
            `move-${slug(OLD_ROOT)}`,
            `The image goes to ${OLD_ROOT}, where it is under an overlay that was pivoted to.`,
            { kind: 'move', from: image, to: `${newRoot}${OLD_ROOT}` },
          ),
        ]
      : []),
    fatal('move-proc', 'Without /proc in the new root nothing can be verified in it.', {
      kind: 'move',
      from: '/proc',
      to: `${newRoot}/proc`,
    }),
    ...moves.map(along),
    fatal(
      'switch',
      'pivot_root(2) cannot leave an initramfs. From here on the new root is /, and ' +
        'nothing is undone.',
      { kind: 'switch-root', newRoot, init },
    ),
    warn('memory', 'The initramfs stays in memory for ever unless its files are removed.', {
      kind: 'free-memory',
    }),
  ];
}
