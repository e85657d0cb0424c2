import t from 'tap';
import { jffs2Levels } from '../../../src/volumes/jffs2-levels.js';

const KIB = 1024;
const MIB = 1024 * KIB;

t.test(
  'the reserve of jffs2 is calculated as in the kernel (jffs2_calc_trigger_levels)',
  async (t) => {
    // On the emulated board an empty volume of 64 MiB has 62.0 MiB free: eight blocks less.
    t.match(jffs2Levels(64 * MIB, 256 * KIB), {
      eraseBlocks: 256,
      reservedBlocks: 8,
      reserved: 2 * MIB,
      deletionBlocks: 2,
      uncollected: 256 * KIB + 671_088,
    });
    // A usual router: 12.5 MiB in blocks of 64 KiB. 262144 + 20000 + 65535 bytes need just over
    // five blocks.
    t.match(jffs2Levels(12.5 * MIB, 64 * KIB), {
      eraseBlocks: 200,
      reservedBlocks: 7,
      reserved: 448 * KIB,
      uncollected: 64 * KIB + 131_072,
    });
    t.equal(
      jffs2Levels(64 * MIB + 5, 256 * KIB).eraseBlocks,
      256,
      'a partition that does not end with a block',
    );
  },
);
