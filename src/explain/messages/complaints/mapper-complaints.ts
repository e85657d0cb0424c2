import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const LAYER = 'mapper' as const;

/** What device-mapper says: dm-verity, dm-init and their tables. */
export const MAPPER_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^device-mapper: verity(?:-fec)?: (\S+): ((?:data|metadata) block \d+ is corrupted.*|FEC .*failed.*)/,
    source: 'drivers/md/dm-verity-target.c: verity_handle_err',
    tells: complains('reason', ([, device, what]) => ({
      device,
      layer: LAYER,
      cause: { code: 'verity-corrupted', device: device!, what: what! },
    })),
  },
  {
    pattern:
      /^device-mapper: (?:table: )?(?:(\d+:\d+): )?(.{0,80}?[Rr]oot hash .{0,80}?(?:fail|invalid|requir|verif).*)/,
    source: 'drivers/md/dm-verity-verify-sig.c, dm-verity-target.c',
    tells: complains('reason', ([, device, what]) => ({
      device,
      layer: LAYER,
      cause: { code: 'mapper-table', device: device ?? null, what: what! },
    })),
  },
  {
    pattern:
      /^device-mapper: (?:table: )?(?:(\d+:\d+): )?(?:(\w+): )?(unknown target type|.*lookup failed.*|.*[Ii]nvalid .*|.*too small for target.*|Device lookup failed.*|Cannot initialize hash.*|.*[Uu]nsupported .*|target type .*|.*requires .*)$/,
    source: 'drivers/md/dm-table.c: dm_table_add_target, device_area_is_invalid',
    tells: complains('reason', ([, device, target, what]) => ({
      device,
      layer: LAYER,
      cause: {
        code: 'mapper-table',
        device: device ?? null,
        what: target === undefined ? what! : `${target}: ${what}`,
      },
    })),
  },
  {
    pattern:
      /^device-mapper: (?:init: )?(?:waiting for (?:device (\S+?)(?: ?\.\.\.)?$|all devices to be available).*)/,
    source: 'drivers/md/dm-init.c: dm_init_init',
    tells: complains('hint', ([, device]) => ({
      layer: LAYER,
      cause: { code: 'mapper-waits', device: device ?? null },
    })),
  },
  {
    pattern:
      /^device-mapper: (?:ioctl: error adding target to table|init: .*(?:failed|unable|error).*|table: .*(?:failed|error).*)/,
    source: 'drivers/md/dm-ioctl.c: populate_table; dm-init.c',
    tells: complains('effect', ([what]) => ({
      layer: LAYER,
      cause: { code: 'mapper-table', device: null, what: what.replace(/^device-mapper: /, '') },
    })),
  },
];
