import { describe, DEVICE_KINDS, type Device, type DeviceKind } from './device.js';
import { VOLUME_TYPE_LIST, VOLUME_TYPES, type Content, type ContentKind } from './index.js';
import type { Unmountable, VolumeType } from './volume-type.js';

const typeOf = (kind: ContentKind): VolumeType => VOLUME_TYPES[kind];

/** The programs that make a file system on a disk, as a list for sentences. */
export const DISK_MAKERS = VOLUME_TYPE_LIST.flatMap(([, { mountAs }]) => mountAs.block ?? [])
  .map((fstype) => `mkfs.${fstype}`)
  .join(' or ');

/**
 * The file system to mount on a device with this content; undefined if it cannot be mounted from
 * there. Content that was not looked at counts as unreadable.
 */
export const fstypeOf = (
  { kind }: Pick<Device, 'kind'>,
  { content }: { content: Content | null },
): string | undefined => typeOf(content?.kind ?? 'unreadable').mountAs[kind];

const unsupported = ({ kind }: Device): Unmountable => ({
  reason: 'unsupported-content',
  because: `that cannot be mounted from ${DEVICE_KINDS[kind].title}`,
  cure: 'correct the partition table, or order `mountroot reset` if nothing on it is needed',
});

/** The reason why a device with this content cannot be mounted, and the cure. */
export function whyUnmountable(device: Device, { kind, evidence }: Content): Unmountable {
  const { unmountable = unsupported } = typeOf(kind);
  const { reason, because, cure } = unmountable(device, DISK_MAKERS);
  return { reason, cure, because: `${describe(device)}: ${evidence}; ${because}` };
}

/** The same for doctor, which gives the evidence and the cure apart. */
export function unmountableText(on: string, deviceKind: DeviceKind, kind: ContentKind): string {
  const { unmountableText: own, fileSystem } = typeOf(kind);
  return (
    own?.(on, deviceKind) ??
    `${on} holds ${fileSystem?.title ?? kind}, which cannot be mounted from ` +
      DEVICE_KINDS[deviceKind].title
  );
}
