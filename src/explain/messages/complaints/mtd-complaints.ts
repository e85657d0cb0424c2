import { complains, logError } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const FLASH = 'flash' as const;

/** What the drivers of flash chips and their partitions say. */
export const MTD_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern:
      /^mtd: partition "(.*)" (?:extends beyond the end of device "(.*)" -- size truncated to (0x[0-9a-f]+)|is out of reach -- disabled)/i,
    source: 'drivers/mtd/mtdpart.c: allocate_partition',
    tells: complains('effect', ([, partition, chip, size]) => ({
      layer: FLASH,
      cause: {
        code: 'mtd-partition-cut',
        partition: partition!,
        chip: chip ?? null,
        size: size ?? null,
      },
    })),
  },
  {
    pattern:
      /^(?:nand: )?(?:\S+: )?(No NAND device found|[Uu]nknown NAND (?:device|ID).*|unknown raw ID \S+.*|nand_scan(?:_ident|_tail)? failed.*|second ID read did not match.*)/,
    has: ['no nand', 'unknown nand', 'nand_scan', 'raw id', 'second id read'],
    source: 'drivers/mtd/nand/raw/nand_base.c: nand_detect',
    tells: complains('reason', ([, what]) => ({
      layer: FLASH,
      cause: { code: 'flash-no-chip', kind: 'NAND', what: what! },
    })),
  },
  {
    pattern:
      /^(?:m25p80|spi-nor|spi-nand) (\S+): (?:unrecognized JEDEC id(?: bytes)?:? ?([0-9a-fx ,]+)|unknown raw ID ([0-9a-f ]+)|error (-\d+) reading JEDEC ID)/,
    source: 'drivers/mtd/spi-nor/core.c: spi_nor_read_id; devices/m25p80.c; nand/spi/core.c',
    tells: complains('reason', ([, chip, id, raw, error], seen) => ({
      layer: FLASH,
      cause: {
        code: 'flash-unknown-chip',
        chip: chip!,
        id: (id ?? raw)?.trim() ?? null,
        error: error === undefined ? null : logError(error, seen),
      },
    })),
  },
  {
    pattern:
      /^(?:(?:physmap-flash|physmap|of-flash|cfi_probe)[\w. -]*: )?(map_probe failed|do_map_probe\(\) failed.*|No supported flash chip found.*)$/,
    source: 'drivers/mtd/maps/physmap-core.c; chips/gen_probe.c',
    tells: complains('reason', ([, what]) => ({
      layer: FLASH,
      cause: { code: 'flash-no-chip', kind: 'CFI (NOR)', what: what! },
    })),
  },
  {
    pattern:
      /^(?:nand_bbt: |nand: )?(?:No space left to write bad block table|Can't scan flash and build the RAM-based BBT|.*(?:error|failed).* (?:reading|writing) (?:the )?bad block table.*)/i,
    has: ['bad block table', 'ram-based bbt'],
    source: 'drivers/mtd/nand/raw/nand_bbt.c',
    tells: complains('medium', () => ({ layer: FLASH, cause: { code: 'flash-bad-block-table' } })),
  },
  {
    pattern: /^nand: WARNING: .*the ECC used on your system .*is too weak/,
    source: 'drivers/mtd/nand/raw/nand_base.c: nand_scan_tail',
    tells: complains('hint', () => ({ layer: FLASH, cause: { code: 'flash-weak-ecc' } })),
  },
  {
    pattern:
      /^(?!EDAC|mce|{).{0,100}?(?:uncorrectable ECC errors?|uncorrectable errors? .{0,40}page|ECC (?:error|failure|fail)s?\b|uncorrected ECC|ECC: uncorrectable)/i,
    has: ['uncorrect', 'ecc'],
    source: 'drivers/mtd/nand/raw',
    tells: complains('medium', () => ({ layer: FLASH, cause: { code: 'flash-ecc' } })),
  },
  {
    pattern: /^(?:MTD: |\w+: )?MTD device with name "(.*)" not found/,
    has: ['mtd device with name'],
    source: 'drivers/mtd/mtdsuper.c: get_tree_mtd, mount_mtd',
    tells: complains('reason', ([, name]) => ({
      layer: FLASH,
      cause: { code: 'no-mtd-partition', root: `mtd:${name}` },
    })),
  },
  {
    pattern:
      /^(?:mtd: |cmdlinepart: |cmdlinepart\.c: )?(.*(?:mtd has no id|invalid mtd(?:parts)? |no mtd-id|partition has size 0|partition size too small|no partition name found|mtdparts .*invalid).*)$/,
    has: [
      'no id',
      'invalid mtd',
      'no mtd-id',
      'partition has size',
      'partition size',
      'no partition name',
      'mtdparts',
    ],
    source: 'drivers/mtd/parsers/cmdlinepart.c',
    tells: complains('reason', ([, what]) => ({
      layer: FLASH,
      cause: { code: 'mtdparts-wrong', what: what! },
    })),
  },
];
