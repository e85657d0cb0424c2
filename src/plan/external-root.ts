/** The plan of a root on the external volume, which is the upper layer or the whole root. */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { EXTERNAL, EXTROOT_IDENTITY, IDENTITY, TMP_RECORDS } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { describe } from '../volumes/device.js';
import { bookkeeping, metaFolder, upperSteps } from './bookkeeping.js';
import { tieOf } from './external-owner.js';
import { mountNotes, newRootOf } from './mountpoints.js';
import { flashOverlay, makeRootPrivate, placeData } from './overlay-root.js';
import { pivotTo } from './pivot.js';
import type { Plan, StageResult } from './plan.js';
import { planOf } from './plan-of.js';
import type { Trouble } from './reasons.js';
import { fatal, mkdir, warn } from './steps.js';

/** Gives this board an identity on its internal volume, unless it has one. */
const identitySteps = ({ at, identity }: MountedVolume, offered: string): Step[] =>
  identity !== null
    ? []
    : [
        warn(
          'identity-place',
          'mountroot keeps its notes on the volume in one folder.',
          metaFolder(at),
        ),
        fatal('identity', 'This board gets an identity, for external volumes to be tied to.', {
          kind: 'write',
          path: `${at}/${IDENTITY}`,
          content: `${offered}\n`,
        }),
      ];

/** Makes a folder and the folders above it, except the two that a mounted volume always has. */
const foldersTo = (folder: string): Step[] =>
  folder
    .split('/')
    .map((_, index, parts) =>
      fatal(
        `adopt-place-${index + 1}`,
        'The identity file goes here.',
        mkdir(parts.slice(0, index + 1).join('/') || '/'),
      ),
    )
    .slice(2);

/**
 * Ties an external volume without an owner to this board.
 * @param top its mountpoint at that time.
 * @param etc the path of the root's /etc in it.
 */
function adoptSteps(facts: Facts, top: string, etc: string): Step[] {
  const { external, opened } = facts;
  const tie = tieOf(facts);
  if (tie === null) return [];
  if (tie === 'image')
    return [
      ...foldersTo(`${top}/etc`),
      fatal(
        'adopt',
        "The external volume belonged to nobody; it gets the UUID of this board's image, " +
          'as fstools ties one to a board.',
        {
          kind: 'write',
          path: `${top}/${EXTROOT_IDENTITY}`,
          // fstools compares the whole line, with its end.
          content: external!.fstab!.image!,
        },
      ),
    ];
  const folder = `${top}/${etc}`;
  const identity = opened!.identity ?? external!.offered;
  return [
    ...identitySteps(opened!, identity),
    ...foldersTo(folder),
    fatal(
      'adopt',
      'The external volume belonged to nobody; ' +
        'from now on no other board takes it for its own.',
      {
        kind: 'write',
        path: `${folder}/${EXTROOT_IDENTITY.split('/').at(-1)}`,
        content: `${identity}\n`,
      },
    ),
  ];
}

/** The external volume's own root becomes `/`. */
function wholeRoot(facts: Facts): Step[] {
  const newRoot = newRootOf(facts);
  const probe = `${newRoot}/.mountroot-probe`;
  return [
    makeRootPrivate(facts),
    ...adoptSteps(facts, EXTERNAL, 'etc'),
    fatal(
      'new-root-above',
      'The directory for all files of mountroot on /tmp.',
      mkdir(TMP_RECORDS),
    ),
    ...(newRoot.startsWith('/tmp')
      ? [
          fatal(
            'new-root',
            'The image has no free /mnt, so the new root is put here.',
            mkdir(newRoot),
          ),
        ]
      : []),
    fatal('external-root', 'The external volume is the whole new root.', {
      kind: 'move',
      from: EXTERNAL,
      to: newRoot,
    }),
    fatal('writable', 'Only a write shows that storage is write-protected.', {
      kind: 'write-probe',
      path: probe,
    }),
    fatal('probe-gone', 'The probe was only there to test whether writing works.', {
      kind: 'remove-tree',
      path: probe,
    }),
    ...pivotTo(facts, null),
  ];
}

/** The external volume keeps the changes to the image instead of the internal one. */
function overlayRoot(facts: Facts): Step[] {
  const { at, steps: place } = placeData(facts, EXTERNAL);
  return [
    makeRootPrivate(facts),
    ...place,
    ...upperSteps(null, at),
    ...adoptSteps(facts, at, 'upper/etc'),
    ...flashOverlay(facts, at),
    ...pivotTo(facts, at),
  ];
}

/** @param trouble the failure on the external volume; null if there was none. */
export function externalRoot(
  facts: Facts,
  earlier: readonly StageResult[],
  trouble: Trouble | null,
): Plan {
  const name = describe(facts.external!.found[0]!);
  const whole = facts.configuration.settings.extroot_target === 'root';
  return planOf('start', facts, {
    stage: 'external-root',
    summary: whole
      ? `the external root on ${name}`
      : `an overlay root that keeps its changes on external ${name}`,
    steps: [...bookkeeping(facts, earlier), ...(whole ? wholeRoot(facts) : overlayRoot(facts))],
    trouble,
    notes: mountNotes(facts),
    last: true,
  });
}
