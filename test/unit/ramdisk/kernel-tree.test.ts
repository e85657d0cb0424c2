/** Members that the kernel drops or puts together without a message. */
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { Lister } from '../../../src/ramdisk/list.js';
import { problemData, type RamdiskFault } from '../../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { archive, directory, member, symlink, type Written } from './archives.js';

interface Found {
  offset: number;
  fault: RamdiskFault;
  text: string;
}

async function found(...parts: Buffer[]): Promise<Found[]> {
  const all: Found[] = [];
  await readRamdisk(ByteSource.fromBuffer(Buffer.concat(parts)), new Lister(() => {}), {
    onProblem: (problem) => {
      const { means, cure } = problemData(problem);
      all.push({ offset: problem.offset, fault: problem.fault, text: `${means}; ${cure}` });
    },
  });
  return all;
}

const LINKED: Written = { inode: 7, links: 2, mtime: 5 };

t.test('a member without its directory is named, and how many more there are', async (t) => {
  const first = member('init');
  const problems = await found(
    archive(first, member('bin/a'), member('bin/b'), symlink('bin/c', 'a'), member('etc/x/y')),
  );
  t.match(problems, [
    {
      offset: first.length,
      fault: { code: 'directory-missing', directory: 'bin', member: 'bin/a', more: 2 },
      text: /the directory bin is not in the archive before bin\/a and 2 more, so the kernel makes/,
    },
    { fault: { code: 'directory-missing', directory: 'etc/x', member: 'etc/x/y', more: 0 } },
  ]);
  t.same(await found(archive(directory('bin'), member('bin/a'))), []);
  t.match(
    await found(archive(member('bin/a'), directory('bin'))),
    [{ fault: { code: 'directory-missing' } }],
    'a directory that comes later is too late',
  );
});

t.test('directories of the kernel itself, of symlinks and of earlier archives exist', async (t) => {
  t.same(
    await found(
      archive(
        member('dev/console', { mode: 0o020600, nodeMajor: 5, nodeMinor: 1 }),
        member('./root/.profile'),
        directory('.'),
        directory('usr'),
        directory('usr/bin'),
        symlink('bin', 'usr/bin'),
        member('bin/a'),
      ),
      archive(member('usr/bin/b')),
    ),
    [],
  );
  t.match(await found(archive(symlink('bin', 'usr/bin'), member('bin/a'))), [
    { fault: { code: 'directory-missing', directory: 'bin' } },
  ]);
  t.match(await found(archive(member('file'), member('file/a'))), [
    { fault: { code: 'directory-missing' } },
  ]);
});

t.test('different files of one inode number become one file, also of number 0', async (t) => {
  for (const inode of [0, 7]) {
    const given = { ...LINKED, inode };
    const problems = await found(
      archive(
        member('a', { ...given, data: 'one' }),
        member('c', { ...given, data: 'other' }),
        member('b', given),
        member('d', given),
      ),
    );
    t.match(problems, [
      {
        offset: 0,
        fault: {
          code: 'members-merged',
          inode,
          links: 2,
          names: ['a', 'c', 'b'],
          more: 1,
          dataOf: 'c',
        },
        text: /^a, c, b and 1 more have one inode number .* with the data of c;/,
      },
    ]);
  }
  const differ: Written[] = [{ mode: 0o100600 }, { uid: 1 }, { mtime: 9 }, { links: 3 }];
  for (const each of differ)
    t.match(
      await found(archive(member('a', LINKED), member('b', { ...LINKED, ...each }))),
      [{ fault: { code: 'members-merged' } }],
      JSON.stringify(each),
    );
  const node = { ...LINKED, mode: 0o020600 };
  t.match(
    await found(
      archive(member('a', { ...node, nodeMinor: 1 }), member('b', { ...node, nodeMinor: 2 })),
    ),
    [{ fault: { code: 'members-merged', dataOf: null }, text: /makes one of them, the first/ }],
  );
});

