import type { CodedCause } from '../sentences/causes.js';
import type { AfterBroken } from '../sentences/root-causes.js';

/** Reasons of a failed unpacking that come from a full tmpfs or from too little memory. */
const NO_SPACE =
  /write error|no space|ENOSPC|-28|out of memory|ran out|can't allocate|cannot allocate/i;
/** xz's decoder is there, and refuses the stream (lib/decompress_unxz.c). */
const XZ_SETTINGS = /not supported by this XZ decoder/;
/** Reasons that come from a kernel without the method of compression. */
const NOT_BUILT = /not (?:configured|compiled|supported)/i;

/**
 * The cause if an initrd does not unpack: memory, the kernel, or the archive. `then`: what the
 * kernel did after it.
 */
export function brokenInitrdCause(reason: string | null, then: AfterBroken): CodedCause {
  if (reason !== null && NO_SPACE.test(reason)) return { code: 'initrd-no-space', reason };
  if (reason !== null && XZ_SETTINGS.test(reason)) return { code: 'initrd-xz-settings' };
  if (reason !== null && NOT_BUILT.test(reason)) return { code: 'no-decompressor' };
  return { code: 'initrd-broken', reason, then };
}
