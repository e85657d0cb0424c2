/** The files by which a distribution's boot is switched to mountroot and back. */

/** Our part in an initramfs of initramfs-tools, and the file that it is made from. */
export const INITRAMFS_PART = 'scripts/init-bottom/mountroot';
export const INITRAMFS_SOURCE = `/usr/share/initramfs-tools/${INITRAMFS_PART}`;

/** Our part for dracut. It brings the file above into the initramfs, and calls it. */
export const DRACUT_MODULE = '/usr/lib/dracut/modules.d/90mountroot';

/** The name of an initramfs as it was before `enable` had it made anew. */
export const backupOf = (image: string): string => `${image}.before-mountroot`;
