/**
 * The steps that carry an import out: the layer that was made ready beside the upper one takes its
 * place, before anything uses either. A power cut between any two of them leaves an order that is
 * carried out from there on; the layer from before is kept until `done` has confirmed a start with
 * the new one.
 */
import type { Facts, MountedVolume } from '../facts/facts.js';
import { FORMER_UPPER, IMPORT_ORDER, NEXT_UPPER } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { fatal, warn } from './steps.js';

/** Whether an import waits that can be carried out on this volume. */
export const importWaits = ({ opened }: Facts): boolean =>
  opened?.imported?.ordered === true && !opened.readonly;

export function importSteps({ at, upper, imported }: MountedVolume): Step[] {
  const [next, former] = [`${at}/${NEXT_UPPER}`, `${at}/${FORMER_UPPER}`];
  const done = [
    fatal('import-synced', 'The new layer is in its place before the order is gone.', {
      kind: 'sync',
      path: at,
    }),
    fatal('import-done', 'The order is carried out.', {
      kind: 'unlink',
      path: `${at}/${IMPORT_ORDER}`,
    }),
  ];
  const { next: there, former: before, same } = imported!;
  // One directory under two names is a new layer that is in its place, and whose old name the
  // kernel has not got round to.
  if (there !== 'directory' || same) {
    const back =
      upper === 'missing' && before === 'directory' && !same
        ? [
            fatal('import-back', 'There is no new layer, so the old one stays.', {
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
          fatal('import-former', 'It was kept for an import before this one.', {
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
    // What overlay keeps there (work, index) belongs to the old layer.
    fatal(
      'import-work',
      'What overlay has noted of the old layer would be wrong for the new one.',
      { kind: 'remove-tree', path: `${at}/work` },
    ),
    fatal('import', 'An import was ordered: what it made ready becomes the upper layer.', {
      kind: 'rename',
      from: next,
      to: `${at}/upper`,
    }),
    ...done,
  ];
}

/** What is left of an import when a start with its layer is confirmed. */
export const afterImport = ({ at, imported }: MountedVolume): Step[] =>
  imported === undefined || imported.former === 'missing' || imported.same || imported.ordered
    ? []
    : [
        warn(
          'former',
          'The start with the imported layer is confirmed, so the one from before goes.',
          { kind: 'remove-tree', path: `${at}/${FORMER_UPPER}` },
        ),
      ];

/**
 * A reset leaves nothing of what was imported, nor of what was there before it; an order to import
 * that still stands was given later than the one to reset.
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
              fatal('import-gone', 'A layer that waits to be used holds settings too.', {
                kind: 'remove-tree',
                path: `${at}/${NEXT_UPPER}`,
              } as const),
            ]),
        fatal('former-gone', 'And so does the one that was in use before it.', {
          kind: 'remove-tree',
          path: `${at}/${FORMER_UPPER}`,
        }),
      ];

/** Orders of two kinds contradict each other, and the later one holds. */
export const importCancelled = ({ at, imported }: MountedVolume): Step[] =>
  imported?.ordered === true
    ? [
        fatal('import-cancelled', 'A reset takes back an import that has not been carried out.', {
          kind: 'unlink',
          path: `${at}/${IMPORT_ORDER}`,
        }),
      ]
    : [];
