import type { Image } from '../../ramdisk/initrd-image.js';
import { FILE_SYSTEMS, isFlashOnly, rootTypes } from '../../volumes/file-systems.js';
import { otherwise } from '../../plan/rule-table.js';
import { decideBy, type DecisionRule } from '../decision-rule.js';
import { because, type Because } from '../sentences/grounds.js';
import type { DecisionLog } from './decision-log.js';

/** The source of a root's mount. */
export interface MountSource {
  /**
   * A block device through /dev/root, an mtd or UBI name that only some file systems accept, or no
   * source.
   */
  kind: 'block' | 'mtd' | 'ubi' | 'none';
  exists: boolean | null;
  content: Image['content'];
  journal: boolean;
  /** The device is on flash, which jffs2 requires. */
  flash: boolean;
  /** The device cannot be written, so the kernel mounts it read-only even with rw. */
  readonly: boolean;
}

/** The end of the search for a type: one mounts, one fails for good, or none fits. */
export type MountOutcome = Because &
  (
    | { kind: 'mounted'; fstype: string | null; readonly: boolean; certain: boolean }
    /**
     * `error` is a negative errno. `fstype` is null if the kernel failed before it tried a type.
     */
    | { kind: 'fails'; error: number; fstype: string | null }
    | { kind: 'none'; tried: string[] }
  );

const WITHOUT_DEVICE = ['tmpfs', 'ramfs'];

/** Whether the kernel has a type of file system; null if no source shows it. */
function knows(t: DecisionLog, fstype: string): boolean | null {
  if (t.given.types !== null) return t.given.types.some(({ name }) => name === fstype);
  const name = FILE_SYSTEMS[fstype]?.options[0];
  if (name === undefined || t.given.config === null) return null;
  // ext4 can serve as ext2 and ext3 too (CONFIG_EXT4_USE_FOR_EXT2).
  return t.option(name) === true || (/^ext[23]$/.test(fstype) && t.option('EXT4_FS') === true);
}

/** Whether a type mounts without a block device and without flash. */
const needsNoDevice = (fstype: string, { given }: DecisionLog): boolean =>
  WITHOUT_DEVICE.includes(fstype) ||
  given.types?.some(({ name, device }) => name === fstype && !device && !isFlashOnly(name)) ===
    true;

/**
 * The types that the kernel tries: those of rootfstype=, else all that need a block device, in the
 * order of their registration. null if unknown.
 */
export const triedTypes = ({
  words,
  given,
}: Pick<DecisionLog, 'words' | 'given'>): string[] | null =>
  words.fstypes ?? given.types?.filter(({ device }) => device).map(({ name }) => name) ?? null;

const ENOENT = -2;
const EIO = -5;
const ENXIO = -6;
const ENODEV = -19;
const EINVAL = -22;

/** One type, tried on one source. */
interface Attempt {
  t: DecisionLog;
  fstype: string;
  source: MountSource;
}

/** 0, a negative errno, or null if the outcome is unknown. */
interface AttemptOutcome extends Because {
  error: number | null;
}

const comesTo = (error: number | null, why: Because): AttemptOutcome => ({ error, ...why });
const byName = ({ source }: Attempt): boolean => source.kind === 'mtd' || source.kind === 'ubi';
const onMtd = ({ source, fstype }: Attempt): string | undefined =>
  source.kind === 'mtd' ? FILE_SYSTEMS[fstype]?.mtdOption : undefined;
const fits = ({ source, fstype }: Attempt): boolean =>
  rootTypes(source.content ?? 'unknown').includes(fstype);

/** Without facts about the devices, only the kernel's own way shows that one is missing. */
const noDevice = ({ given }: DecisionLog): Because =>
  because(given.devices === null ? 'no-number' : 'no-device');

const isUnknown = ({ content }: MountSource): boolean =>
  content === null || content === 'unknown' || content === 'unreadable';

