/**
 * The work that one file may cost. The pieces of a boot image may lie on the same bytes, and be
 * images themselves, so a small file could have any amount of work in it.
 */
import { RAMDISK_LIMITS } from '../../text/input-limits.js';
import { plural } from '../../text/units.js';
import { ContainerError } from './container-error.js';

/** An honest image is read some five times: headers, three checksums, and its ramdisks. */
const TIMES = 16;
/** Many small pieces: the first bytes of each are read to see whether it is an image. */
const HEADS = 4 << 20;

export class Effort {
  private read = 0;
  private held = 0;

  /** @param size the bytes of the file. */
  constructor(private readonly size: number) {}

  /** @throws {ContainerError} when the file has been read too often. */
  reads(bytes: number): void {
    this.read += bytes;
    if (this.read > TIMES * this.size + HEADS)
      throw new ContainerError(
        `the boot image of ${plural(this.size, 'byte')} would be read more than ${TIMES} times, ` +
          'because its pieces lie on the same bytes or within each other; make the image again',
      );
  }

  /** Counts bytes that stay in memory. @throws {ContainerError} */
  holds(bytes: number): void {
    this.held += bytes;
    if (this.held > RAMDISK_LIMITS.tree)
      throw new ContainerError(
        `its device trees have more than ${RAMDISK_LIMITS.tree} bytes together, which is the ` +
          'limit; the file is damaged, or its images belong behind the tree (`mkimage -E`)',
      );
  }
}
