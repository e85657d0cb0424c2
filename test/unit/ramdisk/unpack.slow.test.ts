import { spawnSync } from 'node:child_process';
import { lstatSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { applyTable } from '../../../src/ramdisk/table.js';
import { readTree } from '../../../src/ramdisk/source-tree.js';
import { mountroot } from './agent.js';
import { archive, directory, member, symlink } from './archives.js';
import { describe, root, scratch } from './trees.js';
import { evil, unpacked, type Outcome } from './unpacking.js';

const text = ({ place }: Outcome, name: string): string =>
  readFileSync(join(place.target, name), 'utf8');

t.test('an existing file is replaced as the kernel replaces it', async (t) => {
  const over = await unpacked(
    archive(
      evil('x', { data: 'longer', mode: 0o100444 }),
      evil('x', { data: 'new', mode: 0o100400 }),
      symlink('l', 'a'),
      symlink('l', 'b'),
      directory('d', { mode: 0o040500 }),
      directory('d', { mode: 0o040711 }),
    ),
  );
  t.same([over.error, over.warnings, over.files], [null, [], ['d', 'l', 'x']]);
  t.equal(text(over, 'x'), 'new');
  t.equal(lstatSync(join(over.place.target, 'd')).mode & 0o7777, 0o711);
  t.equal(describe(over.place.target)['l']!.split(' ').at(-3), 'b');
  const linked = { inode: 9, links: 2 };
  const twice = await unpacked(
    Buffer.concat([
      archive(evil('sh', { data: 'old' })),
      archive(
        evil('ash', { ...linked, data: '', mode: 0o100555 }),
        evil('sh', { ...linked, data: 'busybox', mode: 0o100555 }),
      ),
      archive(evil('ash', linked), evil('zcat', { ...linked, data: '' })),
    ]),
  );
  t.same(
    [twice.error, twice.warnings],
    [null, []],
    'hard links over what was there, also read-only ones',
  );
  t.same([text(twice, 'ash'), text(twice, 'sh'), text(twice, 'zcat')], ['evil', 'evil', 'evil']);
  t.equal(statSync(join(twice.place.target, 'sh')).nlink, 3);
  const itself = await unpacked(archive(evil('x', linked), evil('x', linked)));
  t.same(
    [itself.files, itself.warnings.length],
    [[], 1],
    'a hard link to itself vanishes in the kernel too',
  );
  const across = await unpacked(
    Buffer.concat([archive(evil('a', linked)), archive(evil('b', { ...linked, data: 'other' }))]),
  );
  t.equal(text(across, 'a'), 'evil', 'the same number in the next archive is another file');
});

t.test(
  'without root, device nodes, fifos and owners go to a table, from which they are packed again',
  async (t) => {
    const dev = { mode: 0o020600, uid: 3, gid: 4, nodeMajor: 5, nodeMinor: 1 };
    const outcome = await unpacked(
      archive(
        directory('dev'),
        member('dev/console', dev),
        member('dev/tty', { ...dev, links: 2, inode: 7 }),
        member('dev/same', { ...dev, links: 2, inode: 7 }),
        member('dev/p', { mode: 0o010622 }),
        member('dev/gone', dev),
        evil('dev/gone'),
        member('a b', dev),
        member('x\n/etc/shadow', dev),
        evil('n\n/dev/console', { uid: 5 }),
        evil('suid', { mode: 0o104755, uid: 7 }),
        symlink('l', 'x', { uid: 8 }),
      ),
    );
    t.same(outcome.place.harmed(), []);
    t.same(outcome.files, ['dev', 'dev/gone', 'l', 'suid']);
    t.same(outcome.table, [
      '/dev/console c 600 3 4 5 1 - - -',
      '/dev/tty c 600 3 4 5 1 - - -',
      '/dev/same c 600 3 4 5 1 - - -',
      '/dev/p p 622 0 0 - - - - -',
      '/dev/gone f 644 0 0 - - - - -',
      '/suid f 4755 7 0 - - - - -',
      '/dev d 755 0 0 - - - - -',
    ]);
    const members = readTree(outcome.place.target);
    applyTable(outcome.table.join('\n'), 'table', members, 0);
    t.match(
      [...members.values()].find(({ name }) => name === 'dev/same'),
      { kind: 'character', mode: 0o600, uid: 3, gid: 4, major: 5, minor: 1 },
    );
    t.match(members.get('suid'), { mode: 0o4755, uid: 7 });
    t.equal(
      outcome.warnings.filter((line) => /a table cannot have its name/.test(line)).length,
      1,
      'a name that would be another line is in no table',
    );
    const over = await unpacked(
      archive(
        member('null', { ...dev, nodeMajor: 1, nodeMinor: 3 }),
        member('null', { ...dev, mode: 0o020666, nodeMajor: 1, nodeMinor: 9 }),
      ),
    );
    t.same(
      over.table,
      ['/null c 666 3 4 1 3 - - -'],
      'a node that is there keeps its numbers, as in the kernel',
    );
  },
);

t.test(
  'root makes device nodes, and sets owners',
  { skip: root ? false : 'needs root' },
  async (t) => {
    const [top, file] = [join(scratch(), 'new'), join(scratch(), 'ramdisk')];
    writeFileSync(
      file,
      archive(
        directory('dev'),
        member('dev/null', { mode: 0o020666, nodeMajor: 1, nodeMinor: 3, gid: 5 }),
        member('dev/p', { mode: 0o010600 }),
        member('dev/s', { mode: 0o140777 }),
        evil('suid', { mode: 0o106755, uid: 7, gid: 8 }),
        symlink('l', 'x', { uid: 9 }),
      ),
    );
    t.equal(mountroot(['ramdisk', 'unpack', file, top]).status, 0);
    t.match(describe(top), {
      'dev/null': /^20666 0:5 .* 259 /,
      'dev/p': /^10600/,
      'dev/s': /^140777/,
      suid: /^106755 7:8/,
      l: /^120777 9:0/,
    });
  },
);

t.test(
  'root of a container, who cannot change owners, keeps owners and nodes in the table',
  {
    skip:
      spawnSync('unshare', ['-Ur', 'true']).status === 0
        ? false
        : 'there are no user namespaces here',
  },
  async (t) => {
    const [top, file, table] = [
      join(scratch(), 'new'),
      join(scratch(), 'ramdisk'),
      join(scratch(), 'table'),
    ];
    writeFileSync(
      file,
      archive(
        directory('dev'),
        member('dev/null', { mode: 0o020666, nodeMajor: 1, nodeMinor: 3 }),
        evil('x', { uid: 7, gid: 8 }),
        evil('y'),
      ),
    );
    const { status, stderr } = mountroot(['ramdisk', 'unpack', file, top, '--table', table], {
      before: ['unshare', '-Ur'],
    });
    t.same([status, stderr], [0, '']);
    t.equal(readFileSync(table, 'utf8'), '/dev/null c 666 0 0 1 3 - - -\n/x f 644 7 8 - - - - -\n');
    t.equal(readFileSync(join(top, 'y'), 'utf8'), 'evil');
  },
);

t.test('directories that every kernel has are made for what is in them', async (t) => {
  const { error, warnings, files } = await unpacked(
    archive(member('dev/initctl', { data: 'x' }), member('./root/.profile'), member('etc/passwd')),
  );
  t.equal(error, null);
  t.same(files, ['dev', 'dev/initctl', 'root', 'root/.profile']);
  t.match(warnings, [/^etc\/passwd: its directory is not in the archive/]);
  const other = await unpacked(archive(member('dev', { data: 'x' }), member('dev/a')));
  t.same(other.files, ['dev'], 'unless the archive puts a file there');
  t.match(other.warnings, [/^dev\/a: its directory is not in/]);
});
