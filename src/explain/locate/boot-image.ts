import { handedRamdisk } from '../../ramdisk/container/handed-ramdisk.js';
import type { ContainerData } from '../../ramdisk/list.js';
import { problemText } from '../../ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../ramdisk/source.js';
import { uimageCompression, uimageType, UIMAGE_TYPES, type UImage } from '../../ramdisk/uimage.js';

/** A boot image, and where its ramdisk lies in the file. */
export interface BootImage extends ContainerData {
  problems: string[];
}

/** An image of one file as one of several. */
function single(uimage: UImage, at: number): ContainerData {
  const { name, type, size, loadAddress } = uimage;
  const isRamdisk = type === UIMAGE_TYPES.ramdisk;
  return {
    ...{ kind: `U-Boot image of ${uimageType(type)}`, name, note: '' },
    pieces: [
      {
        ...{ name: 'data', role: isRamdisk ? 'ramdisk' : 'other', offset: at, size },
        ...{ compression: uimageCompression(uimage), load: loadAddress },
        handed: isRamdisk,
      },
    ],
  };
}

/** null for a file that is no boot image. @throws if it is damaged, or cannot be read. */
export async function bootImageIn(file: string): Promise<BootImage | null> {
  const all = ByteSource.fromFile(file);
  try {
    const { container, uimage, source, verify } = await handedRamdisk(all);
    const image = container ?? (uimage && single(uimage, source.offset));
    if (image === null) return null;
    const { kind, name, note, pieces } = image;
    const problems = (await verify()).map(problemText);
    return { kind, name, note, pieces, problems };
  } finally {
    await all.close();
  }
}

/** The bytes that the boot loader hands over of a ramdisk's file. @throws as bootImageIn(). */
export async function handedBytes(file: string): Promise<number> {
  const all = ByteSource.fromFile(file);
  try {
    const { source, uimage } = await handedRamdisk(all);
    if (uimage !== null) return uimage.size;
    let bytes = 0;
    for (let chunk; (chunk = await source.chunk()) !== null;) bytes += chunk.length;
    return bytes;
  } finally {
    await all.close();
  }
}
