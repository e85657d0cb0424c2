/** Whose an external volume is, and what ties one without an owner to this board. */
import type { External, Facts, MountedVolume } from '../facts/facts.js';
import { EXTROOT_IDENTITY } from '../facts/places.js';

type Board = Pick<MountedVolume, 'identity'>;

const isOurs = (owner: string, { fstab }: External, { identity }: Board): boolean =>
  owner === identity || (fstab !== undefined && owner.toLowerCase() === fstab.image?.toLowerCase());

/**
 * The owner that the volume names, if it is not this board; null if it may be used. fstools ties a
 * volume to the UUID of the board's image, and mountroot to an identity on the internal volume.
 */
export function otherOwner(external: External, board: Board): string | null {
  const { identity, fstab } = external;
  if (fstab?.anybodys) return null;
  const owners = [fstab?.owner ?? null, identity].filter((owner) => owner !== null);
  return owners.find((owner) => !isOurs(owner, external, board)) ?? null;
}

/** What this board is called where such volumes name their owner. */
export function boardNames({ fstab }: External, { identity }: Board): string {
  const ours = identity ?? 'without an identity';
  if (fstab === undefined) return `this board is ${ours}`;
  return `the image is ${fstab.image ?? 'without a UUID'}, and this board is ${ours}`;
}

/**
 * How a volume without an owner gets one: by fstools' file, so that fstools finds it too, or by
 * ours. fstools does not tie a volume that is the whole root.
 */
export function tieOf({ external, configuration }: Facts): 'image' | 'board' | null {
  const { identity, fstab } = external!;
  if (identity !== null) return null;
  if (fstab === undefined) return 'board';
  const { owner, anybodys, image } = fstab;
  if (owner !== null || anybodys || configuration.settings.extroot_target === 'root') return null;
  return image === null ? 'board' : 'image';
}

/** The cures where /etc/config/fstab asks for the volume. */
export const FSTAB_CURES = {
  missing: (file: string): string =>
    `connect it, or correct its section in ${file} (\`enabled\` 0 takes it out)`,
  mismatch:
    `if the image was upgraded, or the volume is to belong to this board, mount it and remove ` +
    `${EXTROOT_IDENTITY} from it`,
} as const;
