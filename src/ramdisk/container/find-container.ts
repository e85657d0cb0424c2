import type { RamdiskFault, RamdiskProblem } from '../ramdisk-problem.js';
import { androidBoot, androidVendorBoot } from './android.js';
import type { BytesAt } from './bytes-at.js';
import {
  HEAD_BYTES,
  PIECES_AT_MOST,
  type Container,
  type ContainerFormat,
  type Piece,
} from './container.js';
import { fit } from './fit.js';
import { mediatek } from './mediatek.js';
import { multiUImage, plainUImage } from './uimage-format.js';

/** The first format that matches counts. */
const FORMATS: readonly ContainerFormat[] = [
  androidBoot,
  androidVendorBoot,
  mediatek,
  multiUImage,
  fit,
];

/** What a piece of an image may be: MediaTek's and U-Boot's headers lie within others. */
const INNER: readonly ContainerFormat[] = [...FORMATS, plainUImage];

/** Images within images. Boards have two. */
const DEEPEST = 3;

/** Whether a file may be a boot image, by its first bytes. */
export const mayBeContainer = (head: Buffer): boolean => FORMATS.some(({ when }) => when(head));

const problem = (offset: number, fault: RamdiskFault): RamdiskProblem => ({
  ...{ offset, inside: null, kernelSays: null, fault },
});

/**
 * A boot image with all that is in it; null for anything else. Pieces that are images themselves
 * have their pieces behind them, and hand over those.
 * @throws {ContainerError} for a damaged header.
 */
export const findContainer = (bytes: BytesAt): Container | null => readAs(FORMATS, bytes, 1);

function readAs(
  formats: readonly ContainerFormat[],
  bytes: BytesAt,
  depth: number,
): Container | null {
  const head = bytes.read(0, HEAD_BYTES);
  const container = formats.find(({ when }) => when(head))?.read(bytes) ?? null;
  if (container === null) return null;
  const end = bytes.offset + bytes.size;
  const checked = [container.verify];
  const pieces: Piece[] = [];
  const problems = [
    ...container.problems,
    ...container.pieces.flatMap((each) => cut(each, end)),
    ...overlapping(container.pieces),
  ];
  for (const each of container.pieces) {
    const inner = within(bytes, each, depth);
    if (inner === 'too deep')
      problems.push(problem(each.offset, { code: 'nested-too-deep', piece: each.name }));
    const isImage = inner !== null && inner !== 'too deep' && inner.pieces.length > 0;
    pieces.push(isImage ? { ...each, handed: false } : each);
    if (!isImage) continue;
    pieces.push(...inner.pieces.map((below) => innerPiece(each, below)));
    problems.push(...inner.problems);
    checked.push(inner.verify);
  }
  const kept = pieces.slice(0, PIECES_AT_MOST);
  return {
    ...container,
    pieces: kept,
    problems,
    verify: () => checked.flatMap((check) => check()),
  };
}

/** The image that a ramdisk or a kernel is; null if it is none. */
function within(
  bytes: BytesAt,
  { role, offset, size }: Piece,
  depth: number,
): Container | 'too deep' | null {
  if (role !== 'ramdisk' && role !== 'kernel') return null;
  const part = bytes.part(offset - bytes.offset, size);
  if (depth < DEEPEST) return readAs(INNER, part, depth + 1);
  const head = part.read(0, HEAD_BYTES);
  return INNER.some(({ when }) => when(head)) ? 'too deep' : null;
}

/** A piece of an image that is itself a ramdisk, or holds one. */
const innerPiece = (outer: Piece, inner: Piece): Piece => ({
  ...inner,
  name: `${outer.name}/${inner.name}`,
  load: inner.load ?? outer.load,
  handed: inner.handed && outer.handed,
});

/** @param end of the image in the file. */
function cut({ name, offset, size }: Piece, end: number): RamdiskProblem[] {
  const got = Math.max(0, Math.min(size, end - offset));
  if (got === size) return [];
  return [problem(Math.min(offset, end), { code: 'piece-cut', piece: name, said: size, got })];
}

/** FIT images may share their data, but not a part of them. */
function overlapping(pieces: readonly Piece[]): RamdiskProblem[] {
  const placed = pieces
    .filter(({ size }) => size > 0)
    .sort((one, other) => one.offset - other.offset);
  return placed.flatMap((each, index) => {
    const before = placed[index - 1];
    if (before === undefined || before.offset + before.size <= each.offset) return [];
    if (before.offset === each.offset && before.size === each.size) return [];
    return [problem(each.offset, { code: 'pieces-overlap', piece: before.name, other: each.name })];
  });
}
