/** The tree door on the real kernel (test/fixtures/tree-door-inside.ts). */
import t from 'tap';
import { asRootAlone } from './program.js';

const { json: got } = await asRootAlone(t, 'test/fixtures/tree-door-inside.ts');

t.test('a large directory is listed in order, with attributes larger than the space', async (t) => {
  const big = [60_000, 60_000, 60_000];
  t.same(got['listing'], { same: true, big, again: 3, missing: null, self: 'directory' });
});

t.test('more changes than one call takes are made, and each has its own result', async (t) => {
  t.same(got['changes'], {
    errors: [null, null, null, 'EINVAL', 'EINVAL', 'EINVAL', null, null],
    links: true,
    fifo: [1, 2, 0o640],
    null: '1:3',
    mtime: '-1500000000',
    gone: false,
    left: [],
  });
});

t.test('a file that got the name of the source meanwhile is not copied', async (t) => {
  t.same(got['stale'], { errors: ['ESTALE', 'ESTALE'], copied: false });
});

t.test('a large file is opened only as the walk gave it', async (t) => {
  t.same(got['large'], {
    opened: ['true nothing', 'true ESTALE', 'true ESTALE', 'true ENOENT', 'true ESTALE'],
  });
});

t.test('a walk gives all of a deep tree, with what small files hold', async (t) => {
  t.same(got['walked'], {
    all: [
      { line: '1 file a-file', said: 6 },
      { line: '151 file bottom', said: 4 },
      { line: '1 file empty', said: 0 },
      { line: '1 fifo fifo' },
      { line: '1 symlink link' },
      { line: '1 file marked', said: 0 },
      { line: '1 file z', said: 3 },
    ],
    folders: 150,
    many: true,
    count: 3000,
    marked: ['marked'],
  });
});

t.test('a walk does not go on in another directory if somebody moves its own', async (t) => {
  t.same(got['moved'], { error: 'ESTALE', secret: false });
});

t.test('no mount, symlink or path is entered, and a bind mount is one too', async (t) => {
  t.match(got['mounts'], {
    bind: 'EXDEV',
    link: /^(ELOOP|ENOTDIR)$/,
    path: 'EINVAL',
    removed: 'EXDEV',
    precious: ['precious'],
    above: 'ESTALE',
  });
});

t.test('after a full file system nothing more is tried, and nothing partial is left', async (t) => {
  t.same(got['full'], { errors: ['ENOSPC', 'ECANCELED'], left: ['scratch'] });
});
