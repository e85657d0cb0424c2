import {
  chmodSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import t from 'tap';
import { reader, removedAlone, writer } from '../../../src/system/files.js';
import { pathOf } from '../../../src/system/names.js';
import { SystemError } from '../../../src/system/system-error.js';

/** The error of a call that must fail. */
function refused(call: () => unknown): SystemError {
  try {
    call();
  } catch (error) {
    if (error instanceof SystemError) return error;
    throw error;
  }
  throw new Error('the call was not refused');
}

t.test('a path describes the file itself, not the target of a symlink', async (t) => {
  const top = t.testdir({
    file: 'x',
    directory: {},
    link: t.fixture('symlink', 'directory'),
    dangling: t.fixture('symlink', 'nowhere'),
  });
  const kinds = Object.fromEntries(
    ['file', 'directory', 'link', 'dangling', 'nothing', 'nothing/below', 'file/below'].map(
      (name) => [name, reader.kind(join(top, name))],
    ),
  );
  t.same(kinds, {
    file: 'file',
    directory: 'directory',
    link: 'symlink',
    dangling: 'symlink',
    nothing: 'missing',
    'nothing/below': 'missing',
    'file/below': 'missing',
  });
  t.equal(reader.kind('/dev/null'), 'character');
});

t.test('bytes are read from the requested offset, and fewer at the end', async (t) => {
  const file = join(t.testdir({ file: 'abcdef' }), 'file');
  const read = (offset: number, length: number): string =>
    Buffer.from(reader.readBytes(file, offset, length)).toString();
  t.equal(read(2, 3), 'cde');
  t.equal(read(4, 10), 'ef');
  t.equal(read(100, 10), '');
});

t.test('bytes are read until there are enough, where read(2) gives fewer', (t) => {
  const [file, length] = ['/proc/self/smaps', 16_384];
  const fd = openSync(file, 'r');
  t.ok(readSync(fd, Buffer.alloc(length), 0, length, 0) < length, 'the kernel gives fewer');
  closeSync(fd);
  t.equal(reader.readBytes(file, 0, length).length, length);
  t.end();
});

t.test("Node's errors become one sentence with the errno's name", async (t) => {
  const top = t.testdir({ file: 'x', full: { x: '' } });
  t.match(
    refused(() => reader.readText(join(top, 'none'))),
    {
      name: 'SystemError',
      errno: 'ENOENT',
      message: `cannot read ${join(top, 'none')}: ENOENT (no such file or directory)`,
    },
  );
  t.match(
    refused(() => reader.readText(top)),
    { errno: 'EISDIR' },
  );
  t.match(
    refused(() => reader.list(join(top, 'file'))),
    { errno: 'ENOTDIR', syscall: 'opendir' },
  );
  t.match(
    refused(() => writer.mkdir(join(top, 'file'), 0o755)),
    { errno: 'EEXIST', path: join(top, 'file') },
  );
  t.match(
    refused(() => writer.rmdir(join(top, 'full'))),
    { errno: 'ENOTEMPTY' },
  );
  t.match(
    refused(() => writer.unlink(join(top, 'none'))),
    { errno: 'ENOENT' },
  );
});

t.test('a file is created only at a free path, not even over a dangling symlink', async (t) => {
  const top = t.testdir({ there: 'kept', link: t.fixture('symlink', 'target') });
  for (const name of ['there', 'link'])
    t.match(
      refused(() => writer.create(join(top, name), 'new', 0o600)),
      { errno: 'EEXIST' },
    );
  writer.create(join(top, 'new'), 'text', 0o600);
  t.equal(readFileSync(join(top, 'new'), 'utf8'), 'text');
  t.equal(lstatSync(join(top, 'new')).mode & 0o777, 0o600);
  t.same(readdirSync(top).sort(), ['link', 'new', 'there']);
  t.equal(readFileSync(join(top, 'there'), 'utf8'), 'kept');
});

t.test('a name is removed alone: a directory with files stays', async (t) => {
  const top = t.testdir({ tree: { file: 'x' }, empty: {}, outside: { kept: 'x' } });
  symlinkSync('outside', join(top, 'link'));
  t.equal(removedAlone(join(top, 'tree')), false);
  for (const name of ['empty', 'link', 'missing', 'tree/file', 'tree'])
    t.equal(removedAlone(join(top, name)), true, name);
  t.same(readdirSync(top), ['outside']);
  t.same(readdirSync(join(top, 'outside')), ['kept']);
});

t.test('a directory gets the mode that it is created with', async (t) => {
  const top = t.testdir({});
  const mask = process.umask(0o022);
  writer.mkdir(join(top, 'made'), 0o755);
  process.umask(mask);
  t.equal(lstatSync(join(top, 'made')).mode & 0o777, 0o755);
  mkdirSync(join(top, 'made', 'below'));
  t.same(reader.list(join(top, 'made')), ['below']);
});

t.test('space is given in bytes, and no more is free than the total', async (t) => {
  const { total, free } = reader.space('/');
  t.ok(total > 2 ** 20 && free >= 0 && free <= total);
});

t.test('a file is replaced completely, and the leftovers of a power cut do no harm', async (t) => {
  const top = t.testdir({
    file: 'old',
    'file.next': 'half',
    outside: 'kept',
    link: t.fixture('symlink', 'outside'),
    'link.next': t.fixture('symlink', 'outside'),
  });
  for (const name of ['file', 'link', 'new']) {
    writer.replace(join(top, name), `${name} ä\n`, 0o640);
    t.equal(readFileSync(join(top, name), 'utf8'), `${name} ä\n`);
    t.equal(lstatSync(join(top, name)).mode & 0o777, 0o640);
    t.equal(reader.kind(join(top, name)), 'file', 'a symlink is replaced, not followed');
  }
  t.equal(readFileSync(join(top, 'outside'), 'utf8'), 'kept');
  t.same(readdirSync(top).sort(), ['file', 'link', 'new', 'outside']);
  writer.replace(relative(process.cwd(), join(top, 'file')), 'relative', 0o600);
  t.equal(readFileSync(join(top, 'file'), 'utf8'), 'relative');
});

t.test('a symlink replaces a file or a symlink, but no directory', async (t) => {
  const top = t.testdir({
    file: 'old',
    link: t.fixture('symlink', 'file'),
    'link.next': '',
    directory: { kept: '' },
  });
  for (const name of ['link', 'file', 'new']) {
    writer.replaceLink('2', join(top, name));
    t.equal(readlinkSync(join(top, name)), '2');
  }
  t.match(
    refused(() => writer.replaceLink('2', join(top, 'directory'))),
    { errno: 'EISDIR', syscall: 'replace', message: /a directory has its name/ },
  );
  t.match(
    refused(() => writer.replace(join(top, 'directory'), 'text', 0o600)),
    { errno: 'EISDIR' },
  );
  t.match(
    refused(() => writer.replace(join(top, 'none', 'file'), 'text', 0o600)),
    { errno: 'ENOENT' },
  );
  t.same(readdirSync(top).sort(), ['directory', 'file', 'link', 'new'], 'nothing is left beside');
});

t.test('a copy has every byte, is made only of a file, and only at a free path', async (t) => {
  const bytes = Buffer.alloc(200_000, 'abcdefg');
  const top = t.testdir({ there: 'kept', empty: '', link: t.fixture('symlink', 'there') });
  writeFileSync(join(top, 'from'), bytes);
  const mask = process.umask(0o022);
  for (const [from, to, mode] of [
    ['from', 'to', 0o700],
    ['empty', 'to-empty', 0o604],
  ] as const) {
    writer.copyFile(join(top, from), join(top, to), mode);
    t.ok(readFileSync(join(top, to)).equals(readFileSync(join(top, from))));
    t.equal(lstatSync(join(top, to)).mode & 0o777, mode);
  }
  process.umask(mask);
  for (const to of ['there', 'link'])
    t.match(
      refused(() => writer.copyFile(join(top, 'from'), join(top, to), 0o600)),
      { errno: 'EEXIST', syscall: 'copy' },
    );
  t.match(
    refused(() => writer.copyFile(join(top, 'link'), join(top, 'of-link'), 0o600)),
    { errno: 'ELOOP' },
  );
  for (const from of [top, '/dev/zero'])
    t.match(
      refused(() => writer.copyFile(from, join(top, 'of-other'), 0o600)),
      { errno: 'EINVAL' },
    );
  t.equal(readFileSync(join(top, 'there'), 'utf8'), 'kept');
  t.same(readdirSync(top).sort(), ['empty', 'from', 'link', 'there', 'to', 'to-empty']);
});

t.test(
  "details are those of the path itself, with times in nanoseconds and the kernel's " +
    'device numbers',
  async (t) => {
    const top = t.testdir({ file: 'four', link: t.fixture('symlink', 'file') });
    chmodSync(join(top, 'file'), 0o2750);
    linkSync(join(top, 'file'), join(top, 'other'));
    const stat = lstatSync(join(top, 'file'), { bigint: true });
    t.same(reader.details(join(top, 'file')), {
      kind: 'file',
      mode: 0o2750,
      uid: Number(stat.uid),
      gid: Number(stat.gid),
      size: 4,
      mtime: stat.mtimeNs,
      ctime: stat.ctimeNs,
      device: Number(stat.dev),
      inode: Number(stat.ino),
      links: 2,
      node: '',
    });
    t.equal(reader.details(join(top, 'other')).inode, Number(stat.ino));
    t.match(reader.details(join(top, 'link')), { kind: 'symlink', size: 4, links: 1 });
    t.match(reader.details('/dev/null'), { kind: 'character', node: '1:3', size: 0 });
    t.match(
      refused(() => reader.details(join(top, 'none'))),
      { errno: 'ENOENT', syscall: 'lstat' },
    );
    t.match(
      refused(() => reader.details(join(top, 'file', 'below'))),
      { errno: 'ENOTDIR' },
    );
  },
);

t.test('a symlink is read, other files are not, and no symlink gets a mode', async (t) => {
  const top = t.testdir({ file: 'x', link: t.fixture('symlink', 'file') });
  t.equal(reader.readLink(join(top, 'link')), 'file');
  t.match(
    refused(() => reader.readLink(join(top, 'file'))),
    { errno: 'EINVAL', syscall: 'readlink' },
  );
  t.match(
    refused(() => writer.setMode(join(top, 'link'), 0o600)),
    { errno: 'EOPNOTSUPP', syscall: 'chmod' },
  );
  writer.setMode(join(top, 'file'), 0o4711);
  t.equal(lstatSync(join(top, 'file')).mode & 0o7777, 0o4711);
});

t.test('names are moved and created as by the system calls of that name', async (t) => {
  const top = t.testdir({ a: 'a', b: 'b', directory: {} });
  const at = (name: string): string => join(top, name);
  writer.rename(at('a'), at('b'));
  writer.link(at('b'), at('c'));
  writer.symlink('nowhere/at all', at('d'));
  t.same(
    [readFileSync(at('b'), 'utf8'), lstatSync(at('c')).nlink, readlinkSync(at('d'))],
    ['a', 2, 'nowhere/at all'],
  );
  t.match(
    refused(() => writer.rename(at('none'), at('b'))),
    {
      errno: 'ENOENT',
      syscall: 'rename',
      message: `cannot rename ${at('none')} to ${at('b')}: ENOENT (no such file or directory)`,
    },
  );
  t.match(
    refused(() => writer.rename(at('b'), at('directory'))),
    { errno: 'EISDIR' },
  );
  t.match(
    refused(() => writer.link(at('b'), at('c'))),
    { errno: 'EEXIST', syscall: 'link' },
  );
  t.match(
    refused(() => writer.symlink('x', at('d'))),
    { errno: 'EEXIST', syscall: 'symlink' },
  );
});

t.test('bytes are written at their place in a device, and their neighbours stay', async (t) => {
  const file = join(t.testdir({ flash: '0123456789' }), 'flash');
  writer.writeFlash(file, 3, Buffer.from('abc'));
  t.equal(readFileSync(file, 'utf8'), '012abc6789');
  t.match(
    refused(() => writer.writeFlash(join(dirname(file), 'none'), 0, Buffer.from('x'))),
    { errno: 'ENOENT', syscall: 'write' },
  );
  t.match(
    refused(() => writer.writeFlash('/dev/full', 0, Buffer.from('x'))),
    { errno: 'ENOSPC' },
  );
});

t.test('a name with a NUL in it is refused as nonexistent', async (t) => {
  for (const call of [
    () => reader.readText('/\0'),
    () => writer.replace('/tmp\0', '', 0o600),
    () => writer.copyFile('/\0', '/\0', 0o600),
    () => writer.symlink('\0', '/nonexistent/link'),
  ])
    t.match(refused(call), { errno: 'EINVAL' });
});

t.test('sleeping takes the given time', async (t) => {
  const begun = process.hrtime.bigint();
  writer.sleep(60);
  t.ok(process.hrtime.bigint() - begun >= 60_000_000n);
});

t.test('a text keeps its bytes, UTF-8 or not', async (t) => {
  const file = join(t.testdir({}), 'file');
  for (const bytes of [Buffer.from('a\xffb\n', 'latin1'), Buffer.from('ä \ufffd €')]) {
    writeFileSync(file, bytes);
    t.same(Buffer.from(pathOf(reader.readText(file))), bytes);
  }
});

t.test('paths that are no UTF-8 can be resolved and measured', async (t) => {
  const top = t.testdir({});
  const odd = `${reader.realPath(top)}/\udcff`;
  writer.mkdir(odd, 0o755);
  t.equal(reader.realPath(`${odd}/../\udcff`), odd);
  t.ok(reader.space(odd).total > 0);
});
