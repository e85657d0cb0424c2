/** U-Boot's legacy images that hold several files, or that lie within another image. */
import { crc32 } from 'node:zlib';
import type { RamdiskFault, RamdiskProblem } from '../ramdisk-problem.js';
import {
  UIMAGE_HEADER,
  parseUImage,
  uimageCompression,
  uimageType,
  UIMAGE_TYPES,
  type UImage,
} from '../uimage.js';
import type { BytesAt } from './bytes-at.js';
import {
  PIECES_AT_MOST,
  piece,
  type Container,
  type ContainerFormat,
  type Piece,
  type PieceRole,
} from './container.js';
import { ContainerError } from './container-error.js';

const MAGIC = 0x2705_1956;
const TYPE_AT = 30;

/** What U-Boot takes the files of a multi-file image for, in their order (bootm). */
const ROLES: readonly PieceRole[] = ['kernel', 'ramdisk', 'device tree'];

const TYPE_ROLES: Record<number, PieceRole> = {
  [UIMAGE_TYPES.ramdisk]: 'ramdisk',
  [UIMAGE_TYPES.kernel]: 'kernel',
  [UIMAGE_TYPES.tree]: 'device tree',
};

const at = (offset: number, fault: RamdiskFault): RamdiskProblem => ({
  ...{ offset, inside: null, kernelSays: null, fault },
});

/** Compares the checksum of all that follows the header. */
function verify(bytes: BytesAt, { size, checksum }: UImage): RamdiskProblem[] {
  const data = bytes.part(UIMAGE_HEADER, size);
  const begin = data.offset;
  if (data.size < size)
    return [at(begin + data.size, { code: 'uimage-cut', said: size, got: data.size })];
  let sum = 0;
  for (const chunk of data.chunks()) sum = crc32(chunk, sum);
  return sum === checksum ? [] : [at(begin, { code: 'uimage-checksum' })];
}

/** The sizes of the files, up to a zero. @throws {ContainerError} */
function sizesOf(bytes: BytesAt, { size }: UImage): number[] {
  const table = bytes.part(UIMAGE_HEADER, size).read(0, 4 * (PIECES_AT_MOST + 1));
  const sizes: number[] = [];
  for (let from = 0; from + 4 <= table.length; from += 4) {
    const length = table.readUInt32BE(from);
    if (length === 0) return sizes;
    sizes.push(length);
  }
  throw new ContainerError(
    `the table of sizes of this multi-file U-Boot image does not end within ` +
      `${Math.min(PIECES_AT_MOST, sizes.length)} files; the file is damaged`,
  );
}

function filesOf(bytes: BytesAt, uimage: UImage): Piece[] {
  const sizes = sizesOf(bytes, uimage);
  let from = UIMAGE_HEADER + 4 * (sizes.length + 1);
  return sizes.map((size, index) => {
    const offset = bytes.offset + from;
    from += Math.ceil(size / 4) * 4;
    const role = ROLES[index] ?? 'other';
    const compression = role === 'kernel' ? uimageCompression(uimage) : null;
    return piece(`file-${index}`, role, [offset, size], { compression });
  });
}

function read(bytes: BytesAt): Container {
  const uimage = parseUImage(bytes.read(0, UIMAGE_HEADER), bytes.offset)!;
  const isMulti = uimage.type === UIMAGE_TYPES.multi;
  const role = TYPE_ROLES[uimage.type] ?? 'other';
  const data = piece('data', role, [bytes.offset + UIMAGE_HEADER, uimage.size], {
    compression: uimageCompression(uimage),
    load: uimage.loadAddress,
  });
  return {
    kind: isMulti ? 'multi-file U-Boot image' : `U-Boot image of ${uimageType(uimage.type)}`,
    ...{ name: uimage.name, problems: [], note: '' },
    pieces: isMulti ? filesOf(bytes, uimage) : [data],
    verify: () => verify(bytes, uimage),
  };
}

const isUImage = (head: Buffer): boolean => head.length >= 4 && head.readUInt32BE() === MAGIC;

export const multiUImage: ContainerFormat = {
  when: (head) => isUImage(head) && head[TYPE_AT] === UIMAGE_TYPES.multi,
  read,
};

/** Any other, which is only looked for within another image. */
export const plainUImage: ContainerFormat = { when: isUImage, read };
