import { behind, complains, logError } from '../complaint.js';
import type { CodedCause } from '../../sentences/causes.js';
import type { KernelMessages, MessageRow } from '../message-row.js';

/**
 * UBI's prefix: `UBI error: function: ` until Linux 3.19, then `ubi0 error: function: `, with the
 * module's name in brackets if it is one.
 */
const PREFIX =
  /(?:UBI(?:-\d+)?|ubi(\d*))(?:[ :-]+(?:error|warning))?: (?:[a-z_]+(?:\.[a-z0-9.]+)?(?: \[ubi\])?: )?/;
const ubi = (words: RegExp): RegExp => behind(PREFIX, words);
const device = (number: string | undefined): string => `ubi${number ?? ''}`;

/** What UBI says when it cannot attach a partition, or has no such volume. */
export const UBI_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: ubi(/bad (VID header|data) offset (\d+), expected (\d+)/),
    source: 'drivers/mtd/ubi/io.c: validate_ec_hdr',
    tells: complains('reason', ([, n, what, found, expected]) => ({
      device: device(n),
      cause: {
        code: 'ubi-other-layout',
        what: what!,
        found: Number(found),
        expected: Number(expected),
      },
    })),
  },
  {
    pattern: ubi(/bad image sequence number (\d+) in PEB (\d+), expected (\d+)/),
    source: 'drivers/mtd/ubi/attach.c: scan_peb; scan.c: process_eb',
    tells: complains('reason', ([, n, , peb]) => ({
      device: device(n),
      cause: { code: 'ubi-mixed-images', peb: Number(peb) },
    })),
  },
  {
    pattern: ubi(
      /(?:not enough PEBs|no enough physical eraseblocks|too large reserved_pebs)\D*(\d+), (?:available|good PEBs) (\d+)/,
    ),
    source: 'drivers/mtd/ubi/vtbl.c: vtbl_check; eba.c: ubi_eba_init',
    tells: complains('reason', ([, n, needed, there]) => ({
      device: device(n),
      cause: { code: 'ubi-too-small', needed: Number(needed), there: Number(there) },
    })),
  },
  {
    pattern: ubi(/no enough physical eraseblocks|no free eraseblocks|too few good PEBs/),
    source: 'drivers/mtd/ubi/eba.c, attach.c',
    tells: complains('reason', ([, n]) => ({
      device: device(n),
      cause: { code: 'ubi-too-small', needed: null, there: null },
    })),
  },
  {
    pattern: ubi(
      /(?:the )?(?:MTD device|mtd\d+) (?:is not UBI-formatted|possibly contains non-UBI)/,
    ),
    source: 'drivers/mtd/ubi/attach.c: late_analysis; scan.c: check_what_we_have',
    tells: complains('reason', ([, n]) => ({
      device: device(n),
      cause: { code: 'ubi-not-formatted' },
    })),
  },
  {
    pattern: ubi(
      /(too many corrupted PEBs, refusing|both volume tables are corrupted|valid volume table was not found|error \d+ while checking the volume table|volume table check failed|incompatible internal volume|validation failed for PEB \d+)/,
    ),
    source: 'drivers/mtd/ubi/attach.c: late_analysis; vtbl.c: process_lvol',
    tells: complains('damage', ([, n, what]) => ({
      device: device(n),
      cause: { code: 'ubi-damaged', what: what! },
    })),
  },
  {
    pattern: ubi(/the layout volume was not found/),
    source: 'drivers/mtd/ubi/vtbl.c: ubi_read_volume_table',
    tells: complains('reason', ([, n]) => ({
      device: device(n),
      cause: { code: 'ubi-no-volume-table' },
    })),
  },
  {
    pattern: ubi(/this UBI version is (\d+), image version is (\d+)/),
    source: 'drivers/mtd/ubi/attach.c: scan_peb',
    tells: complains('reason', ([, n, own, image]) => ({
      device: device(n),
      cause: {
        code: 'fs-newer-format',
        fstype: 'UBI',
        device: device(n),
        what: `version ${image}, and the kernel's is ${own}`,
      },
    })),
  },
  {
    pattern: ubi(
      /(?:refuse attaching mtd(\d+) - )?(MLC NAND is not supported|zero erasesize flash is not supported|it is already emulated on top of UBI|multiple regions, not implemented|min\. I\/O unit \(\d+\) is not power of 2)/,
    ),
    source: 'drivers/mtd/ubi/build.c: ubi_attach_mtd_dev, io_init',
    tells: complains('reason', ([, n, mtd, why]) => ({
      device: mtd === undefined ? device(n) : `mtd${mtd}`,
      layer: 'flash',
      cause: { code: 'ubi-refuses', why: why! },
    })),
  },
  {
    pattern: ubi(/cannot open mtd (\S+?), error (-\d+)/),
    source: 'drivers/mtd/ubi/build.c: ubi_init',
    tells: complains('reason', ([, , mtd, error], seen) => ({
      layer: 'flash',
      cause: { code: 'ubi-no-mtd', mtd: mtd!, error: logError(error!, seen) },
    })),
  },
  {
    pattern: ubi(
      /error (-\d+)(?: \(ECC error\))? while reading (?:\d+ bytes|\S+) from PEB (\d+):(\d+)/,
    ),
    source: 'drivers/mtd/ubi/io.c: ubi_io_read',
    tells: complains('medium', ([, n, error, peb], seen) => ({
      device: device(n),
      cause: { code: 'ubi-read-error', peb: Number(peb), error: logError(error!, seen) },
    })),
  },
  {
    pattern: ubi(/empty MTD device detected/),
    source: 'drivers/mtd/ubi/attach.c: late_analysis',
    tells: complains('hint', ([, n]) => ({ device: device(n), cause: { code: 'ubi-empty' } })),
  },
  {
    pattern: ubi(
      /(?:cannot attach|failed to attach) (?:by (?:scanning|fastmap)|mtd(\S+?))(?:, error (-\d+))?$/,
    ),
    source: 'drivers/mtd/ubi/build.c: ubi_attach_mtd_dev, ubi_init',
    tells: complains('effect', ([, n, mtd, error], seen) => ({
      device: mtd === undefined ? device(n) : `mtd${mtd}`,
      layer: 'flash',
      cause: {
        code: 'ubi-cannot-attach',
        mtd: mtd ?? null,
        error: error === undefined ? null : logError(error, seen),
      },
    })),
  },
  {
    pattern: ubi(/block: can(?:'t|not) open volume(?: on)? (\S+?),? err(?:or)?[ =](-?\d+)/),
    source: 'drivers/mtd/ubi/block.c: ubiblock_create_from_param',
    tells: complains('effect', ([, , volume, error], seen) => ({
      layer: 'flash',
      cause: missingVolume(volume!, error!, seen),
    })),
  },
];

/** A volume that cannot be opened: its device is empty, or has no such volume, or is missing. */
export function missingVolume(volume: string, error: string, seen: KernelMessages): CodedCause {
  const device = /^ubi\d+/.exec(volume)?.[0] ?? 'ubi';
  const empty = seen.complaints.some(
    ({ value }) =>
      value.cause.code === 'ubi-empty' && (value.device === device || value.device === 'ubi'),
  );
  if (empty) return { code: 'ubi-empty' };
  return {
    code: 'ubi-volume-missing',
    volume,
    attached: seen.ubi.map(({ value }) => value),
    error: logError(error, seen),
  };
}
