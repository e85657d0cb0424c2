/** The notes that `done` writes on the data volume after a start or a move to flash is complete. */
import type { Facts } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { ATTEMPTS, META, OLD_ROOT, STATE_LINK } from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { metaFolder } from './bookkeeping.js';
import { warn } from './steps.js';

/** The marks of a complete start. */
export const startMarks = (at: string): Step[] => [
  warn('meta', 'mountroot keeps its notes on the volume in one folder.', metaFolder(at)),
  warn('count', 'This start reached its end, so the count of those that did not begins anew.', {
    kind: 'write',
    path: `${at}/${ATTEMPTS}`,
    content: '0\n',
    // Else a user who keeps the volume full would have the board leave it out.
    orNone: true,
  }),
  warn('ready', 'The volume is in use, and all went well.', {
    kind: 'link',
    path: `${at}/${STATE_LINK}`,
    target: '2',
  }),
];

/**
 * Tests whether the file system supports RENAME_WHITEOUT. Without it overlay cannot rename files of
 * the image and cannot remove its directories.
 */
export const whiteoutProbe = (at: string): Step =>
  warn(
    'whiteout',
    'Without RENAME_WHITEOUT, files of the image cannot be renamed and its directories cannot ' +
      'be removed; `status` has to say so.',
    { kind: 'probe-whiteout', folder: `${at}/${META}/probe` },
  );

/**
 * Records the image, so that `diff` can tell after an upgrade which settings hide a newer file of
 * the image.
 */
export function recordRomSteps({ mounts }: Facts, at: string, upper: string | undefined): Step[] {
  const image = visibleAt(mounts, OLD_ROOT);
  if (image === undefined || upper === undefined) return [];
  return [
    warn('rom', 'After an upgrade it can be told which settings were made for the image before.', {
      kind: 'record-rom',
      at,
      upper,
      rom: OLD_ROOT,
      fstype: image.fstype,
      device: image.device,
    }),
  ];
}

/** A boot that did not use the volume keeps its journal there too, so that a person can see why. */
export const keepJournalSteps = ({ configuration: { settings } }: Facts, at: string): Step[] =>
  settings.journal === 0
    ? []
    : [
        warn('journal', 'The journal of this boot is kept, so that one can look for the reason.', {
          kind: 'keep-journal',
          at,
          most: settings.journal,
        }),
      ];
