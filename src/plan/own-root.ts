/**
 * A root that keeps its changes itself: the kernel mounted a file system for writing, and there is
 * no data volume. A start leaves it alone, as OpenWrt's program does, because an overlay in memory
 * would lose what the user changes. Whoever wants the overlay nevertheless asks for it: with a
 * volume, with `writable_root`, or with `mount_root ram`.
 */
import { commandLineWords } from '../facts/cmdline.js';
import type { Facts, Mount } from '../facts/facts.js';
import { isNowhere } from '../facts/find-volume.js';
import { visibleAt } from '../facts/mountinfo.js';
import { isWritableType } from '../volumes/file-systems.js';
import { imageMountpoint } from './mountpoints.js';
import { pstoreSteps, remountStep } from './open.js';
import { makeRootPrivate } from './overlay-root.js';
import { switchTo } from './pivot.js';
import type { Plan, StageResult } from './plan.js';
import { failures, planOf } from './plan-of.js';
import { troubleOf, type Trouble } from './reasons.js';
import { firstMatch, type PlanRule } from './rule-table.js';
import { fatal, warn } from './steps.js';

/** The file system of a root and what can be seen of it. */
interface RootLook {
  facts: Facts;
  root: Mount | undefined;
}

/**
 * `kept`: it is written to. `to-be-written`: it is read-only because nobody said `rw`, and
 * OpenWrt's program makes it writable. `lost`: the kernel made it read-only after it was written
 * to.
 */
export type OwnRoot = 'kept' | 'to-be-written' | 'lost';

/** Disks that the kernel keeps in memory: ramdisks (major 1) and zram. */
const isRamDisk = ({ device, source }: Mount): boolean =>
  device.startsWith('1:') || /^\/dev\/z?ram\d/.test(source);

const keepsFiles = ({ root }: RootLook): boolean =>
  root !== undefined && isWritableType(root.fstype) && !isRamDisk(root);

/** Somebody named the volume, or said that the overlay goes over any root. */
const isOverlayAsked = ({ facts: { configuration } }: RootLook): boolean =>
  configuration.settings.writable_root === 'overlay' ||
  configuration.settings.persist.length > 0 ||
  configuration.origins.volume !== undefined;

const hasVolume = ({ facts: { volume } }: RootLook): boolean => !isNowhere(volume);

const isRw = (options: readonly string[]): boolean => !options.includes('ro');

const isWritten = ({ root }: RootLook): boolean => isRw(root!.options) && isRw(root!.superOptions);

/** The mount takes writes, and its file system does not: an error, or its device. */
const wentReadOnly = ({ root }: RootLook): boolean =>
  isRw(root!.options) && !isRw(root!.superOptions);

/** `ro` on the command line: the maintainer wants the root as it is. The last word counts. */
export const isMeantReadOnly = ({ kernel }: Pick<Facts, 'kernel'>): boolean =>
  commandLineWords(kernel.commandLine).words.findLast(
    ({ name, value }) => value === null && ['ro', 'rw'].includes(name),
  )?.name === 'ro';

const isProtected = ({ facts }: RootLook): boolean => facts.rootProtected === true;

export const OWN_ROOT: readonly PlanRule<RootLook, OwnRoot | null>[] = [
  { id: 'no-such-root', when: (look) => !keepsFiles(look), then: () => null },
  { id: 'overlay-asked', when: isOverlayAsked, then: () => null },
  { id: 'volume', when: hasVolume, then: () => null },
  { id: 'protected', when: (look) => isWritten(look) && isProtected(look), then: () => 'lost' },
  { id: 'kept', when: isWritten, then: () => 'kept' },
  { id: 'lost', when: wentReadOnly, then: () => 'lost' },
  {
    id: 'meant-read-only',
    when: ({ facts }) => facts.handover?.ramfs === true || isMeantReadOnly(facts),
    then: () => null,
  },
  { id: 'protected-image', when: isProtected, then: () => null },
  { id: 'to-be-written', when: () => true, then: () => 'to-be-written' },
];

const rootMount = (facts: Facts): Mount | undefined =>
  visibleAt(facts.mounts, imageMountpoint(facts) ?? '/');

/** What the root that the kernel mounted is; null if it is one for an overlay. */
export const ownRoot = (facts: Facts): OwnRoot | null =>
  firstMatch(OWN_ROOT, { facts, root: rootMount(facts) });

/** The root for a sentence: `ext4 /dev/root`. */
export const ownRootName = (facts: Facts): string => {
  const { fstype, source } = rootMount(facts)!;
  return `${fstype} ${source}`;
};

/** Whether `/` keeps its changes itself, and no overlay is to go over it. */
export const keepsItself = (facts: Facts): boolean => ownRoot(facts) === 'kept';

const failure = (earlier: readonly StageResult[]): StageResult | undefined =>
  failures(earlier, 'root', 'persistent')[0];

/** Whether a start leaves this root as the kernel mounted it. */
export const isLeftAlone = (facts: Facts, earlier: readonly StageResult[]): boolean =>
  ['kept', 'to-be-written'].includes(ownRoot(facts) ?? '') && failure(earlier) === undefined;

/** File systems that write down when a file was read, and thus gain by `noatime`. */
const NOTES_READING = ['ext2', 'ext3', 'ext4', 'f2fs', 'jffs2', 'ubifs', 'btrfs', 'xfs'];

function remountSteps(facts: Facts): Plan['steps'] {
  const at = imageMountpoint(facts) ?? '/';
  const { fstype, options } = rootMount(facts)!;
  const action = remountStep(at, 'writable', { undone: false });
  if (ownRoot(facts) === 'to-be-written')
    return [
      fatal(
        'root-writable',
        'There is no data volume, and the root is a file system that can keep its changes.',
        action,
      ),
    ];
  if (options.includes('noatime') || !NOTES_READING.includes(fstype)) return [];
  return [warn('root-noatime', 'noatime spares the root a write for every read.', action)];
}

/** The root stays as it is; an initramfs switches to it. */
export function ownRootPlan(facts: Facts): Plan {
  const at = imageMountpoint(facts);
  return planOf('start', facts, {
    stage: 'root',
    summary:
      `the root that the kernel mounted (${ownRootName(facts)}), ` +
      'which keeps its changes itself',
    steps: [
      ...pstoreSteps(facts),
      ...remountSteps(facts),
      ...(at === null ? [] : [makeRootPrivate(facts), ...switchTo(facts, at, null)]),
    ],
    last: true,
  });
}

/** Why a root that would keep its changes does not; null if it is none, or nothing went wrong. */
export function ownRootTrouble(facts: Facts, earlier: readonly StageResult[]): Trouble | null {
  const kind = ownRoot(facts);
  if (kind === null) return null;
  const failed = failure(earlier)?.failed;
  if (failed) return troubleOf('root-protected', failed.error, null);
  if (kind !== 'lost') return null;
  return troubleOf(
    'root-protected',
    `the root, ${ownRootName(facts)}, was to be written to, and ` +
      (facts.rootProtected === true
        ? 'its device refuses writes'
        : 'the kernel made it read-only, which it does after an error on it'),
  );
}
