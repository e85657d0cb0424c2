/**
 * The content read from an image is the content written, by mke2fs and by us; a damaged image
 * causes no crash.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inside } from '../../../src/facts/program.js';
import { Ext2Image } from '../../../src/ramdisk/ext2-reader.js';
import { random } from '../../fixtures/random.js';
import { noise } from './streams.js';
import { scratch } from './trees.js';

const folder = scratch();
const tree = join(folder, 'tree');
const long = noise(700_000);
mkdirSync(join(tree, 'usr/many'), { recursive: true });
mkdirSync(join(tree, 'sbin'));
for (let at = 0; at < 600; at++)
  writeFileSync(
    join(tree, 'usr/many', `a name that is long enough to need more than one block ${at}`),
    String(at),
  );
writeFileSync(join(tree, 'sbin/init'), long);
chmodSync(join(tree, 'sbin/init'), 0o4755);
writeFileSync(join(tree, 'sparse'), Buffer.concat([Buffer.alloc(300_000), Buffer.from('end')]));
symlinkSync('sbin', join(tree, 'bin'));
symlinkSync(`/${'./'.repeat(200)}sbin/init`, join(tree, 'far'));

const VARIANTS: Record<string, string[]> = {
  ext2: ['-t', 'ext2', '-b', '1024'],
  'ext2 with blocks of 4 KiB': ['-t', 'ext2', '-b', '4096'],
  'ext2 of revision 0': ['-t', 'ext2', '-r', '0', '-b', '1024', '-O', 'none'],
  ext3: ['-t', 'ext3', '-b', '1024'],
  ext4: ['-t', 'ext4', '-b', '1024'],
  'ext4 with 64 bits': ['-t', 'ext4', '-O', '64bit,metadata_csum', '-b', '4096'],
};

function made(name: string): Buffer {
  const image = join(folder, name.replaceAll(' ', '-'));
  execFileSync('mke2fs', ['-q', '-F', ...VARIANTS[name]!, '-d', tree, image, '16384k'], {
    stdio: 'ignore',
  });
  return readFileSync(image);
}
const open = (bytes: Buffer): Ext2Image =>
  new Ext2Image((offset, length) => bytes.subarray(offset, offset + length));

for (const name of Object.keys(VARIANTS))
  t.test(`the content of ${name} is found`, async (t) => {
    const image = open(made(name));
    t.same(
      ['/sbin/init', '/sbin', '/bin', '/nosuch', '/sbin/init/x', '/'].map((path) =>
        image.kind(path),
      ),
      ['file', 'directory', 'symlink', 'missing', 'missing', 'directory'],
    );
    t.equal(image.details('/sbin/init').mode, 0o4755);
    t.ok(
      Buffer.from(image.readBytes('/sbin/init', 0, 1 << 20)).equals(long),
      'through all blocks of pointers, or extents',
    );
    t.ok(
      Buffer.from(image.readBytes('/sbin/init', 650_001, 4096)).equals(
        long.subarray(650_001, 654_097),
      ),
    );
    t.ok(
      Buffer.from(image.readBytes('/sparse', 299_000, 5000)).equals(
        Buffer.concat([Buffer.alloc(1000), Buffer.from('end')]),
      ),
    );
    for (const at of [0, 299, 599])
      t.equal(
        Buffer.from(
          image.readBytes(
            `/usr/many/a name that is long enough to need more than one block ${at}`,
            0,
            9,
          ),
        ).toString(),
        String(at),
      );
    t.same(inside(image, '/', '/bin/init'), { path: '/sbin/init', kind: 'file' });
    t.same(
      inside(image, '/', '/far'),
      { path: '/sbin/init', kind: 'file' },
      'a symlink that has a block of its own',
    );
  });

t.test(
  'an image that is unsupported, damaged or cut short is reported as unreadable, and ' +
    'nothing else happens',
  async (t) => {
    const next = random(7);
    for (const name of ['ext2', 'ext4']) {
      const whole = made(name);
      const look = (bytes: Buffer): void => {
        try {
          const image = open(bytes);
          for (const path of ['/sbin/init', '/bin/init', '/far'])
            if (inside(image, '/', path).kind === 'file') image.readBytes('/sbin/init', 0, 4096);
        } catch (error) {
          if ((error as Error).name !== 'UnreadableImage') throw error;
        }
      };
      for (let round = 0; round < 400; round++) {
        const bytes = Buffer.from(
          whole.subarray(0, round % 4 === 0 ? next(whole.length) : whole.length),
        );
        // The first blocks are the superblock, descriptors, bitmaps, inodes and the root directory.
        for (let count = 0; count < 200 && bytes.length > 1024; count++)
          bytes[1024 + next(Math.min(400_000, bytes.length - 1024))] = next(256);
        if (round % 2 === 0) whole.copy(bytes, 1024, 1024, Math.min(2048, bytes.length));
        look(bytes);
      }
      for (let length = 0; length < 4096; length += 7) look(whole.subarray(0, length));
      const strange = Buffer.from(whole);
      strange.writeUInt32LE(0x1_0000, 1024 + 0x60);
      t.throws(() => open(strange), { name: 'UnreadableImage', message: /features/ });
    }
  },
);
