/**
 * The steps that carry out an import: the prepared layer replaces the upper layer before an overlay
 * uses either. After a power cut between two steps the order is still there, and the next start
 * continues. The former layer is kept until `done` confirms a start with the new one.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { FORMER_UPPER, IMPORT_ORDER, NEXT_UPPER } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { fatal, warn } from './steps.js';

/** Whether an import was ordered and can be carried out: the volume must be writable. */
export const importWaits = ({ opened }: Facts): boolean =>
  opened?.imported?.ordered === true && !opened.readonly;

export function importSteps({ at, upper, imported }: MountedVolume): Step[] {
  const [next, former] = [`${at}/${NEXT_UPPER}`, `${at}/${FORMER_UPPER}`];
  const done = [
    fatal('import-synced', 'The new layer must be on flash before the order is removed.', {
      kind: 'sync',
      path: at,
    }),
    fatal('import-done', 'The order is carried out.', {
      kind: 'unlink',
      path: `${at}/${IMPORT_ORDER}`,
    }),
  ];
  const { next: there, former: before, same } = imported!;
  // One directory under two names: a power cut interrupted the rename, so the new layer is in its
  // place, and its old name is still there.
  if (there !== 'directory' || same) {
    const back =
      upper === 'missing' && before === 'directory' && !same
        ? [
            fatal('import-back', 'There is no new layer, so the old one returns to its place.', {
              kind: 'rename',
              from: former,
              to: `${at}/upper`,
            }),
          ]
        : [];
    return [...back, ...done];
  }
  const aside = [
    ...(before === 'missing'
      ? []
      : [
          fatal('import-former', 'It was kept for an earlier import.', {
            kind: 'remove-tree',
            path: former,
          }),
        ]),
    fatal('import-aside', 'The old layer is kept until a start with the new one is confirmed.', {
      kind: 'rename',
      from: `${at}/upper`,
      to: former,
    }),
  ];
  return [
    ...(upper === 'missing' ? [] : aside),
    // The files that overlay keeps there (work, index) belong to the old layer.
    fatal('import-work', 'The files that overlay keeps here describe the old layer.', {
      kind: 'remove-tree',
      path: `${at}/work`,
    }),
    fatal('import', 'An import was ordered: its layer becomes the upper layer.', {
      kind: 'rename',
      from: next,
      to: `${at}/upper`,
    }),
    ...done,
  ];
}

/** The steps that remove the former layer when a start with the new one is confirmed. */
export const afterImport = ({ at, imported }: MountedVolume): Step[] =>
  imported === undefined || imported.former === 'missing' || imported.same || imported.ordered
    ? []
    : [
        warn(
          'former',
          'A start with the imported layer is confirmed, so the former layer is removed.',
          { kind: 'remove-tree', path: `${at}/${FORMER_UPPER}` },
        ),
      ];

/**
 * The steps of a reset that remove the imported layer and the former one. If an import is still
 * ordered, its layer stays: that order was given after the order to reset.
 */
export const importGone = ({
  at,
  imported,
}: Pick<MountedVolume, 'at'> & Partial<Pick<MountedVolume, 'imported'>>): Step[] =>
  imported === undefined || imported.same
    ? []
    : [
        ...(imported.ordered
          ? []
          : [
              fatal('import-gone', 'The prepared layer holds settings too.', {
                kind: 'remove-tree',
                path: `${at}/${NEXT_UPPER}`,
              } as const),
            ]),
        fatal('former-gone', 'The layer that was in use before the import holds settings too.', {
          kind: 'remove-tree',
          path: `${at}/${FORMER_UPPER}`,
        }),
      ];

/** An order to reset and an order to import contradict each other; the later one holds. */
export const importCancelled = ({ at, imported }: MountedVolume): Step[] =>
  imported?.ordered === true
    ? [
        fatal('import-cancelled', 'A reset cancels an import that was not carried out yet.', {
          kind: 'unlink',
          path: `${at}/${IMPORT_ORDER}`,
        }),
      ]
    : [];
