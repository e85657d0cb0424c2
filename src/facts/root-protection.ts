import { orElse } from '../system/or-else.js';
import type { Reader } from '../system/port.js';
import { isWritableType } from '../volumes/file-systems.js';
import type { Facts, Mount } from './facts.js';
import { visibleAt } from './mountinfo.js';

/**
 * Whether the device of a root refuses writes, as a card's switch makes it. A read-only type of
 * file system needs no such look, and a mount without a device (major 0) has none.
 */
export function rootProtection(
  devices: Reader,
  mounts: readonly Mount[],
  at: string,
): Pick<Facts, 'rootProtected'> {
  const root = visibleAt(mounts, at);
  if (root === undefined || root.device.startsWith('0:') || !isWritableType(root.fstype)) return {};
  const says = orElse('', () => devices.readText(`/sys/dev/block/${root.device}/ro`).trim());
  return says === '1' ? { rootProtected: true } : {};
}
