/** What surprises the user of a distribution whose root is an overlay. */
import { listed } from '../../text/listed.js';
import { warning, type CheckInputs, type Finding } from './check-rule.js';

export function bootFiles({ live, now }: CheckInputs): Finding | null {
  const names = live?.bootFiles;
  if (names === undefined) return null;
  return warning(
    'a kernel or an initramfs was changed on the overlay, and the boot loader reads the one below',
    `${now.opened?.at}/upper/boot has ${listed(names)}`,
    'repeat the upgrade with `mountroot maintain`, which changes the root below',
  );
}

export function swapFiles({ live }: CheckInputs): Finding | null {
  const paths = live?.swapFiles;
  if (paths === undefined) return null;
  return warning(
    `the kernel takes no swap file on an overlay (${listed(paths)})`,
    '/etc/fstab',
    'use a partition or zram for it, and take the line out of /etc/fstab',
  );
}

export function rootOptions({ live }: CheckInputs): Finding | null {
  const options = live?.rootOptions;
  if (options === undefined) return null;
  return warning(
    `systemd-remount-fs fails where the overlay refuses what it asks for (${listed(options)})`,
    '/etc/fstab, the line of /',
    'take these options out of the line on the overlay, or install the Debian package, with ' +
      'which systemd asks for nothing',
  );
}
