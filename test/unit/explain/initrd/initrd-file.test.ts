import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { MissingCodecError } from '../../../../src/ramdisk/codec-error.js';
import { lookIntoInitrd } from '../../../../src/explain/initrd/initrd-file.js';
import type { Initrd } from '../../../../src/explain/kernel-inputs.js';
import { encodeHeader, trailer } from '../../../../src/ramdisk/cpio.js';

interface File {
  name: string;
  mode: number;
  body?: string | Buffer;
  /** Files with one number are one file. */
  inode?: number;
}

const FILE = 0o100755;
const DIRECTORY = 0o040755;
const SYMLINK = 0o120777;
const ELF = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]), Buffer.alloc(60)]);

const member = ({ name, mode, body = '', inode = 0 }: File, index: number): Buffer => {
  const data = Buffer.from(body);
  const header = encodeHeader(
    {
      inode: inode || index + 1,
      mode,
      uid: 0,
      gid: 0,
      links: inode ? 2 : 1,
      mtime: 0,
      size: data.length,
      major: 0,
      minor: 0,
      nodeMajor: 0,
      nodeMinor: 0,
      checksum: 0,
    },
    Buffer.from(name),
  );
  return Buffer.concat([header, data, Buffer.alloc(-data.length & 3)]);
};
const archive = (...files: File[]): Buffer => Buffer.concat([...files.map(member), trailer()]);

const folder = t.testdir({});
const look = (bytes: Buffer, config: Record<string, string> | null = null): Promise<Initrd> => {
  const file = join(folder, 'initrd');
  writeFileSync(file, bytes);
  return lookIntoInitrd(file, config);
};
const error = (initrd: Initrd, path: string): number | null => initrd.program(path)?.error ?? null;

t.test('a program is found through symlinks, and by each of its names', async (t) => {
  const initrd = await look(
    archive(
      { name: 'usr', mode: DIRECTORY },
      { name: './usr/bin', mode: DIRECTORY },
      { name: 'bin', mode: SYMLINK, body: 'usr/bin' },
      { name: 'usr/bin/one', mode: FILE, inode: 9 },
      { name: 'bin/two', mode: FILE, inode: 9, body: ELF },
      { name: 'init', mode: SYMLINK, body: '/bin/one' },
    ),
  );
  t.same(
    ['/init', '/bin/one', '/usr/bin/two', '/bin/../bin/two', '/bin/three'].map((path) =>
      error(initrd, path),
    ),
    [0, 0, 0, 0, null],
  );
});

t.test('circular and dangling links lead to no program', async (t) => {
  const initrd = await look(
    archive(
      { name: 'a', mode: SYMLINK, body: '/b' },
      { name: 'b', mode: SYMLINK, body: 'a' },
      { name: 'init', mode: SYMLINK, body: '/nosuch' },
    ),
  );
  t.same(
    ['/a', '/init'].map((path) => error(initrd, path)),
    [null, null],
  );
});

t.test('a file without its directory in the archive is not created', async (t) => {
  const initrd = await look(
    archive({ name: 'sbin/init', mode: FILE, body: ELF }, { name: 'dev/x', mode: FILE, body: ELF }),
  );
  t.same(
    ['/sbin/init', '/dev/x'].map((path) => error(initrd, path)),
    [null, 0],
    'but /dev is there already',
  );
});

t.test('the causes that keep a program from running are known', async (t) => {
  const initrd = await look(
    archive(
      { name: 'a', mode: 0o100644, body: ELF },
      { name: 'b', mode: FILE, body: 'text' },
      { name: 'c', mode: FILE, body: '#!/nosuch\n' },
      { name: 'd', mode: DIRECTORY },
      { name: 'e', mode: FILE, body: '#!/f\n' },
      { name: 'f', mode: FILE, body: ELF },
    ),
  );
  t.same(
    ['/a', '/b', '/c', '/d', '/e'].map((path) => error(initrd, path)),
    [-13, -8, -2, -13, 0],
  );
});

t.test('a later archive replaces the files that it names', async (t) => {
  const [first, second] = [
    archive({ name: 'init', mode: FILE, body: 'text' }),
    archive({ name: 'init', mode: FILE, body: ELF }),
  ];
  const packed = gzipSync(first);
  // An archive that is not packed is only found at a multiple of 4 bytes.
  const padded = Buffer.concat([packed, Buffer.alloc(-packed.length & 3)]);
  for (const bytes of [
    Buffer.concat([first, second]),
    Buffer.concat([padded, second]),
    Buffer.concat([first, Buffer.alloc(512), gzipSync(second)]),
  ]) {
    const initrd = await look(bytes);
    t.equal(initrd.error, null);
    t.equal(error(initrd, '/init'), 0);
  }
});

t.test('formats that the kernel was not built for stay packed', async (t) => {
  t.match(await look(gzipSync(archive({ name: 'init', mode: FILE })), { RD_XZ: 'y' }), {
    error: 'compression method gzip not configured',
    image: { found: 'gzip' },
  });
});

t.test(
  'an image is searched for its programs, compressed or not, and only if it is ext2',
  async (t) => {
    const fixture = (name: string): Promise<Initrd> =>
      lookIntoInitrd(new URL(`../../../fixtures/console/${name}`, import.meta.url).pathname, null);
    for (const name of ['root.ext2', 'root.ext2.gz', 'linuxrc.ext2.gz']) {
      const { inImage } = await fixture(name);
      t.match(inImage('/sbin/init'), { error: 0 }, name);
      t.equal(inImage('/bin/sh'), null);
      t.match(inImage('/dev'), { error: -13, why: '/dev is a directory' });
      t.match(inImage('/linuxrc'), name.startsWith('linuxrc') ? { error: 0 } : null);
    }
    t.equal((await fixture('root.squashfs')).inImage('/sbin/init'), undefined);
    t.equal((await fixture('init.cpio.gz')).inImage('/init'), undefined);
  },
);

t.test('any damaged bytes can be examined', async () => {
  const whole = archive(
    { name: 'init', mode: FILE, body: ELF },
    { name: 'x', mode: SYMLINK, body: 'init' },
  );
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((some) => Buffer.from(some)),
    fc
      .tuple(
        fc.nat(whole.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.nat(whole.length),
        fc.boolean(),
      )
      .map(([at, by, length, packed]) => {
        const damaged = Buffer.from(whole);
        damaged[at] = by;
        return packed ? gzipSync(damaged.subarray(0, length)) : damaged.subarray(0, length);
      }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, async (some) => {
      // xz and others need a library for the workstation, which is not beside this test; damage may
      // turn a part into one of these formats.
      const initrd = await look(some).catch((error: unknown) => {
        if (error instanceof MissingCodecError) return null;
        throw error;
      });
      if (initrd === null) return;
      initrd.program('/init');
      initrd.program('/x/../../x');
    }),
    { numRuns: 300 },
  );
});
