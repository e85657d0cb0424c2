/** Whether the file system below the overlay can be opened for writing, and what belongs in it. */
import { childrenOf, visibleAt } from '../facts/mountinfo.js';
import type { Facts, Mount } from '../facts/facts.js';
import { persistMounts } from '../facts/persist-paths.js';
import { DATA, FLASH_SOURCE, OLD_ROOT, RAM_SOURCE } from '../facts/places.js';
import { firstMatch, type PlanRule } from '../plan/rule-table.js';
import { isWritableType } from '../volumes/file-systems.js';
import type { Obstacle } from './enable-checks.js';

export interface LowerLook {
  facts: Pick<Facts, 'uid' | 'mounts'>;
  /** The device below refuses writes. */
  isProtected: boolean;
}

/** The file system below the overlay. */
export const lowerOf = ({ mounts }: Pick<Facts, 'mounts'>): Mount | undefined =>
  visibleAt(mounts, OLD_ROOT);

const isOurOverlay = ({ facts: { mounts } }: LowerLook): boolean => {
  const root = visibleAt(mounts, '/');
  return (
    root?.fstype.startsWith('overlay') === true &&
    [FLASH_SOURCE, RAM_SOURCE].includes(root.source) &&
    lowerOf({ mounts }) !== undefined
  );
};

export const belowName = ({ fstype, source }: Mount): string => `${fstype} ${source}`;

type Because = Omit<Obstacle, 'code'>;

const row = (
  id: string,
  when: (look: LowerLook) => boolean,
  because: (look: LowerLook) => Because,
): PlanRule<LowerLook, Obstacle, Because> => ({
  id,
  when,
  then: (_, found) => ({ code: id, ...found }),
  because,
});

export const LOWER_OBSTACLES: readonly PlanRule<LowerLook, Obstacle, Because>[] = [
  row(
    'not-root',
    ({ facts }) => facts.uid !== 0,
    ({ facts }) => ({ found: `this is user ${facts.uid}`, cure: 'run it as root' }),
  ),
  row(
    'no-overlay',
    (look) => !isOurOverlay(look),
    () => ({
      found: '/ is no overlay that mountroot made, with its image on /rom',
      cure: 'change the root as it is, or see `mountroot status`',
    }),
  ),
  row(
    'read-only-type',
    ({ facts }) => !isWritableType(lowerOf(facts)!.fstype),
    ({ facts }) => ({
      found: `${belowName(lowerOf(facts)!)} below the overlay cannot be written`,
      cure: 'build a new image',
    }),
  ),
  row(
    'protected',
    ({ isProtected }) => isProtected,
    ({ facts }) => ({
      found: `the device of ${belowName(lowerOf(facts)!)} below the overlay refuses writes`,
      cure: 'take its write protection off',
    }),
  ),
];

export const lowerObstacle = (look: LowerLook): Obstacle | null =>
  firstMatch(LOWER_OBSTACLES, look);

/** Whether the file system is made read-only at the end: it was, or an earlier end failed. */
export const isClosedAfter = ({ options, superOptions }: Mount): boolean =>
  options.includes('ro') || superOptions.includes('ro');

/**
 * What a program on the file system below sees besides: /proc anew, and each other mount on the
 * root at its place. The layers are left out, and so are paths that last on their own: they hide
 * what is to be changed.
 * @param fits whether the file system below has the same kind of file at a path.
 */
export function bindsOf(
  { mounts }: Pick<Facts, 'mounts'>,
  fits: (path: string) => boolean,
): { binds: [source: string, target: string][]; without: string[] } {
  const root = visibleAt(mounts, '/')!;
  const lasting = persistMounts(mounts).map(({ mountpoint }) => mountpoint);
  const points = childrenOf(mounts, root).filter(
    (path) => path !== DATA && path !== OLD_ROOT && !lasting.includes(path),
  );
  return {
    binds: points
      .filter(fits)
      .map((path) => [path === '/proc' ? 'proc' : path, `${OLD_ROOT}${path}`]),
    without: points.filter((path) => !fits(path)),
  };
}

/** The variables that programs may want; others belong to the caller. */
const PASSED_ON =
  /^(?:TERM|COLORTERM|TZ|LANG|LANGUAGE|LC_\w+|DEBIAN_FRONTEND|APT_LISTCHANGES_FRONTEND|DEBCONF_\w+|EDITOR|(?:https?|ftp|no)_proxy)$/i;

/** The environment of a program. Hooks know by MOUNTROOT_MAINTAIN where they run. */
export const maintainEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> => ({
  ...Object.fromEntries(
    Object.entries(env).filter(
      (each): each is [string, string] => PASSED_ON.test(each[0]) && each[1] !== undefined,
    ),
  ),
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  MOUNTROOT_MAINTAIN: '1',
});

/** Why the file system stays open for writing, and what to do. */
export const notClosedWords = (name: string, errno: string): string =>
  `${name} could not be made read-only again (${errno}): files that were replaced are still in ` +
  'use. All is written to it, and no mount of it can be written; reboot';
