/** The steps that carry out a reset on a volume. */
import type { MountedVolume } from '../facts/facts.js';
import { persistName } from '../facts/persist-paths.js';
import {
  INCOMING,
  META,
  ORDER,
  PERSIST,
  QUARANTINE,
  STATE_LINK,
  UPGRADE,
} from '../facts/places.js';
import type { Step } from '../steps/step.js';
import { importGone } from './import.js';
import { fatal } from './steps.js';

/** The input of a reset: the internal volume, or an external one, which holds less. */
type Resettable = Pick<MountedVolume, 'at' | 'upper'> &
  Partial<Pick<MountedVolume, 'upgrade' | 'switched' | 'imported' | 'persist'>>;

/**
 * Directories beside the upper layer that may also hold settings: copies, the quarantine, and the
 * workdir of overlay.
 */
function besideUpper(
  { at, upgrade, switched }: Resettable,
  keep: readonly string[],
  legacy: boolean,
): Step[] {
  const gone = (id: string, why: string, path: string): Step =>
    fatal(id, why, { kind: 'remove-tree', path: `${at}/${path}` });
  return [
    gone('quarantine-gone', 'What was put aside may hold settings.', QUARANTINE),
    ...(switched
      ? []
      : [gone('incoming-gone', 'So may what a switch to flash had copied.', INCOMING)]),
    ...(legacy ? [] : [gone('work-gone', 'And what overlay was about to change.', 'work')]),
    ...(upgrade && !legacy && !keep.includes(`/${UPGRADE}`)
      ? [
          fatal(
            'upgrade-gone',
            'A firmware upgrade left settings in it, and the reset does not keep them.',
            { kind: 'unlink', path: `${at}/${UPGRADE}` },
          ),
        ]
      : []),
  ];
}

/** The paths below a top that a reset keeps; null if it keeps all of it. */
function keptBelow(top: string, keep: readonly string[]): string[] | null {
  if (keep.some((path) => path === top || top.startsWith(`${path}/`))) return null;
  return keep.filter((path) => path.startsWith(`${top}/`)).map((path) => path.slice(top.length));
}

/** What the paths of the setting `persist` have kept is settings too. */
const lastingGone = ({ at, persist = [] }: Resettable, keep: readonly string[]): Step[] =>
  persist.flatMap(({ path, upper }, index): Step[] => {
    const kept = keptBelow(path, keep);
    const saved = `${at}/${PERSIST}/${persistName(path)}`;
    const id = (name: string): string => `persist-${index + 1}-${name}`;
    const work = fatal(id('work-gone'), 'What overlay was about to change there.', {
      kind: 'remove-tree',
      path: `${saved}/work`,
    });
    if (kept === null) return [];
    if (kept.length === 0 || upper !== 'directory')
      return [
        fatal(id('gone'), `What ${path} has kept is settings too.`, {
          kind: 'remove-tree',
          path: saved,
        }),
      ];
    return [
      fatal(id('reset'), `What ${path} has kept is settings too.`, {
        kind: 'clear',
        path: `${saved}/upper`,
        keep: kept,
      }),
      work,
    ];
  });

/** The order goes last, so that after a power cut the reset begins again. */
const orderCarriedOut = (at: string): Step[] => [
  fatal('reset-synced', 'It must be gone for good before the order is.', {
    kind: 'sync',
    path: at,
  }),
  fatal('reset-done', 'Nothing is left of it, so the order is carried out.', {
    kind: 'unlink',
    path: `${at}/${ORDER}`,
  }),
];

/**
 * Removes the settings from a volume.
 * @param keep the absolute paths within the root that stay.
 * @param legacy the upper layer is the volume's root, as the out-of-tree overlayfs has it.
 */
export function resetSteps(volume: Resettable, keep: readonly string[], legacy: boolean): Step[] {
  const upper = legacy ? volume.at : `${volume.at}/upper`;
  const spared = legacy ? [`/${META}`, `/${STATE_LINK}`, ...keep] : [...keep];
  const clear =
    legacy || volume.upper === 'directory'
      ? [fatal('reset', 'A reset was ordered.', { kind: 'clear', path: upper, keep: spared })]
      : [];
  return [
    ...clear,
    ...besideUpper(volume, keep, legacy),
    ...lastingGone(volume, keep),
    ...(legacy ? [] : importGone(volume)),
    ...orderCarriedOut(volume.at),
  ];
}
