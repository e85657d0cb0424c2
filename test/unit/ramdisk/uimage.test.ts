import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { handedOver, peelUImage, wrapUImage } from '../../../src/ramdisk/uimage.js';

/**
 * The output of mkimage 2023.01: `mkimage -A arm -O linux -T ramdisk -C none -n 'my initrd'` at
 * time 0x6b013d61, around `hello` and a line feed.
 */
const MKIMAGE = Buffer.concat([
  Buffer.from('27051956cef3272c6b013d61000000060000000000000000363a302005020300', 'hex'),
  Buffer.from('my initrd'),
  Buffer.alloc(32 - 'my initrd'.length),
  Buffer.from('hello\n'),
]);

t.test('a ramdisk is wrapped as mkimage wraps it, byte for byte', async (t) => {
  const folder = t.testdir({ ramdisk: 'hello\n' });
  const out = join(folder, 'uImage');
  await wrapUImage(join(folder, 'ramdisk'), out, { name: 'my initrd', time: 0x6b013d61 });
  t.same(readFileSync(out), MKIMAGE);
});

t.test('the header is removed and reported, and the data stay unchanged', async (t) => {
  const source = ByteSource.fromBuffer(MKIMAGE);
  t.same(await peelUImage(source), {
    name: 'my initrd',
    time: 0x6b013d61,
    size: 6,
    loadAddress: 0,
    entry: 0,
    checksum: 0x363a3020,
    os: 5,
    arch: 2,
    type: 3,
    compression: 0,
  });
  t.equal(source.offset, 64);
  t.equal((await source.read(100)).toString(), 'hello\n');
});

t.test('data without a header stay unchanged', async (t) => {
  for (const text of ['', '070', '070701'.repeat(30)]) {
    const source = ByteSource.fromBuffer(Buffer.from(text));
    t.equal(await peelUImage(source), null);
    t.equal(source.offset, 0);
  }
});

t.test('a damaged or truncated header is reported with the reason', async (t) => {
  const damaged = Buffer.from(MKIMAGE);
  damaged[40]! ^= 1;
  await t.rejects(peelUImage(ByteSource.fromBuffer(damaged)), {
    name: 'UImageError',
    message: /U-Boot would say "Bad Header Checksum"/,
  });
  await t.rejects(peelUImage(ByteSource.fromBuffer(MKIMAGE.subarray(0, 63))), {
    message: /ends after 63 of its 64 bytes/,
  });
});

t.test('a name that is too long is refused, and the processor is the requested one', async (t) => {
  const folder = t.testdir({ ramdisk: '' });
  const [ramdisk, out] = [join(folder, 'ramdisk'), join(folder, 'uImage')];
  await t.rejects(wrapUImage(ramdisk, out, { name: 'ü'.repeat(17), time: 0 }), {
    message: /at most 32 bytes/,
  });
  await wrapUImage(ramdisk, out, { name: 'ü'.repeat(16), time: 0, arch: 'riscv' });
  t.match(await peelUImage(ByteSource.fromFile(out)), {
    name: 'ü'.repeat(16),
    arch: 26,
    size: 0,
    checksum: 0,
  });
});

t.test('a ramdisk of many chunks has the checksum of all of them', async (t) => {
  const folder = t.testdir({});
  const ramdisk = Buffer.alloc(1_000_000, 'a ramdisk');
  writeFileSync(join(folder, 'ramdisk'), ramdisk);
  await wrapUImage(join(folder, 'ramdisk'), join(folder, 'uImage'), { name: '', time: 0 });
  const { crc32 } = await import('node:zlib');
  t.match(await peelUImage(ByteSource.fromFile(join(folder, 'uImage'))), {
    size: ramdisk.length,
    checksum: crc32(ramdisk),
  });
  t.ok(readFileSync(join(folder, 'uImage')).subarray(64).equals(ramdisk));
});

t.test('U-Boot hands over the size in its header, and only if the checksums match', async (t) => {
  const over = async (bytes: Buffer): Promise<[text: string, unfit: unknown]> => {
    const { source, verify } = await handedOver(ByteSource.fromBuffer(bytes));
    t.equal(source.offset, 64, 'counted from the beginning of the file');
    const text = (await source.read(100)).toString();
    const problem = await verify();
    return [text, problem && problemData(problem)];
  };
  t.same(await over(MKIMAGE), ['hello\n', null]);
  t.same(await over(Buffer.concat([MKIMAGE, Buffer.from('what is behind it on the flash')])), [
    'hello\n',
    null,
  ]);
  const flipped = Buffer.from(MKIMAGE);
  flipped[66]! ^= 1;
  t.match((await over(flipped))[1], {
    offset: 64,
    means: /another checksum than it says, so U-Boot would say "Bad Data CRC"/,
  });
  t.match((await over(MKIMAGE.subarray(0, 68)))[1], {
    offset: 68,
    means: /says that 6 bytes follow it, and 4 do/,
  });
  const { source, verify } = await handedOver(ByteSource.fromBuffer(flipped));
  t.equal((await source.read(1)).toString(), 'h');
  t.match(await verify(), { offset: 64 }, 'also when not all of it was read');
  t.equal(await (await handedOver(ByteSource.fromBuffer(Buffer.from('070701')))).verify(), null);
});
