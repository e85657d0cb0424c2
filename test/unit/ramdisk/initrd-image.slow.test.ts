import { gzipSync } from 'node:zlib';
import t from 'tap';
import { imageIn } from '../../../src/ramdisk/initrd-image.js';
import { ByteSource } from '../../../src/ramdisk/source.js';

/** The first bytes of an image of each kind. */
function head(
  magic: string | Buffer,
  at: number,
  numbers: [at: number, bytes: number[]][] = [],
): Buffer {
  const bytes = Buffer.alloc(2048);
  Buffer.from(magic).copy(bytes, at);
  for (const [where, some] of numbers) Buffer.from(some).copy(bytes, where);
  return bytes;
}
const IMAGES: [content: string, kibibytes: number, bytes: Buffer][] = [
  ['romfs', 3, head('-rom1fs-', 0, [[8, [0, 0, 0x0a, 0x01]]])],
  ['cramfs', 4, head(Buffer.from([0x45, 0x3d, 0xcd, 0x28]), 0, [[4, [0, 0x10]]])],
  ['cramfs', 4, head(Buffer.from([0x45, 0x3d, 0xcd, 0x28]), 512, [[516, [0, 0x10]]])],
  ['squashfs', 4, head('hsqs', 0, [[40, [0, 0x10]]])],
  ['minix', 60, head(Buffer.from([0x7f, 0x13]), 1040, [[1026, [60]]])],
  ['ext2', 60, head(Buffer.from([0x53, 0xef]), 1080, [[1028, [60]]])],
  [
    'ext4',
    60,
    head(Buffer.from([0x53, 0xef]), 1080, [
      [1028, [60]],
      [1116, [4]],
    ]),
  ],
];

t.test('an image is recognised by its superblock, compressed or not', async (t) => {
  for (const [content, kibibytes, bytes] of IMAGES) {
    t.match(await imageIn(ByteSource.fromBuffer(bytes), 1 << 20), {
      content,
      kibibytes,
      error: null,
    });
    t.match(await imageIn(ByteSource.fromBuffer(gzipSync(bytes)), 1 << 20), {
      content,
      kibibytes: 2,
      error: null,
    });
  }
});

t.test('an image cut short within its superblock is not recognised', async (t) => {
  for (const [content, , bytes] of IMAGES)
    for (let length = 0; length < 1200; length++) {
      const short = bytes.subarray(0, length);
      const plain = await imageIn(ByteSource.fromBuffer(short), 1 << 20);
      if (plain !== null && plain.content !== content && content !== 'ext4')
        t.fail(`${content}, ${length} bytes, is taken for ${plain.content}`);
      await imageIn(ByteSource.fromBuffer(gzipSync(short)), 1 << 20);
    }
  for (const bytes of [
    '-rom1fs-',
    'hsqs',
    Buffer.from([0x45, 0x3d, 0xcd, 0x28]),
    IMAGES[5]![2].subarray(0, 0x45f),
  ])
    t.equal(await imageIn(ByteSource.fromBuffer(Buffer.from(bytes)), 1 << 20), null);
});
