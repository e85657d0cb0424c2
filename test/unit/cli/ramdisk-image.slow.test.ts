/** Ramdisks that are file system images, or have U-Boot's header. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { mountroot } from '../ramdisk/agent.js';
import { noise } from '../ramdisk/streams.js';
import { scratch } from '../ramdisk/trees.js';

const folder = scratch();
const file = (name: string, content: Buffer | string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const tree = join(folder, 'tree');
mkdirSync(join(tree, 'etc'), { recursive: true });
writeFileSync(join(tree, 'init'), '#!/bin/sh\n', { mode: 0o755 });
writeFileSync(join(tree, 'etc/hosts'), noise(3000));

t.test('a listing shows an image-initrd and a U-Boot header', async (t) => {
  const out = join(folder, 'image');
  t.equal(
    mountroot(['ramdisk', 'pack', tree, '-o', out, '--format', 'ext2', '--size', '256K']).status,
    0,
  );
  const image = mountroot(['ramdisk', 'list', out]);
  t.equal(image.status, 0);
  t.match(
    image.stdout.toString(),
    /^no cpio archive, but a gzip of ext2 of 256 KiB: an image-initrd, which the kernel copies to \/dev\/ram0\n$/,
  );
  t.equal(mountroot(['ramdisk', 'pack', tree, '-o', out, '--uimage', 'my board']).status, 0);
  t.match(
    mountroot(['ramdisk', 'list', out]).stdout.toString(),
    /^[^]*\n\nU-Boot image "my board" of \d+ bytes\npart at byte 64: gzip, \d+ bytes, \d+ unpacked, 3 members\n$/,
  );
});

t.test('for a U-Boot image only the data that U-Boot hands over count', async (t) => {
  const out = join(folder, 'for-u-boot');
  mountroot(['ramdisk', 'pack', tree, '-o', out, '--compress', 'none', '--uimage', 'x']);
  const whole = readFileSync(out);
  t.equal(whole[29], 2, 'for ARM, where nothing else is said');
  t.equal(
    mountroot([
      'ramdisk',
      'pack',
      tree,
      '-o',
      join(folder, 'for-another'),
      '--uimage',
      'x',
      '--arch',
      'arm64',
    ]).status,
    0,
  );
  t.equal(readFileSync(join(folder, 'for-another'))[29], 22);
  const flash = file('flash', Buffer.concat([whole, Buffer.alloc(4096, 0xff)]));
  t.match(
    mountroot(['ramdisk', 'list', flash]),
    { status: 0, stderr: '' },
    'what is behind it on the flash does not',
  );
  t.equal(mountroot(['ramdisk', 'unpack', flash, join(folder, 'from-flash')]).status, 0);
  // In a file's data, where only the checksum shows it.
  const flipped = Buffer.from(whole);
  flipped[whole.indexOf('#!/bin/sh')]! ^= 1;
  const { status, stdout } = mountroot(['ramdisk', 'list', file('flipped', flipped)]);
  t.equal(status, 4);
  t.match(
    stdout.toString(),
    /problem at byte 64: the data behind U-Boot's header have another checksum than it says, so U-Boot would say "Bad Data CRC"; the file is damaged: copy it again/,
  );
  t.match(mountroot(['ramdisk', 'unpack', join(folder, 'flipped'), join(folder, 'from-flipped')]), {
    status: 4,
    stderr: /Bad Data CRC/,
  });
  t.match(mountroot(['explain', '--cmdline', '', '--initrd', join(folder, 'flipped')]), {
    status: 1,
    stderr:
      /^mountroot: cannot say what the kernel makes of flipped, for it does not get it: [^\n]+\n$/,
  });
});

t.test('an image cut short within its superblock causes no crash', async (t) => {
  for (const bytes of ['-rom1fs-', 'hsqs', Buffer.from([0x45, 0x3d, 0xcd, 0x28])]) {
    const { status, stdout, stderr } = mountroot([
      'ramdisk',
      'list',
      file('short', Buffer.from(bytes)),
    ]);
    t.match(
      [status, stderr, stdout.toString()],
      [4, '', /^problem at byte 0: the kernel says "invalid magic/],
    );
  }
});
