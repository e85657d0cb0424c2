import { complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

/** What the block layer and the drivers of disks say. */
export const DISK_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^(?:blk_update_request: |end_request: |print_req_error: |blk_print_req_error: )?(?:(critical (?:medium|target|space allocation|nexus)|timeout|recoverable transport|protection|operation not supported|device offline|device resource) error|I\/O error)(?:,|:)? dev (\w+?),? (?:sector|op \S+ sector) (\d+)/i,
    source: 'block/blk-mq.c: blk_print_req_error; block/blk-core.c',
    tells: complains('medium', ([, kind, device, sector]) => ({
      device,
      cause: {
        code: 'disk-io',
        device: device!,
        sector: Number(sector),
        medium: /medium/i.test(kind ?? ''),
      },
    })),
  },
  {
    pattern: /^Buffer I\/O error on dev(?:ice)? (\S+?), logical block (\d+)/,
    source: 'fs/buffer.c: buffer_io_error',
    tells: complains('medium', ([, device, block]) => ({
      device,
      cause: {
        code: 'disk-io',
        device: device!,
        sector: null,
        medium: false,
        block: Number(block),
      },
    })),
  },
  {
    pattern:
      /^(?:\S+: )?attempt to access beyond end of device$|^(\S+?): (?:rw=\d+, )(?:want=\d+|sector=\d+, nr_sectors = \d+),? limit=(\d+)/,
    has: ['access beyond end', 'limit='],
    source: 'block/blk-core.c: handle_bad_sector',
    tells: complains('effect', ([, device, limit]) => ({
      device,
      cause: {
        code: 'device-end',
        device: device ?? null,
        limit: limit === undefined ? null : Number(limit),
      },
    })),
  },
  {
    pattern: /^(ata\d+)(?:\.\d+)?: SATA link down/,
    source: 'drivers/ata/libata-core.c: sata_print_link_status',
    tells: complains('hint', ([, port]) => ({
      device: port,
      cause: { code: 'sata-link-down', port: port! },
    })),
  },
  {
    pattern:
      /^(ata\d+)(?:\.\d+)?: (?:COMRESET failed|SRST failed|failed to IDENTIFY|reset failed, giving up|revalidation failed|qc timeout|disabled|link is slow to respond)/,
    source: 'drivers/ata/libata-eh.c',
    tells: complains('medium', ([, port]) => ({
      device: port,
      cause: { code: 'sata-does-not-answer', port: port! },
    })),
  },
  {
    pattern: /^(ata\d+)(?:\.\d+)?: (?:exception Emask|failed command|error: \{)/,
    source: 'drivers/ata/libata-eh.c: ata_eh_link_report',
    tells: complains('effect', ([, port]) => ({
      device: port,
      cause: { code: 'sata-does-not-answer', port: port! },
    })),
  },
  {
    pattern: /^sd \S+: \[(\w+)\] .*Sense: (?:Unrecovered read error|.*[Mm]edium)/,
    source: 'drivers/scsi/scsi_logging.c: scsi_log_print_sense',
    tells: complains('medium', ([, device]) => ({
      device,
      cause: { code: 'disk-io', device: device!, sector: null, medium: true },
    })),
  },
  {
    pattern:
      /^usb ([\d.-]+): (?:device descriptor read\/\w+, error (-\d+)|device not accepting address \d+, error (-\d+)|unable to enumerate USB device|can't (?:read|set) config.*, error (-\d+)|.*over-current)|^usb (usb\d+|[\d-]+)-port\d+: (?:unable to enumerate USB device|over-current|cannot (?:enable|reset))/,
    source: 'drivers/usb/core/hub.c: hub_port_init',
    tells: complains('hint', ([, port, read, address, config, hub], seen) => {
      const error = read ?? address ?? config;
      return {
        device: `usb${port ?? hub}`,
        cause: {
          code: 'usb-does-not-answer',
          port: (port ?? hub)!,
          error: error === undefined ? null : logError(error, seen),
        },
      };
    }),
  },
  {
    pattern:
      /^nvme (nvme\d+): (?:Device not ready|.*I\/O .* timeout|Removing after probe failure|controller is down|failed to .*|Identify Controller failed|.*Could not set queue count).*?(?:status: (-?\d+))?$/,
    source: 'drivers/nvme/host/core.c, pci.c',
    tells: complains('reason', ([, device]) => ({
      device,
      cause: { code: 'nvme-not-ready', device: device! },
    })),
  },
  {
    pattern:
      /^(?:sd|sr) \S+: \[(\w+)\] (?:Media removed|.*[Nn]o [Mm]edium|Medium not present|Unit Not Ready)/,
    source: 'drivers/scsi/sd.c',
    tells: complains('hint', ([, device]) => ({
      device,
      cause: { code: 'disk-no-medium', device: device! },
    })),
  },
  {
    pattern:
      /^(?:Dev )?(\w+): unable to read partition table|^ ?(\w+): unknown partition table|^ (\w+):\s+unable to read partition table/,
    has: ['partition table'],
    source: 'block/partitions/core.c: check_partition',
    tells: complains('hint', ([, device, other, indented]) => ({
      device: device ?? other ?? indented,
      cause: { code: 'partition-table', device: (device ?? other ?? indented)! },
    })),
  },
  {
    pattern:
      /^(?:GPT: ?|Alternate GPT|Primary (?:header|GPT))(?:.*(?:header (?:thinks|not at the end)|is invalid|invalid.*using alternate|Use GNU Parted to correct))/i,
    source: 'block/partitions/efi.c',
    tells: complains('hint', () => ({ cause: { code: 'partition-table', device: null } })),
  },
  {
    pattern:
      /^(?:(\S+) )?(\S+?): (?:probe (?:of (\S+) failed with error|with driver (\S+) failed with error) (-\d+)|error (-E[A-Z][A-Z0-9_]+): .*)/,
    has: ['probe ', 'error -e'],
    source: 'drivers/base/dd.c: call_driver_probe',
    tells: complains('hint', ([, bus, driver, device, other, error, named], seen) => ({
      cause: {
        code: 'driver-fails',
        driver: other ?? (device === undefined ? (bus ?? driver!) : driver!),
        device: device ?? driver!,
        error: logError((error ?? named)!, seen),
      },
      layer: layerOfDriver(`${bus ?? ''} ${driver} ${device ?? ''} ${other ?? ''}`),
    })),
  },
];

const DRIVERS: readonly (readonly [RegExp, 'mmc' | 'flash' | 'disk' | 'server'])[] = [
  [/mmc|sdhci|sdio|\bsd\b|dw_?mci?|esdhc/i, 'mmc'],
  [/nand|spi-nor|m25p|mtd|flash|qspi|quadspi|gpmi|physmap|nor\b/i, 'flash'],
  [/ahci|sata|ata\b|scsi|nvme|usb|ehci|ohci|xhci|dwc|ufs|virtio_blk|pcie?/i, 'disk'],
  [/eth|emac|gmac|macb|fec|mdio|phy\b|net\b|e1000|r8169|stmmac|smsc/i, 'server'],
];

/** The part of the machine that a driver is for, by its name. */
export const layerOfDriver = (names: string): 'mmc' | 'flash' | 'disk' | 'server' | 'program' =>
  DRIVERS.find(([name]) => name.test(names))?.[1] ?? 'program';
