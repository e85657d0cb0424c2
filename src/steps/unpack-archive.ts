import { SystemError } from '../system/system-error.js';
import { unzipped } from '../system/unzipped.js';
import type { StepKind } from './step-kind.js';

/** Unpacks a gzip archive that lies on a device, with something else behind it. */
interface UnpackArchive {
  device: string;
  /** The first byte of the archive. */
  offset: number;
  /** The file to make. */
  to: string;
}

/** The archive of a board's settings has some hundred KiB. Ever more is read until it is whole. */
const FIRST = 1 << 20;
const MOST = 16 << 20;

function whole(read: (length: number) => Uint8Array): Buffer | null {
  for (let length = FIRST; length <= MOST; length *= 4) {
    const bytes = read(length);
    const text = unzipped(bytes, MOST);
    if (text !== null) return text;
    if (bytes.length < length) return null;
  }
  return null;
}

export const unpackArchive: StepKind<UnpackArchive> = {
  inverse: () => null,
  condition: ({ to }) => ({ kind: 'present', path: to }),
  /** @throws {SystemError} EIO for a damaged archive, which then stays where it is. */
  execute: ({ device, offset, to }, system) => {
    if (system.kind(to) !== 'missing') return false;
    const content = whole((length) => system.readBytes(device, offset, length));
    if (content === null)
      throw new SystemError({
        what: `unpack the archive at byte ${offset} of ${device}, which is damaged or too long`,
        syscall: 'unpack',
        errno: 'EIO',
        path: device,
      });
    system.create(to, content, 0o600);
    return true;
  },
  busy: null,
  shownAs: 'one call',
  shell: () => ({ cannot: 'unpack an archive with something behind it' }),
};
