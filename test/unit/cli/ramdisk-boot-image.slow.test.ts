/** The agent on boot images, as a user calls it. */
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import type { Container } from '../../../src/ramdisk/container/container.js';
import { mountroot } from '../ramdisk/agent.js';
import { archive, directory, member } from '../ramdisk/archives.js';
import { android, fit, multi, uimage, vendorBoot } from '../ramdisk/boot-images.js';
import { scratch } from '../ramdisk/trees.js';

const folder = scratch();
const file = (name: string, bytes: Buffer): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const INIT = member('init', { mode: 0o100755, data: '#!/bin/sh\n' });
const RAMDISK = gzipSync(archive(INIT));
const KERNEL = Buffer.alloc(5000, 'kernel');

const list = (...words: string[]): { status: number | null; stdout: string; stderr: string } => {
  const { status, stdout, stderr } = mountroot(['ramdisk', 'list', ...words]);
  return { status, stdout: stdout.toString(), stderr };
};

t.test('an Android boot image is listed with its pieces, and unpacked', async (t) => {
  const boot = file('boot.img', android({ version: 2, kernel: KERNEL, ramdisk: RAMDISK }));
  const { status, stdout } = list(boot);
  t.equal(status, 0);
  t.match(
    stdout,
    /init\n\nAndroid boot image, version 2 "board"\n {2}kernel: 5000 bytes at byte 2048, loaded at 0x00008000\n {2}ramdisk: \d+ bytes at byte 8192, loaded at 0x01000000\npart at byte 8192: gzip, /,
  );
  const there = join(folder, 'there');
  t.equal(mountroot(['ramdisk', 'unpack', boot, there]).status, 0);
  t.equal(readFileSync(join(there, 'init'), 'utf8'), '#!/bin/sh\n');
  const data = JSON.parse(list('--json', boot).stdout) as { container: Container };
  t.same(data.container.pieces[1], {
    name: 'ramdisk',
    role: 'ramdisk',
    offset: 8192,
    size: RAMDISK.length,
    compression: null,
    load: 0x1000000,
    handed: true,
  });
  const piped = mountroot(['ramdisk', 'list'], { input: readFileSync(boot) });
  t.equal(piped.stdout.toString(), stdout, 'a pipe gives the same');
});

t.test('several ramdisks of vendor_boot become one tree; --piece takes one', async (t) => {
  const fragments = [
    { name: '', type: 1, data: gzipSync(archive(INIT, directory('lib'))) },
    { name: 'recovery', type: 2, data: gzipSync(archive(member('recovery'))) },
    { name: 'dlkm', type: 3, data: gzipSync(archive(member('lib/module'))) },
  ];
  const image = file('vendor_boot.img', vendorBoot(4, fragments));
  const there = join(folder, 'vendor');
  t.match(list(image), { status: 0, stdout: /recovery: .* ramdisk, .*not handed over\n/ });
  t.equal(mountroot(['ramdisk', 'unpack', image, there]).status, 0);
  t.same(readdirSync(there).sort(), ['init', 'lib']);
  t.same(readdirSync(join(there, 'lib')), ['module']);
  t.match(list('--piece', 'recovery', image).stdout, /0 1970-01-01 00:00 recovery\n/);
  t.match(list('--piece', 'dlkm', image), { status: 4, stdout: /the directory lib is not in/ });
  t.match(list('--piece', 'x', image), { status: 1, stderr: /^mountroot: there is no piece x in/ });
});

t.test('a damaged piece, and an image without a ramdisk, are named', async (t) => {
  const files = { r: { type: 'ramdisk', data: RAMDISK }, k: { type: 'kernel', data: KERNEL } };
  const bytes = fit(files, { default: 'c', c: { ramdisk: 'r' } });
  bytes[bytes.indexOf(KERNEL) + 100]! ^= 1;
  t.match(list(file('board.itb', bytes)), {
    status: 4,
    stdout:
      /init\n\nFIT image "a board"\n[^]*: k has another crc32 than the header says, so U-Boot/,
  });
  const none = file('none.img', multi(KERNEL));
  t.match(list(none), {
    status: 4,
    stdout: /^multi-file U-Boot image "an image"\n[^]*this multi-file U-Boot image hands over no/,
  });
  const there = join(folder, 'none');
  t.match(mountroot(['ramdisk', 'unpack', none, there]), {
    status: 1,
    stderr: /^mountroot: cannot unpack \S+: this multi-file U-Boot image hands over no ramdisk;/,
  });
  t.notOk(existsSync(there));
  const cut = android({ version: 0, ramdisk: RAMDISK }).subarray(0, 900);
  t.match(list(file('cut.img', cut)), {
    status: 1,
    stderr: /^mountroot: the header of this Android boot image ends after 900 of its 1632 bytes;/,
  });
});

t.test("U-Boot's header says what it wraps, and in which compression", async (t) => {
  t.match(list(file('kernel.img', uimage(2, KERNEL, 3))), {
    status: 4,
    stdout:
      /^U-Boot image "an image" of 5000 bytes \(a kernel, lzma\)\nproblem at byte 0: U-Boot's header says that this is a kernel, [^\n]+\n$/,
  });
  for (const [compression, name] of ['gzip', 'bzip2', 'lzma', 'lzo', 'lz4', 'zstd'].entries())
    t.match(list(file('ramdisk.img', uimage(3, RAMDISK, compression + 1))), {
      status: 0,
      stdout: new RegExp(
        `^-rwx.* init\\n\\nU-Boot image "an image" of \\d+ bytes \\(${name}\\)\\n`,
      ),
    });
});

t.test('explain reads the ramdisk of a boot image, and says where there is none', async (t) => {
  const explain = (bytes: Buffer): { status: number | null; stdout: string; stderr: string } => {
    const words = ['explain', '--cmdline', 'console=ttyAMA0', '--initrd', file('a.img', bytes)];
    const { status, stdout, stderr } = mountroot(words);
    return { status, stdout: stdout.toString(), stderr };
  };
  t.match(
    explain(android({ version: 0, kernel: KERNEL, ramdisk: RAMDISK })).stdout,
    /unpacked into/,
  );
  t.match(explain(android({ version: 0, kernel: KERNEL })).stderr, /hands over no ramdisk/);
});
