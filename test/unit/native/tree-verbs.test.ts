import t from 'tap';
import { asRootAlone } from './program.js';

const { json: got } = await asRootAlone(t, 'test/unit/native/tree-verbs.ts');

t.test('nodes get their type, mode and both halves of their number', async (t) => {
  t.same(got['nodes'], {
    whiteout: { kind: 'character', mode: 0, node: '0:0' },
    block: { kind: 'block', mode: 0o600, node: '259:70000' },
    fifo: { kind: 'fifo', mode: 0o644, node: '' },
    socket: { kind: 'socket', mode: 0o600, node: '' },
    again: 'EEXIST',
    without: 'EINVAL',
    copied: 'EINVAL',
  });
});

t.test(
  'owner, mode and time are set exactly, before 1970, after 2038, and on symlinks',
  async (t) => {
    t.same(got['properties'], {
      file: {
        kind: 'file',
        mode: '6755',
        owner: '1000:1001',
        node: '',
        links: 2,
        mtime: '1700000000123456789',
        size: 4,
      },
      link: {
        kind: 'symlink',
        mode: '777',
        owner: '7:8',
        node: '',
        links: 1,
        mtime: '5000000000000000001',
        size: 4,
      },
      mode: 'EOPNOTSUPP',
      early: '-1',
      same: true,
    });
  },
);

t.test(
  'extended attributes come back byte by byte; a file system without them has none',
  async (t) => {
    t.same(got['attributes'], {
      long: true,
      empty: 0,
      bytes: '00ff00',
      many: 100,
      link: 'link',
      none: 0,
      refused: 'EOPNOTSUPP',
    });
  },
);

t.test('a rename leaves a whiteout if the file system can, and is refused otherwise', async (t) => {
  t.same(got['whiteouts'], {
    from: { kind: 'character', node: '0:0' },
    to: 'moved',
    lacking: 'EINVAL',
  });
});

t.test(
  'on a full or read-only file system the old file stays, and no partial file is left',
  async (t) => {
    t.same(got['full'], {
      replaced: 'ENOSPC',
      copied: 'ENOSPC',
      left: ['kept'],
      readOnly: ['EROFS', 'EROFS', 'EROFS'],
      kept: 'old',
    });
  },
);

t.test('a lock excludes all others until this process ends, and follows no symlink', async (t) => {
  t.same(got['locks'], {
    first: true,
    again: false,
    other: 'did not get it',
    mode: { mode: 0o600 },
    link: 'ELOOP',
    nowhere: 'missing',
    lax: [true, 0o600],
    foreign: ['EPERM', 'EPERM', 'EPERM', 'EPERM'],
  });
});

t.test('a busy mount can be detached but not unmounted, and open files stay usable', async (t) => {
  t.same(got['detaching'], { busy: 'EBUSY', synced: 'done', gone: [], held: 'moved' });
});

t.test('sleep sleeps', async (t) => {
  t.ok((got['slept'] as number) >= 120);
});
