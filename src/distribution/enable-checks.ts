/** Whether a machine can be switched to a root that mountroot makes: checks before any change. */
import type { Facts, Mount } from '../facts/facts.js';
import { PREINITS, type EnabledWay } from '../facts/installation.js';
import { isNowhere } from '../facts/find-volume.js';
import { visibleAt } from '../facts/mountinfo.js';
import type { Decision } from '../plan/plan.js';
import { firstMatch, type PlanRule } from '../plan/rule-table.js';
import { describe } from '../volumes/device.js';

/** An initramfs in /boot. */
export interface Initramfs {
  release: string;
  file: string;
  bytes: number;
  /** Whether it has our part; null if it cannot be listed. */
  hasPart: boolean | null;
}

/** What `enable` and `disable` decide by. */
export interface SwitchFacts {
  facts: Facts;
  way: EnabledWay;
  /** The plan of the next boot, as far as it can be foreseen. */
  decision: Decision;
  /** The first line of the file that switches mountroot on; null without the file. */
  enabled: string | null;
  images: readonly Initramfs[];
  /** Free bytes of the file system with /boot. */
  bootFree: number;
  /** The files of the package that are missing. */
  missing: readonly string[];
  /** The programs that are missing. */
  lacking: readonly string[];
  /** Why the settings file cannot be changed; null if it can. */
  settingsTrouble: string | null;
}

export interface Obstacle {
  code: string;
  found: string;
  cure: string;
}

const isOverlay = ({ facts }: SwitchFacts): boolean =>
  visibleAt(facts.mounts, '/')?.fstype.startsWith('overlay') === true;

const deviceOf = ({ facts }: SwitchFacts) => facts.volume.found[0];

/** Where the volume is mounted today. */
const mountOfVolume = (input: SwitchFacts): Mount | undefined => {
  const number = deviceOf(input)?.number ?? null;
  return number === null ? undefined : input.facts.mounts.find(({ device }) => device === number);
};

const isPersistent = ({ way }: SwitchFacts): boolean => way === 'persistent';

/** An initramfs that is made anew needs room for both, and a little more. */
const MARGIN = 4 << 20;
export const toBeMade = ({ images }: Pick<SwitchFacts, 'images'>): Initramfs[] =>
  images.filter(({ hasPart }) => hasPart !== true);
const bytesNeeded = (input: SwitchFacts): number =>
  toBeMade(input).reduce((sum, { bytes }) => sum + 2 * bytes + MARGIN, 0);

const mebibytes = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`;

type Because = Omit<Obstacle, 'code'>;

const obstacle =
  (code: string) =>
  (_: SwitchFacts, because: Because): Obstacle => ({ code, ...because });

const row = (
  id: string,
  when: (input: SwitchFacts) => boolean,
  because: (input: SwitchFacts) => Because,
): PlanRule<SwitchFacts, Obstacle | null, Because> => ({ id, when, then: obstacle(id), because });

/** The decision is refused, or leads to a lower rung than was asked for. */
const shortfall = ({ decision, way }: SwitchFacts): Because | null => {
  if (decision.decision === 'refuse')
    return { found: decision.summary, cure: '`mountroot doctor` says more' };
  if (decision.decision !== 'go' || decision.rung === way || decision.reason === 'persist')
    return null;
  return {
    found:
      `the root would be on the rung ${decision.rung}` +
      (decision.because === null ? '' : `: ${decision.because}`),
    cure: '`mountroot doctor` says more',
  };
};

const OBSTACLES: readonly PlanRule<SwitchFacts, Obstacle | null, Because>[] = [
  row(
    'not-root',
    ({ facts }) => facts.uid !== 0,
    ({ facts }) => ({ found: `this is user ${facts.uid}`, cure: 'run it as root' }),
  ),
  row('overlay', isOverlay, () => ({
    found: '/ already is an overlay, and what is changed on it does not reach the initramfs',
    cure:
      'start once without it (mountroot=off on the kernel command line, or what its own ' +
      'program says), and repeat this',
  })),
  row(
    'no-part',
    ({ missing }) => missing.length > 0,
    ({ missing }) => ({
      found: `${missing.join(', ')} is missing`,
      cure: 'install the Debian package of mountroot, which has it',
    }),
  ),
  row(
    'no-initramfs-tools',
    ({ lacking }) => lacking.length > 0,
    ({ lacking }) => ({
      found: `there is no ${lacking.join(' and no ')}, by which an initramfs could start it`,
      cure:
        `install initramfs-tools or dracut, or write init=${PREINITS.persistent} on the kernel ` +
        'command line yourself',
    }),
  ),
  row(
    'no-initramfs',
    ({ images }) => images.length === 0,
    () => ({
      found: 'there is no initramfs of an installed kernel (/boot/initrd.img-RELEASE)',
      cure:
        'have one made (`update-initramfs -c -k all`, `dracut --regenerate-all`) that the boot ' +
        'loader loads, or write ' +
        `init=${PREINITS.persistent} on the kernel command line yourself`,
    }),
  ),
  row(
    'settings',
    ({ settingsTrouble }) => settingsTrouble !== null,
    ({ settingsTrouble }) => ({
      found: settingsTrouble!,
      cure: 'correct it, or move it away',
    }),
  ),
  row(
    'no-volume',
    (input) => isPersistent(input) && isNowhere(input.facts.volume),
    ({ facts }) => ({
      found: `there is no volume "${facts.volume.wanted}" for the changes`,
      cure:
        'name one with --volume (`LABEL=data`, `/dev/sda3`; `lsblk -f` lists them), or let ' +
        'changes be lost with --volatile',
    }),
  ),
  row(
    'volume-in-use',
    (input) => isPersistent(input) && mountOfVolume(input) !== undefined,
    (input) => ({
      found: `${describe(deviceOf(input)!)} is mounted on ${mountOfVolume(input)!.mountpoint}`,
      cure:
        'name a volume that nothing else uses; ' +
        'or unmount this one, and take it out of /etc/fstab',
    }),
  ),
  {
    id: 'shortfall',
    when: (input) => shortfall(input) !== null,
    then: obstacle('shortfall'),
    because: (input) => shortfall(input)!,
  },
  row(
    'no-room',
    (input) => bytesNeeded(input) > input.bootFree,
    (input) => ({
      found:
        `/boot has ${mebibytes(input.bootFree)} free, and making the initramfs anew beside the ` +
        `present one needs ${mebibytes(bytesNeeded(input))}`,
      cure: 'remove kernels that are not needed',
    }),
  ),
];

/** The first obstacle; null if there is none. */
export const obstacleTo = (input: SwitchFacts): Obstacle | null => firstMatch(OBSTACLES, input);