/** The result of mounting one type (init/do_mounts.c: do_mount_root). */
export const ATTEMPT_RULES: readonly DecisionRule<Attempt, AttemptOutcome>[] = [
  {
    when: ({ t, fstype }) => knows(t, fstype) === false,
    then: ({ fstype }) => comesTo(ENODEV, because('type-missing', { fstype })),
  },
  {
    when: ({ fstype }) => WITHOUT_DEVICE.includes(fstype),
    then: ({ fstype }) => comesTo(0, because('needs-no-device', { fstype })),
  },
  {
    when: ({ t, fstype }) => needsNoDevice(fstype, t),
    then: ({ fstype }) => comesTo(null, because('needs-no-device-unknown', { fstype })),
  },
  {
    when: (each) => byName(each) && !isFlashOnly(each.fstype) && onMtd(each) === undefined,
    then: ({ fstype, source }) =>
      comesTo(
        ENOENT,
        because('wants-block-device', { fstype, kind: source.kind === 'ubi' ? 'ubi' : 'mtd' }),
      ),
  },
  {
    when: (each) => onMtd(each) !== undefined && each.t.option(onMtd(each)!) === false,
    then: (each) => {
      const { fstype } = each;
      return comesTo(
        ENOENT,
        because('wants-block-device-without', { fstype, option: onMtd(each)! }),
      );
    },
  },
  {
    when: ({ source, fstype }) => source.kind === 'ubi' && fstype === 'jffs2',
    then: () => comesTo(EINVAL, because('jffs2-takes-no-ubi')),
  },
  {
    when: ({ source, fstype }) => source.kind === 'mtd' && fstype === 'ubifs',
    then: () => comesTo(EINVAL, because('ubifs-takes-no-mtd')),
  },
  {
    when: ({ source }) => source.kind === 'ubi' && source.exists === false,
    then: () => comesTo(ENODEV, because('no-ubi-volume')),
  },
  {
    when: ({ source }) => source.kind === 'mtd' && source.exists === false,
    then: () => comesTo(ENOENT, because('no-mtd-partition')),
  },
  {
    when: ({ source }) => source.exists === false,
    then: ({ t }) => comesTo(ENXIO, noDevice(t)),
  },
  {
    when: (each) => onMtd(each) !== undefined && each.t.option(onMtd(each)!) === null,
    then: (each) => {
      const { fstype } = each;
      return comesTo(null, because('on-mtd-unknown', { fstype, option: onMtd(each)! }));
    },
  },
  {
    when: (each) => (each.t.words.flags ?? '') !== '' && (isUnknown(each.source) || fits(each)),
    then: ({ t: { words } }) => comesTo(null, because('flags-unknown', { flags: words.flags! })),
  },
  {
    when: ({ source }) => isUnknown(source),
    then: () => comesTo(null, because('content-unknown')),
  },
  {
    when: ({ source, fstype }) => fstype === 'ubifs' && source.kind !== 'ubi',
    then: () => comesTo(EINVAL, because('ubifs-takes-no-block')),
  },
  {
    when: ({ source, fstype }) => fstype === 'jffs2' && !source.flash,
    then: () => comesTo(EINVAL, because('jffs2-wants-flash')),
  },
  {
    // It finds no node of its own, and refuses to erase data that may be another file system's
    // (fs/jffs2/scan.c).
    when: (each) => each.fstype === 'jffs2' && !fits(each),
    then: ({ source }) => comesTo(EIO, because('no-jffs2', { content: source.content! })),
  },
  {
    when: ({ source, fstype }) => fstype === 'ext3' && !source.journal,
    then: () => comesTo(EINVAL, because('ext3-wants-journal')),
  },
  {
    when: (each) => fits(each) && each.source.content === 'blank',
    then: () => comesTo(0, because('erased-flash')),
  },
  {
    when: otherwise,
    then: (each) =>
      comesTo(fits(each) ? 0 : EINVAL, because('device-holds', { content: each.source.content! })),
  },
];

/** Predicts from the content alone, if neither rootfstype= nor the kernel's types are known. */
function withoutTypes(
  source: MountSource,
  readonly: (fstype: string | null) => boolean,
): MountOutcome {
  const [natural = null] = rootTypes(source.content ?? 'unknown');
  return {
    kind: 'mounted',
    fstype: natural,
    readonly: readonly(natural),
    certain: false,
    ...because('types-unknown'),
  };
}

/**
 * Predicts mount_block_root (init/do_mounts.c). After EINVAL the kernel tries the next type; any
 * other error ends the search. The kernel tries a write-protected device again read-only.
 */
export function predictMount(t: DecisionLog, source: MountSource, writable: boolean): MountOutcome {
  const types = triedTypes(t);
  const readonly = (fstype: string | null): boolean =>
    !writable || source.readonly || FILE_SYSTEMS[fstype ?? source.content ?? '']?.readonly === true;
  if (types === null && source.exists === false)
    return { kind: 'fails', error: ENXIO, fstype: null, ...noDevice(t) };
  if (types === null) return withoutTypes(source, readonly);
  let last = because('no-type');
  for (const fstype of types) {
    const { error, ...why } = decideBy(ATTEMPT_RULES, { t, fstype, source });
    if (error === null || error === 0) {
      const sure = error === 0 && source.exists !== null && knows(t, fstype) !== null;
      // If the outcome is unknown, a single type is still the probable one.
      const named = error === 0 || types.length === 1;
      return {
        kind: 'mounted',
        fstype: named ? fstype : null,
        readonly: readonly(fstype),
        certain: sure,
        ...why,
      };
    }
    if (error !== EINVAL) return { kind: 'fails', error, fstype, ...why };
    last = why;
  }
  return { kind: 'none', tried: types, ...last };
}
