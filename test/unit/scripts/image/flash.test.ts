import t from 'tap';
import { blank, cleanMarked, composeChips } from '../../../../scripts/image/flash.js';
import type { Board } from '../../../../scripts/lib/board.js';
import { Failure } from '../../../../scripts/lib/report.js';

const KIB = 1024;

/**
 * Two chips of 16 KiB that three partitions share; the second partition crosses the chips'
 * boundary.
 */
const board = {
  flash: {
    mtdId: 'flash',
    chips: [16 * KIB, 16 * KIB],
    eraseBlock: 4 * KIB,
    partitions: [
      { name: 'boot', size: 12 * KIB },
      { name: 'rootfs', size: 8 * KIB },
      { name: 'data', size: 12 * KIB },
    ],
  },
} as Board;

t.test('blank flash has every bit set', async (t) => {
  const flash = blank(5000);
  t.equal(flash.length, 5000);
  t.ok(flash.every((byte) => byte === 0xff));
});

t.test(
  "each erase block of a clean data partition is erased except for jffs2's marker",
  async (t) => {
    const flash = cleanMarked(12 * KIB, 4 * KIB);
    t.equal(flash.length, 12 * KIB);
    for (const start of [0, 4 * KIB, 8 * KIB]) {
      t.equal(flash.toString('hex', start, start + 12), '851903200c000000b1b01ee4');
      t.ok(flash.subarray(start + 12, start + 4 * KIB).every((byte) => byte === 0xff));
    }
  },
);

t.test('contents are placed where their partitions begin and the rest is blank', async (t) => {
  const chips = composeChips(board, { boot: Buffer.from('kernel'), data: Buffer.from('settings') });
  t.strictSame(
    chips.map(({ length }) => length),
    board.flash.chips,
  );
  const whole = Buffer.concat(chips);
  t.equal(whole.toString('latin1', 0, 6), 'kernel');
  t.equal(whole.toString('latin1', 20 * KIB, 20 * KIB + 8), 'settings');
  t.equal(whole.filter((byte) => byte !== 0xff).length, 'kernelsettings'.length);
});

t.test('a partition across two chips continues at the start of the second', async (t) => {
  const rootfs = Buffer.alloc(8 * KIB, 'a');
  rootfs.fill('b', 4 * KIB);
  const [first, second] = composeChips(board, { rootfs });
  t.equal(first!.toString('latin1', 12 * KIB), 'a'.repeat(4 * KIB));
  t.equal(second!.toString('latin1', 0, 4 * KIB), 'b'.repeat(4 * KIB));
});

t.test('contents may fill their partition to the last byte, but not exceed it', async (t) => {
  t.doesNotThrow(() => composeChips(board, { rootfs: Buffer.alloc(8 * KIB) }));
  t.throws(() => composeChips(board, { rootfs: Buffer.alloc(8 * KIB + 1) }), {
    name: 'Failure',
    message: /partition rootfs has 8193 bytes, 1 more than fit/,
  });
});

t.test(
  'contents for an unknown partition are refused, with the names of the known ones',
  async (t) => {
    t.throws(() => composeChips(board, { kernel: Buffer.alloc(1) }), {
      name: 'Failure',
      message: /no partition kernel.*boot, rootfs, data/,
    });
  },
);

t.test('partitions that need more than the chips have are refused', async (t) => {
  const tight = { ...board, flash: { ...board.flash, chips: [16 * KIB] } };
  t.throws(() => composeChips(tight, {}), Failure);
});
