/**
 * The steps that make a volume accessible (wait for it, attach it, mount it where it covers
 * nothing) and those that release it.
 */
import type { Device, External, Facts, MountedVolume, Volume } from '../facts/facts.js';
import { visibleAt } from '../facts/mountinfo.js';
import { EXTERNAL, STAGING } from '../facts/places.js';
import { PSTORE } from '../facts/pstore.js';
import type { Action, Step } from '../steps/step.js';
import type { MountFlag } from '../system/flags.js';
import { fstypeOf } from '../volumes/mountable.js';
import { loadSteps } from './load.js';
import { fatal, mkdir, mount, warn } from './steps.js';

export const waitSteps = (volume: Volume, seconds: number): Step[] => [
  fatal('wait', 'Its driver may still be looking for it.', {
    kind: 'wait-for',
    volume: volume.wanted,
    seconds,
  }),
];

export const attachSteps = (mtd: number): Step[] => [
  fatal('attach', 'UBI shows its volumes only after it has read the whole partition.', {
    kind: 'attach-ubi',
    mtd,
  }),
];

export const emptySteps = ({ name, size, eraseBlock }: Device): Step[] => [
  fatal('empty', 'UBIFS makes itself only on a volume that has nothing on it.', {
    kind: 'empty-ubi',
    device: `/dev/${name}`,
    blocks: Math.floor(size / eraseBlock!),
  }),
];

/**
 * Mounts pstore, which shows the messages of the previous boot from memory that survives a reset.
 * An init that mounts it itself would fail if it were mounted; `done` looks into it then.
 */
export function pstoreSteps({ kernel, paths, mounts, pstoreBy }: Facts): Step[] {
  if (
    pstoreBy !== undefined ||
    !kernel.filesystems.includes('pstore') ||
    paths[PSTORE] !== 'directory' ||
    visibleAt(mounts, PSTORE) !== undefined
  )
    return [];
  return [
    warn(
      'pstore',
      'It shows how the boot before ended, if that was a crash.',
      mount('pstore', PSTORE, 'pstore', {
        writable: false,
        flags: ['MS_NOSUID', 'MS_NODEV', 'MS_NOEXEC'],
      }),
    ),
  ];
}

/** The data volume is mounted on STAGING first, so that a bad one never covers /overlay. */
export function openSteps(
  facts: Facts,
  readonly: boolean,
  options: string | null = facts.mountOptions ?? null,
): Step[] {
  const { volume } = facts;
  const flags: MountFlag[] = readonly ? ['MS_RDONLY', 'MS_NOATIME'] : ['MS_NOATIME'];
  const why = readonly
    ? 'It cannot be mounted for writing; read-only the settings are still there.'
    : 'The settings live here; noatime spares the flash a write for every read.';
  return [
    ...pstoreSteps(facts),
    ...loadSteps(facts, mountedAs(volume)),
    fatal(
      'staging',
      'The data volume is mounted here first, so that a bad one never covers /overlay.',
      mkdir(STAGING),
    ),
    fatal('data', why, mountDevice(volume, STAGING, flags, options)),
  ];
}

export const externalSteps = (facts: Facts, volume: External): Step[] => [
  ...loadSteps(facts, mountedAs(volume)),
  fatal(
    'external-place',
    'The external volume is mounted here first, until it is known to belong to this board.',
    mkdir(EXTERNAL),
  ),
  fatal(
    'external',
    'The configuration asks for it.',
    mountDevice(
      volume,
      EXTERNAL,
      volume.fstab?.flags ?? ['MS_NOATIME'],
      volume.fstab?.data ?? null,
    ),
  ),
];

const mountedAs = (volume: Volume): string => fstypeOf(volume.found[0]!, volume)!;

function mountDevice(
  volume: Volume,
  target: string,
  flags: MountFlag[],
  data: string | null = null,
): Action {
  const device = volume.found[0]!;
  return mount(device.source, target, mountedAs(volume), { data, writable: false, flags });
}

/** Unmounts the data volume from STAGING, for good. */
export const unmountStaging = ({ fstype }: Pick<MountedVolume, 'fstype'>, why: string): Step =>
  warn('close', why, { kind: 'umount', path: STAGING, fstype, lazy: false, again: null });

interface RemountOptions {
  /** Whether a failed plan undoes it. */
  undone: boolean;
  /** Seconds to wait for files that are open for writing. */
  patience?: number;
}

/** Makes a whole file system read-only or writable. */
export const remountStep = (
  path: string,
  to: 'read-only' | 'writable',
  { undone, patience = 0 }: RemountOptions,
): Action => ({
  kind: 'remount',
  path,
  readonly: to === 'read-only',
  flags: ['MS_NOATIME'],
  inverse: undone,
  patience,
});
