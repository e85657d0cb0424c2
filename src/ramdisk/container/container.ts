import type { RamdiskProblem } from '../ramdisk-problem.js';
import type { BytesAt } from './bytes-at.js';

export type PieceRole = 'ramdisk' | 'kernel' | 'device tree' | 'other';

/** A stretch of a boot image. */
export interface Piece {
  /** Unique in its image. */
  name: string;
  role: PieceRole;
  /** Its place in the file, and the bytes that the image's header says. */
  offset: number;
  size: number;
  /** The compression that the header names; null if it names none. */
  compression: string | null;
  /** The address to which the boot loader copies it; null if the header names none. */
  load: number | null;
  /** Whether the kernel gets it as its initrd, or a part of that, in a usual boot. */
  handed: boolean;
}

/** A boot image that holds ramdisks. */
export interface Container {
  /** As in "Android boot image, version 2". */
  kind: string;
  /** The name or the description in its header. */
  name: string;
  pieces: Piece[];
  problems: RamdiskProblem[];
  /** What the kernel gets besides, or in which other boot; '' for nothing. */
  note: string;
  /** Compares checksums of all pieces. */
  verify: () => RamdiskProblem[];
}

/** One format of boot images. */
export interface ContainerFormat {
  /** @param head the first bytes. */
  when: (head: Buffer) => boolean;
  /** null if it is another format after all. @throws {ContainerError} */
  read: (bytes: BytesAt) => Container | null;
}

/** The bytes that `when` gets. */
export const HEAD_BYTES = 4096;

/** Pieces of one image; the longest tables have some dozen. */
export const PIECES_AT_MOST = 256;

/** A name in a header: up to its NUL, as text. */
export function nameIn(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

export const piece = (
  name: string,
  role: PieceRole,
  [offset, size]: readonly [offset: number, size: number],
  more: Partial<Piece> = {},
): Piece => ({
  ...{ name, role, offset, size, compression: null, load: null },
  handed: role === 'ramdisk' && size > 0,
  ...more,
});
