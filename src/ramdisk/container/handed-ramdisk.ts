import { listed } from '../../text/listed.js';
import { printable } from '../../text/printable.js';
import type { RamdiskFault, RamdiskProblem } from '../ramdisk-problem.js';
import { ByteSource } from '../source.js';
import { UIMAGE_TYPES, handedOver, uimageType, type UImage } from '../uimage.js';
import { bytesAtOf, type BytesAt } from './bytes-at.js';
import { HEAD_BYTES, type Container, type Piece } from './container.js';
import { ContainerError } from './container-error.js';
import { findContainer, mayBeContainer } from './find-container.js';

/** What the kernel gets of a file. */
export interface HandedRamdisk {
  /** U-Boot's header before the whole; null without one. */
  uimage: UImage | null;
  /** null for a ramdisk by itself. */
  container: Container | null;
  /** The bytes of all ramdisks that are handed over, one behind the other. */
  source: ByteSource;
  /** The place in the file of an offset of the source. */
  at: (offset: number) => number;
  /** Reads the rest, and compares checksums: what the boot loader would refuse. */
  verify: () => Promise<RamdiskProblem[]>;
}

const problem = (offset: number, fault: RamdiskFault): RamdiskProblem => ({
  ...{ offset, inside: null, kernelSays: null, fault },
});

/**
 * The part of a file that the kernel gets as its initrd: of a boot image its ramdisks, else all
 * behind U-Boot's header.
 * @param piece names one piece of a boot image, to take that.
 * @throws {UImageError}, {ContainerError} for a header that the boot loader refuses.
 */
export async function handedRamdisk(
  source: ByteSource,
  piece: string | null = null,
): Promise<HandedRamdisk> {
  if (mayBeContainer(await source.peek(HEAD_BYTES))) {
    const bytes = await bytesAtOf(source);
    const container = findContainer(bytes);
    if (container !== null) return ofContainer(bytes, container, piece);
    const rest = bytes.part(0, bytes.size);
    return plain(ByteSource.from(chunksOf([rest])), piece);
  }
  return plain(source, piece);
}

async function plain(source: ByteSource, piece: string | null): Promise<HandedRamdisk> {
  if (piece !== null)
    throw new ContainerError(
      `cannot take the piece ${printable(piece)}: the file is no boot image with pieces`,
    );
  const { uimage, source: inner, verify } = await handedOver(source);
  const type = uimage?.type ?? UIMAGE_TYPES.ramdisk;
  const wrong: RamdiskProblem[] =
    type === UIMAGE_TYPES.ramdisk
      ? []
      : [problem(0, { code: 'uimage-type', type: uimageType(type) })];
  return {
    ...{ uimage, container: null, source: inner },
    at: (offset) => offset,
    verify: async () => {
      const unfit = await verify();
      return unfit === null ? wrong : [...wrong, unfit];
    },
  };
}

function ofContainer(bytes: BytesAt, container: Container, name: string | null): HandedRamdisk {
  const taken = takenOf(container, name);
  const parts = taken.map(({ offset, size }) => bytes.part(offset - bytes.offset, size));
  const [only] = parts;
  const base = parts.length === 1 ? only!.offset : 0;
  const problems =
    taken.length > 0
      ? container.problems
      : [
          ...container.problems,
          problem(0, {
            code: 'no-ramdisk-in',
            kind: container.kind,
            pieces: container.pieces.map((each) => each.name),
          }),
        ];
  return {
    ...{ uimage: null, container },
    source: ByteSource.from(chunksOf(parts), base),
    at: parts.length === 1 ? (offset) => offset : placeIn(parts),
    verify: () => Promise.resolve([...problems, ...container.verify()]),
  };
}

/** @throws {ContainerError} for a name that no piece has. */
function takenOf({ kind, pieces }: Container, name: string | null): Piece[] {
  if (name === null) return pieces.filter(({ handed }) => handed);
  const named = pieces.filter((each) => each.name === name);
  if (named.length > 0) return named.slice(0, 1);
  const all = listed(pieces.map((each) => printable(each.name)));
  throw new ContainerError(`there is no piece ${printable(name)} in this ${kind}; it has ${all}`);
}

/** The place in the file of an offset in parts that follow one another. */
const placeIn =
  (parts: readonly BytesAt[]) =>
  (offset: number): number => {
    let left = offset;
    for (const { offset: from, size } of parts) {
      if (left < size) return from + left;
      left -= size;
    }
    const last = parts.at(-1);
    return last === undefined ? 0 : last.offset + last.size;
  };

// eslint-disable-next-line @typescript-eslint/require-await -- A source reads asynchronously.
async function* chunksOf(parts: readonly BytesAt[]): AsyncGenerator<Buffer, void> {
  for (const part of parts) yield* part.chunks();
}
