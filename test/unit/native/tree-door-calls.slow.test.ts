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

t.test('files are read as they were listed, as many as one call can hold', async (t) => {
  t.same(got['contents'], {
    read: [
      'before true',
      'be false',
      'before false',
      'ESTALE',
      'ESTALE',
      'ENOENT',
      ' true',
      'ESTALE',
    ],
    large: 0,
    behind: 1,
    none: 0,
    opened: ['nothing', 'nothing', 'nothing', 'ESTALE', 'ESTALE', 'ENOENT', 'nothing', 'ESTALE'],
    path: 'ESTALE',
  });
  t.same(got['marked'], { names: ['folder', 'marked'] });
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
