import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { Member } from '../../../src/ramdisk/member.js';
import { bundled } from './bundled.js';
import { plainFile } from './trees.js';

const { packExt2 } =
  await bundled<typeof import('../../../src/ramdisk/ext2.js')>('src/ramdisk/ext2.ts');

const TIME = 1_600_000_000;
const some = { mode: 0o755, uid: 0, gid: 0, mtime: TIME, size: 0 };

/** e2fsck's whole report; it changes nothing. */
function check(image: string): { status: number | null; report: string } {
  const { status, stdout, stderr } = spawnSync('e2fsck', ['-f', '-n', image], { encoding: 'utf8' });
  return { status, report: stdout + stderr };
}

const debugfs = (image: string, request: string): Buffer =>
  spawnSync('debugfs', ['-R', request, image]).stdout;

interface Row {
  inode: number;
  /** The mode with the type, in octal. */
  mode: string;
  uid: number;
  gid: number;
}

/** A directory as debugfs lists it, by name. */
function list(image: string, inode: number): Record<string, Row> {
  const rows = debugfs(image, `ls -p <${inode}>`)
    .toString()
    .split('\n')
    .filter((line) => line.startsWith('/'));
  return Object.fromEntries(
    rows
      .map((row) => row.split('/'))
      .map(([, number, mode, uid, gid, name]): [string, Row] => [
        name!,
        { inode: Number(number), mode: mode!, uid: Number(uid), gid: Number(gid) },
      ]),
  );
}

const stat = (image: string, inode: number): string => debugfs(image, `stat <${inode}>`).toString();

t.test('every file type keeps name, mode, owner, time, numbers, links and contents', async (t) => {
  const folder = t.testdir({ small: 'hi\n' });
  // Long enough for doubly indirect blocks.
  const long = Buffer.alloc(400_000, 'contents ');
  writeFileSync(join(folder, 'long'), long);
  const image = join(folder, 'image');
  const members: Member[] = [
    { ...some, name: '.', kind: 'directory', mode: 0o711, uid: 5, gid: 70_000 },
    { ...some, name: 'dev', kind: 'directory' },
    { ...some, name: 'dev/console', kind: 'character', mode: 0o600, major: 5, minor: 1 },
    { ...some, name: 'dev/far', kind: 'block', mode: 0o660, gid: 6, major: 259, minor: 70_000 },
    { ...some, name: 'dev/fifo', kind: 'fifo', mode: 0o644 },
    { ...some, name: 'dev/socket', kind: 'socket', mode: 0o777 },
    {
      ...some,
      name: 'a "long" file;\t<2> -f é',
      kind: 'file',
      mode: 0o4711,
      uid: 100_000,
      gid: 7,
      size: long.length,
      file: plainFile(join(folder, 'long')),
    },
    { ...some, name: 'small', kind: 'file', size: 3, file: plainFile(join(folder, 'small')) },
    { ...some, name: 'dev/again', kind: 'file', size: 3, same: 'small' },
    { ...some, name: 'empty', kind: 'file', mtime: 2 ** 32 },
    { ...some, name: 'link', kind: 'symlink', mode: 0o777, target: '/small' },
    { ...some, name: 'no \ufffd', raw: Buffer.from('no \xff', 'latin1'), kind: 'directory' },
    { ...some, name: 'no \ufffd/file', raw: Buffer.from('no \xff/file', 'latin1'), kind: 'file' },
    { ...some, name: 'far-link', kind: 'symlink', mode: 0o777, target: 'x/'.repeat(500) },
  ];
  const { kib } = await packExt2(members, image, { time: TIME });
  t.equal(statSync(image).size, kib * 1024);
  const { status, report } = check(image);
  t.equal(status, 0, { report });
  const [root, dev] = [list(image, 2), list(image, list(image, 2)['dev']!.inode)];
  t.match(root, {
    '.': { mode: '040711', uid: 5, gid: 70_000 },
    'lost+found': { mode: '040700' },
    'a "long" file;\t<2> -f é': { mode: '104711', uid: 100_000, gid: 7 },
    small: { mode: '100755' },
    link: { mode: '120777' },
  });
  t.ok(
    debugfs(image, 'ls -p <2>').includes(Buffer.from('/no \xff/', 'latin1')),
    'a name that is no UTF-8',
  );
  t.match(dev, {
    console: { mode: '020600' },
    far: { mode: '060660', gid: 6 },
    fifo: { mode: '010644' },
    socket: { mode: '140777' },
    again: { inode: root['small']!.inode },
  });
  t.match(stat(image, dev['console']!.inode), /Device major\/minor number: 05:01/);
  t.match(stat(image, dev['far']!.inode), /Device major\/minor number: 259:70000/);
  t.match(stat(image, root['small']!.inode), /Links: 2 /);
  t.match(stat(image, root['small']!.inode), new RegExp(`mtime: 0x${TIME.toString(16)} `));
  t.match(
    stat(image, root['empty']!.inode),
    /mtime: 0x7fffffff /,
    'a time that ext2 has no room for is the last one it has',
  );
  t.match(stat(image, root['link']!.inode), /Fast link dest: "\/small"/);
  t.equal(
    debugfs(image, `cat <${root['far-link']!.inode}>`).toString().slice(0, 1000),
    'x/'.repeat(500),
  );
  t.ok(debugfs(image, `cat <${root['a "long" file;\t<2> -f é']!.inode}>`).equals(long));
  t.equal(debugfs(image, `cat <${root['small']!.inode}>`).toString(), 'hi\n');
});

