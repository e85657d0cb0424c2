/** Files that people name, in directories to which others may write too. */
import * as fs from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WholeFile, putWhole } from '../../../src/bundle/whole-file.js';

async function* chunks(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

t.test(
  'a file appears as a whole, for its owner alone, and nothing is left beside it',
  async (t) => {
    const top = t.testdir({ old: 'old' });
    for (const name of ['new', 'old']) {
      await new WholeFile(join(top, name)).putAll(chunks('a', 'b'));
      t.equal(fs.readFileSync(join(top, name), 'utf8'), 'ab');
      t.equal(fs.statSync(join(top, name)).mode & 0o777, 0o600);
      putWhole(join(top, name), Buffer.from('whole'), 0o644);
      t.equal(fs.readFileSync(join(top, name), 'utf8'), 'whole');
      t.equal(fs.statSync(join(top, name)).mode & 0o777, 0o644);
    }
    t.same(fs.readdirSync(top).sort(), ['new', 'old']);
  },
);

t.test('what cannot be replaced is refused before anything is made', async (t) => {
  const top = t.testdir({ folder: {} });
  for (const [path, says] of [
    [join(top, 'folder'), /it is a directory/],
    ['/dev/null', /it is no file/],
    [join(top, 'none', 'file'), /ENOENT/],
    [join(top, 'folder', 'x'.repeat(300)), /ENAMETOOLONG/],
  ] as const)
    t.throws(() => putWhole(path, Buffer.of(1)), {
      message: new RegExp(`^cannot write to ${path.slice(0, 40)}.*${says.source}`),
    });
  t.same(fs.readdirSync(top), ['folder']);
  t.same(fs.readdirSync(join(top, 'folder')), []);
});

t.test('a failing source leaves the old file, and its error is not changed', async (t) => {
  const top = t.testdir({ file: 'old' });
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.from('half');
    throw new TypeError('no more');
  }
  await t.rejects(new WholeFile(join(top, 'file')).putAll(failing()), new TypeError('no more'));
  t.equal(fs.readFileSync(join(top, 'file'), 'utf8'), 'old');
  t.same(fs.readdirSync(top), ['file']);
});

t.test('a symlink is replaced, and nothing is written through one', async (t) => {
  const top = t.testdir({ victim: 'kept' });
  fs.symlinkSync('victim', join(top, 'out'));
  putWhole(join(top, 'out'), Buffer.from('ours'));
  t.equal(fs.readFileSync(join(top, 'victim'), 'utf8'), 'kept');
  t.equal(fs.lstatSync(join(top, 'out')).isFile(), true);
});

t.test(
  'root follows no symlink of others to the directory of a file',
  { skip: process.getuid?.() !== 0 },
  async (t) => {
    const top = t.testdir({ etc: {}, shared: {} });
    fs.chmodSync(join(top, 'shared'), 0o1777);
    const way = join(top, 'shared', 'way');
    fs.symlinkSync('../etc', way);
    putWhole(join(way, 'ours'), Buffer.from('ours'));
    t.same(fs.readdirSync(join(top, 'etc')), ['ours'], "root's own leads on");
    fs.lchownSync(way, 1000, 1000);
    t.throws(() => putWhole(join(way, 'trap'), Buffer.from('ours')), {
      message: /^cannot write to .*way is a symlink that another user may have put there/,
    });
    t.same(fs.readdirSync(join(top, 'etc')), ['ours']);
  },
);

/** Others who may write to the directory do this after the first chunk. */
const meanwhile = async (path: string, act: () => void): Promise<void> => {
  async function* bytes(): AsyncGenerator<Buffer> {
    yield Buffer.from('se');
    act();
    yield Buffer.from('cret');
  }
  await new WholeFile(path).putAll(bytes());
};

const nextIn = (folder: string): string =>
  join(
    folder,
    fs.readdirSync(folder).find((name) => name.startsWith('.mountroot-'))!,
  );

t.test('the name of the unfinished file cannot be foreseen', async (t) => {
  const top = t.testdir({});
  const seen = new Set<string>();
  for (let round = 0; round < 8; round++)
    await meanwhile(join(top, 'out'), () => seen.add(nextIn(top)));
  t.equal(seen.size, 8);
  for (const name of seen) t.match(name, /\/\.mountroot-[0-9a-f]{24}$/);
});

t.test('a file that others put in its place is noticed, and reads nothing of ours', async (t) => {
  const top = t.testdir({ victim: 'kept' });
  for (const trick of [
    (next: string) => fs.symlinkSync('victim', next),
    (next: string) => fs.writeFileSync(next, 'theirs'),
    (next: string) => fs.linkSync(join(top, 'victim'), next),
  ])
    await t.rejects(
      meanwhile(join(top, 'out'), () => {
        const next = nextIn(top);
        fs.rmSync(next);
        trick(next);
      }),
      /somebody else who may write to its directory/,
    );
  t.equal(fs.readFileSync(join(top, 'victim'), 'utf8'), 'kept');
});

t.test('a directory that is exchanged for a symlink leads nowhere else', async (t) => {
  const top = t.testdir({ mine: {}, etc: { out: 'kept' } });
  await meanwhile(join(top, 'mine', 'out'), () => {
    fs.renameSync(join(top, 'mine'), join(top, 'moved'));
    fs.symlinkSync('etc', join(top, 'mine'));
  });
  t.equal(fs.readFileSync(join(top, 'etc', 'out'), 'utf8'), 'kept');
  t.equal(fs.readFileSync(join(top, 'moved', 'out'), 'utf8'), 'secret');
});