t.test('hard links are no collision, with the data in any or all of them', async (t) => {
  for (const data of [
    ['', 'x'],
    ['x', ''],
    ['x', 'x'],
    ['', ''],
  ])
    t.same(
      await found(archive(...data.map((each, at) => member(`n${at}`, { ...LINKED, data: each })))),
      [],
    );
  t.same(
    await found(
      archive(member('a', { ...LINKED, links: 1 }), member('b', { ...LINKED, links: 1 })),
    ),
    [],
    'a link count of 1 is never looked up',
  );
  t.same(
    await found(
      archive(member('a', { ...LINKED, data: '1' }), member('b', { ...LINKED, mode: 0o010600 })),
    ),
    [],
    'the kind is a part of the key',
  );
  t.same(
    await found(
      archive(member('a', { ...LINKED, data: '1' })),
      archive(member('b', { ...LINKED, data: '2' })),
    ),
    [],
    'a trailer makes the kernel forget them',
  );
});

t.test('a trailer between two names of one file leaves one of them empty', async (t) => {
  t.match(
    await found(archive(member('a', LINKED)), archive(member('b', { ...LINKED, data: 'x' }))),
    [
      {
        fault: { code: 'links-divided', empty: 'a', full: 'b' },
        text: /a trailer stands between them/,
      },
    ],
  );
});

t.test('a name that comes twice is no collision; the first of links removes itself', async (t) => {
  const twice = [member('a', { ...LINKED, data: 'x' }), member('b', LINKED), member('b', LINKED)];
  t.same(await found(archive(...twice)), []);
  t.match(await found(archive(...twice, member('a', { ...LINKED, data: 'x' }))), [
    { fault: { code: 'linked-to-itself', name: 'a' } },
  ]);
});

t.test('a link to a name whose directory is missing is missing too', async (t) => {
  t.match(await found(archive(member('bin/a', LINKED), member('b', { ...LINKED, data: 'x' }))), [
    { fault: { code: 'directory-missing', member: 'bin/a', more: 1 } },
  ]);
});

t.test('what stands in the way of another kind of member is named', async (t) => {
  const bin = archive(directory('bin'), member('bin/a'));
  t.match(await found(bin, archive(symlink('bin', 'usr/bin'))), [
    {
      offset: bin.length,
      fault: { code: 'directory-in-the-way', name: 'bin', kind: 'symlink' },
    },
  ]);
  t.same(await found(archive(directory('bin'), symlink('bin', 'usr'))), []);
  t.match(
    await found(archive(directory('usr'), symlink('bin', 'usr')), archive(directory('bin'))),
    [{ fault: { code: 'symlink-replaced', name: 'bin', target: 'usr' } }],
  );
  t.match(await found(archive(member('odd', { mode: 0o644 }))), [
    { fault: { code: 'member-of-no-kind', name: 'odd' } },
  ]);
});

t.test('names of an archive do not control a terminal, and long ones are cut', async (t) => {
  const [problem] = await found(archive(member(`${'x'.repeat(3000)}/\x1b[31m`)));
  t.match(problem!.text, /^the directory x{80}… is not/);
  const [other] = await found(archive(member('\x1b[31m/a')));
  t.match(other!.text, /^[\x20-\x7e]+$/);
});

t.test('what is packed from a tree has no such fault, whatever its order of names', async (t) => {
  const name = fc.constantFrom('a', 'b', 'c', 'dev');
  const path = fc.array(name, { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(fc.array(path, { maxLength: 12 }), async (paths) => {
      const folders = new Set<string>();
      for (const parts of paths)
        for (let length = 1; length < parts.length; length++)
          folders.add(parts.slice(0, length).join('/'));
      const files = paths.map((parts) => parts.join('/')).filter((each) => !folders.has(each));
      const members = [
        ...[...folders].sort().map((each) => directory(each)),
        ...files.map((each) => member(each, { data: String(crc32(each)) })),
      ];
      t.same(await found(archive(...members)), []);
      t.same(
        (await found(archive(...[...members].reverse()))).every(
          ({ fault }) => fault.code === 'directory-missing',
        ),
        true,
      );
    }),
    { numRuns: 200 },
  );
});

t.test('an archive that is made to fill memory is not judged to its end', async (t) => {
  let unchecked = false;
  const long = (at: number): string => `${at}${'x'.repeat(4000)}`;
  const members = Array.from({ length: 2000 }, (_, at) => symlink(long(at), long(at)));
  const problems: unknown[] = [];
  await readRamdisk(
    ByteSource.fromBuffer(archive(...members, member('gone/a'))),
    new Lister(() => {}),
    { onProblem: (problem) => problems.push(problem), onUnchecked: () => (unchecked = true) },
  );
  t.same([unchecked, problems], [true, []]);
});
