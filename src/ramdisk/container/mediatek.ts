/** MediaTek's header, before a kernel or a ramdisk and often within an Android boot image. */
import { nameIn, piece, type ContainerFormat, type PieceRole } from './container.js';
import { ContainerError } from './container-error.js';
import { keyed } from '../../text/keyed.js';

const MAGIC = 0x5888_1688;
const HEADER = 512;
const NAME = { at: 8, length: 32 };

const ROLES: Record<string, PieceRole> = keyed({
  ROOTFS: 'ramdisk',
  RECOVERY: 'ramdisk',
  KERNEL: 'kernel',
});

export const mediatek: ContainerFormat = {
  when: (head) => head.length >= 4 && head.readUInt32LE() === MAGIC,
  read: (bytes) => {
    const header = bytes.read(0, HEADER);
    if (header.length < HEADER)
      throw new ContainerError(
        `the MediaTek header ends after ${header.length} of its ${HEADER} bytes; the file is cut ` +
          'short: copy it again, and check its size',
      );
    const name = nameIn(
      Buffer.from(header.subarray(NAME.at, NAME.at + NAME.length).map(withoutFill)),
    );
    const role = ROLES[name.toUpperCase()] ?? 'other';
    const place = [bytes.offset + HEADER, header.readUInt32LE(4)] as const;
    return {
      ...{ kind: 'image with a MediaTek header', name, note: '', problems: [] },
      pieces: [piece(name || 'data', role, place)],
      verify: () => [],
    };
  },
};

/** The header is filled with ff. */
const withoutFill = (byte: number): number => (byte === 0xff ? 0 : byte);
