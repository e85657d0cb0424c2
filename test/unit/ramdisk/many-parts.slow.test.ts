import { gzipSync } from 'node:zlib';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { Lister } from '../../../src/ramdisk/list.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { RAMDISK_LIMITS } from '../../../src/text/input-limits.js';

t.test('a ramdisk of very many compressed parts is refused', async (t) => {
  const header = `070701${'0'.repeat(8 * 11)}0000000B00000000`;
  const part = gzipSync(`${header}TRAILER!!!\0`.padEnd(124, '\0'));
  const parts = Buffer.concat(Array<Buffer>(RAMDISK_LIMITS.parts + 1).fill(part));
  await t.rejects(readRamdisk(ByteSource.fromBuffer(parts), new Lister(() => {})), {
    message: /more than 25000 compressed parts/,
  });
});
