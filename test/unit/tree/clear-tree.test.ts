/** On the real kernel, as root in a mount namespace of its own. */
import t from 'tap';
import { asRootAlone } from '../native/program.js';

const { json: got } = await asRootAlone(t, 'test/fixtures/tree-clear-inside.ts');
const ETC = [
  '/etc',
  '/etc/.hidden',
  '/etc/.hidden/.file',
  '/etc/config',
  '/etc/config/network',
  '/etc/config/wireless',
  '/etc/passwd',
];
const SSH = ['/root', '/root/.ssh', '/root/.ssh/deep', '/root/.ssh/deep/er', '/root/.ssh/key'];

t.test(
  'what is kept stays with all below it and the directories above it, and all else goes, ' +
    'dot-files too',
  async (t) => {
    const left = (...names: string[]): object => ({ names, remaining: [] });
    t.same(got['keeping'], {
      nothing: left(),
      file: left('/etc', '/etc/config', '/etc/config/network', '/sysupgrade.tgz'),
      directory: left(...SSH),
      trailing: left('/etc', '/etc/passwd', ...SSH),
      // The beginning of a name is not the name.
      similar: left('/etc'),
      both: left(...ETC),
      below: left('/etc'),
    });
  },
);

t.test('the directories above what is kept stay as they are', async (t) => {
  t.same(got['parents'], { mode: 0o1711, uid: 12, gid: 34, opaque: 'y' });
});

t.test('a path that cannot be kept is refused before anything is removed', async (t) => {
  const refused = got['refused'] as Record<string, unknown>;
  t.equal(Object.keys(refused).length, 8);
  for (const [keep, outcome] of Object.entries(refused))
    t.same(outcome, ['EINVAL', 'EINVAL', true], JSON.stringify(keep));
});

t.test('symlinks are removed and not followed, and keep nothing behind them', async (t) => {
  t.same(got['symlinks'], { names: ['/kept'], outside: ['/dir', '/dir/precious', '/precious'] });
});

t.test('what is mounted below stays whole and is told of, and all beside it goes', async (t) => {
  const names = [
    '/etc',
    '/etc/config',
    '/etc/config/mnt',
    '/etc/passwd',
    '/mnt',
    '/root',
    '/usr',
    '/usr/a',
    '/usr/a/mnt',
  ];
  t.same(got['mounts'], {
    errno: 'nothing',
    whole: 4,
    names,
    remaining: ['/etc/config', '/mnt', '/root', '/usr'],
    after: ['/etc', '/etc/passwd', '/root'],
    remainingAfter: [],
  });
  t.same(got['direct'], { names: ['/mnt', '/mnt/precious'], remaining: ['/mnt'] });
});

t.test(
  'what is still there is named, dot-directories first, and no more than 20 of it',
  async (t) => {
    t.same(got['telling'], { names: ['/.dot', '/.empty', '/etc/0'], length: 20, gone: 'ENOENT' });
  },
);

t.test(
  'cut off at any call it tells of what remains, and done again it ends the same',
  async (t) => {
    t.same(got['cuts'], { wrong: [], calls: true });
  },
);

t.test('of 200 trees by chance exactly what is named, below it or above it is left', async (t) => {
  t.same(got['chance'], []);
});
