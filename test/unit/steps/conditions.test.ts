import t from 'tap';
import { complaint, type Condition } from '../../../src/steps/conditions.js';
import { dryRun } from '../../../src/system/dry-run.js';
import type { Details, PathKind, Reader } from '../../../src/system/port.js';

const showing = (mountinfo: string, kinds: Record<string, PathKind> = {}): Reader => ({
  ...dryRun(),
  readText: (path) => {
    if (path !== '/mnt/proc/self/mountinfo') throw new Error(`${path} was read`);
    return mountinfo;
  },
  kind: (path) => kinds[path] ?? 'missing',
});
const JFFS2 = '20 10 31:3 / /overlay rw - jffs2 /dev/mtdblock3 rw\n';
const look = (
  condition: Condition,
  mountinfo: string,
  kinds?: Record<string, PathKind>,
): string | null => complaint(condition, showing(mountinfo, kinds), '/mnt/proc');
const mounted = (fstype: string | null, writable: boolean): Condition => ({
  kind: 'mounted',
  path: '/overlay',
  fstype,
  writable,
});

t.test('mountinfo proves a mount, and /proc is found at its present place', async (t) => {
  t.equal(look(mounted('jffs2', true), JFFS2), null);
  t.equal(look(mounted(null, false), JFFS2), null);
  t.equal(
    look(mounted('jffs2', true), ''),
    'the kernel reported success, but nothing is mounted on /overlay',
  );
  t.equal(look(mounted('ext4', true), JFFS2), '/overlay has jffs2 mounted on it instead of ext4');
});

const DETAILS: Details = {
  kind: 'directory',
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: 0n,
  ctime: 0n,
  device: 0,
  inode: 1,
  links: 2,
  node: '',
};

t.test('a directory of another file system than the one above it is a mountpoint', (t) => {
  const onTree = (
    there: Partial<Record<string, { device: number; kind?: PathKind }>>,
    type = 0,
  ): string | null =>
    complaint(
      mounted(null, false),
      {
        ...showing(''),
        space: () => ({ total: 0, free: 0, type }),
        details: (path) => {
          const found = there[path];
          if (found === undefined) throw new Error(`${path} is missing`);
          return { ...DETAILS, ...found };
        },
      },
      '/mnt/proc',
    );
  const nothing = /nothing is mounted on \/overlay/;
  t.equal(onTree({ '/': { device: 1 }, '/overlay': { device: 2 } }), null);
  t.match(onTree({ '/': { device: 1 }, '/overlay': { device: 1 } }), nothing);
  t.match(onTree({ '/': { device: 1 } }), nothing);
  t.match(onTree({ '/': { device: 1 }, '/overlay': { device: 2, kind: 'file' } }), nothing);
  t.match(onTree({ '/': { device: 1, kind: 'symlink' }, '/overlay': { device: 2 } }), nothing);
  const btrfs = 0x9123683e;
  t.match(onTree({ '/': { device: 1 }, '/overlay': { device: 2 } }, btrfs), nothing, 'a subvolume');
  t.end();
});

t.test('a read-only mount or file system fails, but only if writing is required', async (t) => {
  for (const text of [
    JFFS2.replace('/overlay rw', '/overlay noatime,ro'),
    JFFS2.replace(/rw$/m, 'ro,compr=none'),
  ]) {
    t.match(
      look(mounted('jffs2', true), text),
      /mounted jffs2 on \/overlay read-only; the kernel log has the reason/,
    );
    t.equal(look(mounted('jffs2', false), text), null);
  }
  t.equal(
    look(mounted('jffs2', true), JFFS2.replace(/rw$/m, 'rw,errors=remount-ro')),
    null,
    'an option that only contains the letters is not ro',
  );
});

t.test('the visible one of stacked mounts is judged', async (t) => {
  t.equal(look(mounted('tmpfs', true), `${JFFS2}21 20 0:5 / /overlay rw - tmpfs above rw\n`), null);
  t.equal(
    look({ kind: 'not-mounted', path: '/overlay', fstype: 'tmpfs' }, JFFS2),
    null,
    'what was there before may be there after',
  );
  t.equal(
    look({ kind: 'not-mounted', path: '/overlay', fstype: 'jffs2' }, JFFS2),
    '/overlay still has jffs2 /dev/mtdblock3 mounted on it',
  );
  t.equal(look({ kind: 'not-mounted', path: '/overlay', fstype: 'jffs2' }, ''), null);
});

t.test(
  'a tree is private only if nothing in it is shared; a common prefix of names does not count',
  async (t) => {
    const shared = '30 10 0:9 / /srv/data rw shared:4 - tmpfs x rw\n';
    t.equal(
      look({ kind: 'not-shared', path: '/' }, shared),
      '/srv/data is still shared (peer group 4)',
    );
    t.match(look({ kind: 'not-shared', path: '/srv' }, shared), /still shared/);
    t.equal(look({ kind: 'not-shared', path: '/sr' }, shared), null);
    t.equal(
      look({ kind: 'not-shared', path: '/' }, shared.replace(' shared:4', ' master:4')),
      null,
    );
  },
);

t.test('a symlink to a directory is no directory', async (t) => {
  t.equal(look({ kind: 'directory', path: '/a' }, '', { '/a': 'directory' }), null);
  t.equal(
    look({ kind: 'directory', path: '/a' }, '', { '/a': 'symlink' }),
    '/a should be a directory and is a symlink',
  );
  t.equal(look({ kind: 'directory', path: '/a' }, ''), '/a should be a directory and is missing');
  t.equal(
    look({ kind: 'missing', path: '/a' }, '', { '/a': 'file' }),
    '/a should be gone and is a file',
  );
  t.equal(look({ kind: 'missing', path: '/a' }, ''), null);
  t.equal(look({ kind: 'present', path: '/a' }, '', { '/a': 'file' }), null);
  t.equal(look({ kind: 'present', path: '/a' }, ''), '/a should be there and is missing');
  t.equal(look({ kind: 'nothing' }, ''), null);
});
