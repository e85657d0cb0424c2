/** Changes of the overlay that do nothing there, because the boot comes before the overlay. */
/**
 * `boot-file`: a boot loader reads the file of the root below. `new-kernel-modules`: the modules of
 * a kernel that the root below does not have.
 */
export type BootReason = 'boot-file' | 'new-kernel-modules';

/** The part of a diff's entry that tells. */
interface Change {
  kind: string;
  path: string;
  of: string;
}

const BOOT_FILE = /^(?:boot\/.|(?:vmlinuz|vmlinux|initrd\.img)(?:\.old)?$)/;
/** How such paths begin. Most others begin with another letter. */
const BEGINNINGS = 'bvilu';
const MODULES_OF_KERNEL = /^(?:usr\/)?lib\/modules\/[^/]+$/;

/** Whether a file in a directory may be one. @param folder with a slash behind it; '' is the top */
export const mayHoldBootFiles = (folder: string): boolean =>
  folder === '' || folder.startsWith('boot/');

/** Why a change does nothing where it is; null if it does what it should. */
export function bootReason({ kind, path, of }: Change): BootReason | null {
  if (!BEGINNINGS.includes(path.charAt(0)) || kind === 'same' || kind === 'stale') return null;
  if (BOOT_FILE.test(path)) return of === 'directory' ? null : 'boot-file';
  return kind === 'added' && of === 'directory' && MODULES_OF_KERNEL.test(path)
    ? 'new-kernel-modules'
    : null;
}

export const BOOT_REASON_WORDS: Record<BootReason, string> = {
  'boot-file': 'no boot loader reads this here, but the file of the root below',
  'new-kernel-modules': 'of a kernel that the root below does not have',
};

export const BOOT_REASON_CURE =
  '`mountroot maintain` upgrades the root below, where the boot loader reads';
