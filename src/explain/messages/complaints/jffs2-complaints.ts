import { complains } from '../complaint.js';
import type { MessageRow } from '../message-row.js';

const FLASH = 'flash' as const;
/** The magic number of the other byte order. */
const SWAPPED = '8519';

/** What jffs2 says when it does not mount. */
export const JFFS2_COMPLAINTS: readonly MessageRow[] = [
  {
    pattern: /^(?:jffs2: )?Too few erase blocks \((\d+)\)/,
    source: 'fs/jffs2/fs.c: jffs2_do_fill_super',
    tells: complains('reason', ([, blocks]) => ({
      layer: FLASH,
      cause: { code: 'jffs2-too-few-blocks', blocks: Number(blocks) },
    })),
  },
  {
    pattern:
      /^(?:jffs2: )?Cowardly refusing to erase blocks on filesystem with no valid JFFS2 nodes/,
    source: 'fs/jffs2/scan.c: jffs2_scan_medium',
    tells: complains('effect', () => ({ layer: FLASH, cause: { code: 'jffs2-finds-nothing' } })),
  },
  {
    pattern:
      /^(?:jffs2: )?(?:jffs2_scan_eraseblock\(\): )?Magic bitmask 0x1985 not found at 0x([0-9a-f]+): 0x([0-9a-f]{4}) instead/,
    source: 'fs/jffs2/scan.c: jffs2_scan_eraseblock',
    tells: (seen, match, line) => {
      const found = match[2]!;
      const swapped = found === SWAPPED;
      complains(swapped ? 'reason' : 'other-content', () => ({
        layer: FLASH,
        cause: swapped
          ? { code: 'jffs2-other-byte-order' }
          : { code: 'jffs2-other-content', found },
      }))(seen, match, line);
    },
  },
  {
    pattern:
      /^(?:jffs2: )?(?:Old JFFS2 bitmask found at|You cannot use older JFFS2 filesystems with newer kernels)/,
    source: 'fs/jffs2/scan.c: jffs2_scan_eraseblock',
    tells: complains('reason', () => ({
      layer: FLASH,
      cause: {
        code: 'fs-newer-format',
        fstype: 'jffs2',
        device: null,
        what: 'an old version of it, which today’s kernels do not read',
      },
    })),
  },
  {
    pattern:
      /^(?:jffs2: )?(?:jffs2_nand_flash_setup\(\): )?((?:Cannot operate on|inconsistent device description|JFFS2 doesn't support|JFFS2 on DataFlash|Flash page size|Defined ECC layout).*|no suitable oob scheme available.*|.*clean ?marker.* (?:fit|space).*)$/i,
    has: [
      'cannot operate on',
      'inconsistent device',
      "jffs2 doesn't",
      'jffs2 on dataflash',
      'flash page size',
      'ecc layout',
      'suitable oob',
      'marker',
    ],
    source: 'fs/jffs2/wbuf.c: jffs2_nand_flash_setup; super.c',
    tells: complains('reason', ([, why]) => ({
      layer: FLASH,
      cause: { code: 'jffs2-refuses-flash', why: why! },
    })),
  },
  {
    pattern: /^(?:jffs2: )?jffs2_flush_wbuf\(\): Write failed with (-\d+)/,
    source: 'fs/jffs2/wbuf.c: __jffs2_flush_wbuf',
    tells: complains('medium', () => ({
      layer: FLASH,
      cause: { code: 'flash-write-error', fstype: 'jffs2' },
    })),
  },
  {
    pattern:
      /^(?:jffs2: )?(?:jffs2_scan_\w+\(\): )?(.*(?:has invalid CRC|CRC failed on node at|Node CRC .* failed|data CRC .* failed)\b.*|.*CLEANMARKER node found at 0x[0-9a-f]+(?: has totlen|, not first node).*)$/,
    has: ['crc', 'cleanmarker node'],
    source: 'fs/jffs2/scan.c, readinode.c',
    tells: complains('hint', ([, what]) => ({
      layer: FLASH,
      cause: { code: 'fs-damaged', fstype: 'jffs2', device: null, what: what! },
    })),
  },
];
