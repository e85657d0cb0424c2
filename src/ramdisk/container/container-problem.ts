/** The faults of boot images, which the boot loader finds or stumbles over. */
import { listed } from '../../text/listed.js';
import { printable } from '../../text/printable.js';
import { plural } from '../../text/units.js';

const COPY_AGAIN = 'copy it again, and check its size';
const MAKE_AGAIN = 'make the image again';

export const CONTAINER_FAULTS = {
  'piece-cut': (of: { piece: string; said: number; got: number }) => ({
    means:
      `the header says that ${printable(of.piece)} has ${plural(of.said, 'byte')}, and the file ` +
      `has ${of.got} of them`,
    cure: COPY_AGAIN,
  }),
  'pieces-overlap': ({ piece, other }: { piece: string; other: string }) => ({
    means: `${printable(piece)} and ${printable(other)} lie on the same bytes`,
    cure: MAKE_AGAIN,
  }),
  'piece-checksum': ({ piece, method }: { piece: string; method: string }) => ({
    means: `${printable(piece)} has another ${method} than the header says, so U-Boot refuses it`,
    cure: `the file is damaged: ${COPY_AGAIN}`,
  }),
  'no-ramdisk-in': ({ kind, pieces }: { kind: string; pieces: readonly string[] }) => ({
    means:
      `this ${kind} hands over no ramdisk` +
      (pieces.length === 0 ? '' : `; it has ${listed(pieces.map((name) => printable(name)))}`),
    cure: 'name the image that has it, or a piece with --piece',
  }),
  'fit-no-default': ({ chosen }: { chosen: string }) => ({
    means:
      'it has no default configuration, so U-Boot boots it only with a name (bootm ' +
      `ADDRESS#NAME); this is ${printable(chosen)}`,
    cure: 'give /configurations the property default',
  }),
  'fit-image-missing': (of: { configuration: string; image: string }) => ({
    means:
      `its configuration ${printable(of.configuration)} names the image ${printable(of.image)}, ` +
      'which it does not have',
    cure: MAKE_AGAIN,
  }),
  'fit-no-data': ({ piece }: { piece: string }) => ({
    means: `its image ${printable(piece)} has no data, neither within nor behind the tree`,
    cure: MAKE_AGAIN,
  }),
  'nested-too-deep': ({ piece }: { piece: string }) => ({
    means: `${printable(piece)} is an image in an image in an image, and is not looked into`,
    cure: MAKE_AGAIN,
  }),
  'uimage-type': ({ type }: { type: string }) => ({
    means: `U-Boot's header says that this is ${type}, so U-Boot does not take it for a ramdisk`,
    cure: 'wrap a ramdisk with `mkimage -T ramdisk`, or `mountroot ramdisk pack --uimage NAME`',
  }),
};