t.test(
  'the kernel finds it as an image-initrd: ext2 with blocks of 1 KiB, without newer features',
  async (t) => {
    const image = join(t.testdir({}), 'image');
    const { kib } = await packExt2([], image, { time: TIME });
    const superblock = readFileSync(image).subarray(1024, 2048);
    t.equal(superblock.readUInt16LE(56), 0xef53);
    t.equal(superblock.readUInt32LE(4), kib, 'what the kernel loads is all of it');
    t.equal(superblock.readUInt32LE(24), 0, 'blocks of 1 KiB');
    t.equal(superblock.readUInt32LE(92), 0, 'no journal nor anything else');
    t.equal(superblock.readUInt32LE(96), 2, 'kinds in directories');
    t.equal(superblock.readUInt32LE(100), 3, 'few copies of the superblock, and large files');
  },
);

t.test('the same members give the same bytes', async (t) => {
  const folder = t.testdir({ file: 'x'.repeat(5000) });
  const members: Member[] = [
    { ...some, name: 'd', kind: 'directory' },
    { ...some, name: 'd/f', kind: 'file', size: 5000, file: plainFile(join(folder, 'file')) },
  ];
  await packExt2(members, join(folder, 'one'), { time: TIME });
  // The previous content of the file does not show through.
  writeFileSync(join(folder, 'two'), Buffer.alloc(200_000, 0xff));
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await packExt2(members, join(folder, 'two'), { time: TIME });
  t.ok(readFileSync(join(folder, 'one')).equals(readFileSync(join(folder, 'two'))));
});

t.test('for any input the chosen size suffices, and e2fsck finds no fault', async (t) => {
  const folder = t.testdir({});
  const image = join(folder, 'image');
  const name = fc
    .string({ minLength: 1, maxLength: 120 })
    .filter(
      (text) => !/[/\0]/.test(text) && text !== '.' && text !== '..' && text !== 'lost+found',
    );
  const tree = fc.uniqueArray(
    fc.record({
      name,
      directory: fc.boolean(),
      size: fc.oneof(fc.nat({ max: 3000 }), fc.nat({ max: 1_000_000 })),
      under: fc.nat({ max: 20 }),
    }),
    { maxLength: 150, selector: ({ name }) => name },
  );
  await fc.assert(
    fc.asyncProperty(tree, async (entries) => {
      const directories = [''];
      const members: Member[] = [];
      for (const { name, directory, size, under } of entries) {
        const path = `${directories[under % directories.length]!}${name}`;
        if (directory) directories.push(`${path}/`);
        writeFileSync(join(folder, String(size)), Buffer.alloc(size, 1));
        members.push(
          directory
            ? { ...some, name: path, kind: 'directory' }
            : {
                ...some,
                name: path,
                kind: 'file',
                size,
                file: plainFile(join(folder, String(size))),
              },
        );
      }
      await packExt2(members, image, { time: TIME });
      const { status, report } = check(image);
      if (status !== 0) throw new Error(report);
    }),
    { numRuns: 12, seed: 1 },
  );
  t.pass();
});

