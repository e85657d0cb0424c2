import { lstatSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { reader, writer } from '../../../src/system/files.js';
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

t.test('a path is what it is itself, not what a symlink points to', async (t) => {
  const top = t.testdir({ file: 'x', directory: {}, link: t.fixture('symlink', 'directory'), dangling: t.fixture('symlink', 'nowhere') });
  const kinds = Object.fromEntries(['file', 'directory', 'link', 'dangling', 'nothing', 'nothing/below', 'file/below'].map((name) => [name, reader.kind(join(top, name))]));
  t.same(kinds, { file: 'file', directory: 'directory', link: 'symlink', dangling: 'symlink', nothing: 'missing', 'nothing/below': 'missing', 'file/below': 'missing' });
  t.equal(reader.kind('/dev/null'), 'character');
});

t.test('bytes are read from where they are asked for, and fewer at the end', async (t) => {
  const file = join(t.testdir({ file: 'abcdef' }), 'file');
  const read = (offset: number, length: number): string => Buffer.from(reader.readBytes(file, offset, length)).toString();
  t.equal(read(2, 3), 'cde');
  t.equal(read(4, 10), 'ef');
  t.equal(read(100, 10), '');
});

t.test('what Node refuses comes as one sentence with the errno\'s name', async (t) => {
  const top = t.testdir({ file: 'x', full: { x: '' } });
  t.match(refused(() => reader.readText(join(top, 'none'))), { name: 'SystemError', errno: 'ENOENT', message: `cannot read ${join(top, 'none')}: ENOENT (no such file or directory)` });
  t.match(refused(() => reader.readText(top)), { errno: 'EISDIR' });
  t.match(refused(() => reader.list(join(top, 'file'))), { errno: 'ENOTDIR', syscall: 'opendir' });
  t.match(refused(() => writer.mkdir(join(top, 'file'), 0o755)), { errno: 'EEXIST', path: join(top, 'file') });
  t.match(refused(() => writer.rmdir(join(top, 'full'))), { errno: 'ENOTEMPTY' });
  t.match(refused(() => writer.unlink(join(top, 'none'))), { errno: 'ENOENT' });
});

t.test('a file is created only where nothing is, not even a symlink to nowhere', async (t) => {
  const top = t.testdir({ there: 'kept', link: t.fixture('symlink', 'target') });
  for (const name of ['there', 'link']) t.match(refused(() => writer.create(join(top, name), 'new', 0o600)), { errno: 'EEXIST' });
  writer.create(join(top, 'new'), 'text', 0o600);
  t.equal(readFileSync(join(top, 'new'), 'utf8'), 'text');
  t.equal(lstatSync(join(top, 'new')).mode & 0o777, 0o600);
  t.same(readdirSync(top).sort(), ['link', 'new', 'there']);
  t.equal(readFileSync(join(top, 'there'), 'utf8'), 'kept');
});

t.test('a tree is removed with what begins with a dot, symlinks are not followed, and a missing one is no error', async (t) => {
  const top = t.testdir({ tree: { '.hidden': { deep: 'x' }, a: { b: { c: 'x' } } }, outside: { kept: 'x' } });
  symlinkSync('../outside', join(top, 'tree', 'link'));
  writer.removeTree(join(top, 'tree'));
  t.same(readdirSync(top), ['outside']);
  t.same(readdirSync(join(top, 'outside')), ['kept']);
  t.doesNotThrow(() => writer.removeTree(join(top, 'tree')));
  writeFileSync(join(top, 'file'), '');
  symlinkSync('outside', join(top, 'link'));
  for (const name of ['file', 'link']) writer.removeTree(join(top, name));
  t.same(readdirSync(top), ['outside'], 'a file or a symlink is a tree of one');
});

t.test('a directory gets the mode it is made with', async (t) => {
  const top = t.testdir({});
  const mask = process.umask(0o022);
  writer.mkdir(join(top, 'made'), 0o755);
  process.umask(mask);
  t.equal(lstatSync(join(top, 'made')).mode & 0o777, 0o755);
  mkdirSync(join(top, 'made', 'below'));
  t.same(reader.list(join(top, 'made')), ['below']);
});

t.test('space is told in bytes, and no more is free than there is', async (t) => {
  const { total, free } = reader.space('/');
  t.ok(total > 2 ** 20 && free >= 0 && free <= total);
});
