/** Archives with names that try to leave the target, and archives that are cut short. */
import { existsSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { readRamdisk } from '../../../src/ramdisk/kernel-reader.js';
import { problemData } from '../../../src/ramdisk/ramdisk-problem.js';
import { ByteSource } from '../../../src/ramdisk/source.js';
import { Unpacker } from '../../../src/ramdisk/unpack.js';
import { archive, directory, member, symlink } from './archives.js';
import { root } from './trees.js';
import { MIB, Place, evil, unpacked } from './unpacking.js';

t.test("no name leaves the target, and each name resolves as in the kernel's root", async (t) => {
  const { target, canary } = new Place();
  const cases: [what: string, bytes: Buffer, files: string[], warning: RegExp | null][] = [
    [
      '..',
      archive(evil('../canary/file'), evil('../evil'), evil('..'), evil('a/../../evil')),
      ['evil'],
      /canary\/file: its directory is not in the archive/,
    ],
    ['.. in the middle', archive(directory('a'), evil('a/../../../x')), ['a', 'x'], null],
    [
      'an absolute name',
      archive(directory('/etc'), evil('/etc/passwd'), evil(`${canary}/file`), evil(`${target}/x`)),
      ['etc', 'etc/passwd'],
      /its directory is not in the archive/,
    ],
    [
      'a symlink to the outside, and a file through it',
      archive(
        symlink('out', '../canary'),
        evil('out/file'),
        symlink('abs', canary),
        evil('abs/file'),
        directory('abs/folder'),
      ),
      ['abs', 'out'],
      /out\/file: its directory/,
    ],
    [
      'a symlink up, which in the kernel ends at the root',
      archive(
        symlink('up', '../../..'),
        evil('up/x'),
        directory('d'),
        symlink('d/up', '/../..'),
        evil('d/up/y'),
      ),
      ['d', 'd/up', 'up', 'x', 'y'],
      null,
    ],
    [
      'a file over a symlink to a file',
      archive(symlink('x', '../canary/file'), evil('x')),
      ['x'],
      null,
    ],
    [
      'a symlink in a loop',
      archive(
        symlink('a', 'b'),
        symlink('b', 'a'),
        evil('a/x'),
        symlink('s', 's/s/s'),
        evil('s/x'),
      ),
      ['a', 'b', 's'],
      /a\/x: its directory/,
    ],
    [
      'a directory that becomes a symlink, with what should be in it',
      archive(directory('d'), symlink('d', '../canary'), evil('d/file')),
      ['d'],
      /d\/file: its directory/,
    ],
    [
      'a full directory that would become one',
      archive(directory('d'), evil('d/x'), symlink('d', '../canary'), evil('d/file')),
      ['d', 'd/file', 'd/x'],
      /d: it could not be made: ENOTEMPTY/,
    ],
    [
      'a symlink that becomes a directory',
      archive(
        symlink('d', '../canary/folder'),
        directory('d', { mode: 0o040700 }),
        evil('d/shadow'),
      ),
      ['d', 'd/shadow'],
      null,
    ],
    [
      'a directory over a symlink, for its mode and owner',
      archive(
        symlink('d', '../canary'),
        directory('d/'),
        symlink('e', '../canary'),
        directory('e/.', { mode: 0o040777 }),
      ),
      ['d', 'e'],
      null,
    ],
    [
      'a hard link to the outside',
      archive(
        evil('../canary/file', { inode: 5, links: 2, data: '' }),
        evil('mine', { inode: 5, links: 2 }),
      ),
      ['mine'],
      null,
    ],
    [
      'a hard link through a symlink',
      archive(
        evil('x', { inode: 5, links: 2, data: '' }),
        symlink('x', '../canary/file'),
        evil('y', { inode: 5, links: 2 }),
      ),
      ['x'],
      /y: it is a hard link to \/x, which is not there any more/,
    ],
    [
      'a hard link to a symlink',
      archive(
        symlink('x', '../canary/file', { inode: 5, links: 2 }),
        symlink('y', '../canary/file', { inode: 5, links: 2 }),
        evil('z', { inode: 5, links: 2 }),
      ),
      ['x', 'y', 'z'],
      null,
    ],
    [
      'a file over a hard link',
      archive(
        evil('x', { inode: 5, links: 2, data: '' }),
        evil('y', { inode: 5, links: 2 }),
        symlink('x', '../canary/file'),
        evil('x', { inode: 6, data: 'more' }),
      ),
      ['x', 'y'],
      null,
    ],
    [
      'the top itself',
      archive(
        evil('.'),
        evil('/'),
        symlink('', '../canary'),
        symlink('.', '../canary'),
        directory('.', { mode: 0o040000 }),
        directory('..', { mode: 0o040000 }),
        evil('x'),
      ),
      ['x'],
      null,
    ],
    ['a name with a NUL in it', archive(evil('x\0/../../canary/file')), ['x'], null],
    [
      'a name longer than a file may have',
      archive(evil('n'.repeat(256)), evil('x')),
      ['x'],
      /n+: it could not be made: ENAMETOOLONG/,
    ],
    ['a file below a file', archive(evil('x'), evil('x/y')), ['x'], /x\/y: its directory/],
    [
      'a kind that there is not',
      archive(member('x', { mode: 0o030644 }), evil('y')),
      ['y'],
      /x: it is of no kind/,
    ],
  ];
  for (const [what, bytes, files, warning] of cases)
    for (const privileged of root ? [false, true] : [false]) {
      const outcome = await unpacked(bytes, { privileged });
      t.same(outcome.place.harmed(), [], what);
      t.equal(outcome.error, null, what);
      t.same(outcome.files, files, what);
      if (warning === null) t.notMatch(outcome.warnings.join('\n'), /could not be made/, what);
      else t.match(outcome.warnings.join('\n'), warning, what);
    }
});

t.test(
  'an archive that is cut short leaves the members before the cut, and nothing outside',
  async (t) => {
    const bytes = archive(
      directory('d', { mode: 0o040500 }),
      evil('d/x', { mode: 0o100400 }),
      symlink('l', '../canary'),
      evil('y', { links: 2, inode: 3 }),
      evil('z', { links: 2, inode: 3 }),
    );
    const place = new Place();
    for (let length = 0; length < bytes.length; length += 3) {
      const target = join(place.top, 'target', String(length));
      mkdirSync(target);
      const unpacker = new Unpacker(target, { limit: MIB, privileged: false, makeNode: null });
      const problems: ReturnType<typeof problemData>[] = [];
      await readRamdisk(ByteSource.fromBuffer(bytes.subarray(0, length)), unpacker, {
        onProblem: (problem) => problems.push(problemData(problem)),
      });
      unpacker.end();
      if (problems.length !== 1 || unpacker.warnings.length > 0)
        t.fail(`${length} bytes`, { problems, warnings: unpacker.warnings });
      if (existsSync(join(target, 'd')) && (lstatSync(join(target, 'd')).mode & 0o7777) !== 0o500)
        t.fail(`${length} bytes: the directory's mode`);
    }
    t.same(place.harmed(), []);
  },
);