t.test(
  'many names in one directory, and sizes around a full group of blocks, fit too',
  async (t) => {
    const folder = t.testdir({});
    const image = join(folder, 'image');
    const names = Array.from({ length: 1500 }, (_, index) => ({
      ...some,
      name: `${'n'.repeat((index * 37) % 200)}${index}`,
      kind: index % 5 === 0 ? ('directory' as const) : ('file' as const),
    }));
    await packExt2(names, image, { time: TIME });
    t.equal(check(image).status, 0);
    for (const kib of [
      8100, 8130, 8150, 8160, 8170, 8180, 8190, 8200, 8250, 8300, 16_300, 16_330, 16_360,
    ]) {
      const file = join(folder, 'file');
      writeFileSync(file, Buffer.alloc(kib * 1024));
      await packExt2(
        [{ ...some, name: 'file', kind: 'file', size: kib * 1024, file: plainFile(file) }],
        image,
        {
          time: TIME,
        },
      );
      t.equal(check(image).status, 0, `${kib} KiB`);
    }
  },
);

t.test('a size may be given; one that is too small is refused with the size needed', async (t) => {
  const folder = t.testdir({ file: 'x'.repeat(50_000) });
  const image = join(folder, 'image');
  const members: Member[] = [
    { ...some, name: 'file', kind: 'file', size: 50_000, file: plainFile(join(folder, 'file')) },
  ];
  t.same(await packExt2(members, image, { time: TIME, size: 20 * 1024 * 1024 }), {
    kib: 20 * 1024,
  });
  t.equal(check(image).status, 0);
  await t.rejects(packExt2(members, image, { time: TIME, size: 50_000 }), {
    name: 'Ext2Error',
    message: /^cannot make an ext2 image of 48 KiB: what goes into it may need \d+ KiB/,
  });
});

t.test(
  'members that ext2 cannot hold or that would go elsewhere are refused by name, and no ' +
    'image is left',
  async (t) => {
    const folder = t.testdir({ file: 'x' });
    const image = join(folder, 'image');
    const refused = async (message: RegExp, ...members: Partial<Member>[]): Promise<unknown> => {
      await t.rejects(
        packExt2(
          members.map((member) => ({ ...some, kind: 'directory', name: 'x', ...member })),
          image,
          { time: TIME },
        ),
        { name: 'Ext2Error', message },
        String(message),
      );
      return t.notOk(existsSync(image));
    };
    for (const name of ['', '/', '/x', 'x/', '../x', 'x/../y', './x', 'x//y', 'x\0y'])
      await refused(/is no name of a file/, { name });
    await refused(/its directory does not come before it/, { name: 'x/y' });
    await refused(/there is one of that name already/, {}, {});
    await refused(/at most 255 bytes/, { name: 'ü'.repeat(128) });
    await refused(/at most 1023 bytes/, { kind: 'symlink', target: 'x'.repeat(1024) });
    await refused(/a symlink to nothing/, { kind: 'symlink' });
    await refused(/major numbers go to 4095/, { kind: 'block', major: 4096, minor: 0 });
    await refused(/hard link to, "y", does not come before it/, { kind: 'file', same: 'y' });
    await refused(/has changed from 2 bytes/, {
      kind: 'file',
      size: 2,
      file: plainFile(join(folder, 'file')),
    });
    await t.rejects(
      packExt2(
        [{ ...some, name: 'x', kind: 'file', size: 2, file: plainFile(join(folder, 'none')) }],
        image,
        {
          time: TIME,
        },
      ),
      { name: 'SystemError' },
    );
  },
);
